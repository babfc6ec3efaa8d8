import { absolute, h, hidden, icon, initials, linked, safeHtml, timeOf } from "./dom.js";

/** One line of the conversation. The words are drawn once; what surrounds them may change. */
export class Line {
  constructor(act, base) {
    this.act = act;
    this.base = base;
    this.buttons = h("div", { class: "buttons" });
    this.meta = h("div", { class: "meta" });
    this.words = h("div", { class: "words" });
    this.node = h("div", {}, this.words, this.buttons, this.meta);
  }

  update(line, { first, last, active }) {
    this.node.className = `line ${line.author}${first ? " first" : ""}${last ? " last" : ""}`;
    this.redraw(this.words, [line.author, line.name, line.text, line.html, line.image, line.sources, line.files], () =>
      this.drawWords(line),
    );
    this.redraw(this.buttons, active ? line.buttons : [], () => this.drawButtons(line, active));
    this.line = line;
    this.tick();
  }

  tick() {
    const { line } = this;
    const shown = line.waiting ? null : timeOf(line.at);
    const way = line.author === "customer" && line.way ? h("i", {}, line.way) : "";
    const facts = [line.waiting, line.trouble, shown?.textContent, line.way, line.fate];
    this.redraw(this.meta, facts, () =>
      line.waiting ? this.drawStatus(line) : [shown, way, line.fate ?? ""],
    );
  }

  redraw(node, facts, draw) {
    const signature = JSON.stringify(facts);
    if (node.signature === signature) return;
    node.signature = signature;
    node.replaceChildren(...draw());
  }

  drawWords(line) {
    if (line.author === "system") return [h("p", { dir: "auto" }, line.text)];
    return [drawAuthor(line), this.drawBubble(line), this.drawSources(line.sources ?? [])];
  }

  drawBubble({ author, text, html, image, files = [] }) {
    const picture = image ? this.drawPicture(image) : "";
    if (author === "bot" && html)
      return h("div", { class: "bubble rich", dir: "auto" }, safeHtml(html, this.base), picture);
    const said = [text, ...files.map((name) => `File: ${name}`)].filter(Boolean).join("\n");
    const words = author === "customer" ? [said] : linked(said);
    return h("div", { class: "bubble", dir: "auto" }, ...words, said && image ? h("br") : "", picture);
  }

  /** A link: the page that we are on need not let pictures of other sites in. */
  drawPicture(address) {
    const href = absolute(address, this.base);
    return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, "Picture", hidden(" (opens in a new tab)"));
  }

  drawSources(sources) {
    return h("div", { class: "sources" }, ...sources.map((source) => this.drawSource(source)));
  }

  drawSource({ title, heading, url }) {
    return h(
      "a",
      { href: absolute(url ?? "", this.base), target: "_blank", rel: "noopener" },
      icon("book-open"),
      h("span", { dir: "auto" }, h("b", {}, title), heading && heading !== title ? h("small", {}, heading) : ""),
      hidden("(opens in a new tab)"),
    );
  }

  drawButtons({ buttons }, active) {
    if (!active) return [];
    return (buttons ?? []).map(({ title, payload }) =>
      h("button", { type: "button", onclick: () => this.act.say(title, payload) }, title),
    );
  }

  drawStatus({ id, trouble, refused }) {
    if (!trouble) return ["Sending…"];
    const button = (label, action) => h("button", { type: "button", onclick: action }, label);
    return [
      h("span", { class: "trouble" }, icon("circle-alert"), refused ? `Not sent. ${trouble}` : trouble),
      button("Try again", () => this.act.retry(id)),
      refused ? button("Delete", () => this.act.discard(id)) : "",
    ];
  }
}

function drawAuthor({ author, name }) {
  if (author === "customer") return hidden("You:");
  if (author === "bot") return h("div", { class: "who" }, icon("bot"), h("span", { class: "tag" }, "Bot"));
  return h("div", { class: "who" }, h("span", { class: "face", "aria-hidden": "true" }, initials(name ?? "")), name ?? "");
}
