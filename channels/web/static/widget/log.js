import { h, hidden, icon } from "./dom.js";
import { Line } from "./line.js";

const GROUP_MS = 5 * 60_000;
const NEAR_END_PX = 80;

/** The conversation: lines are added, kept and moved, never drawn anew, so that a screen reader hears each once. */
export class Log {
  items = new Map();
  following = true;

  constructor(store, act, base) {
    this.store = store;
    this.act = act;
    this.base = base;
    this.welcome = h("div", { class: "welcome" });
    this.typing = h("div", { class: "typing", "aria-hidden": "true", hidden: true }, h("i"), h("i"), h("i"));
    this.log = h(
      "div",
      { class: "log", role: "log", "aria-live": "polite", "aria-label": "Conversation", tabindex: "0" },
      this.welcome,
      this.typing,
    );
    this.newer = h("button", { class: "newer", type: "button", hidden: true }, icon("arrow-down"), "New messages");
    this.newer.addEventListener("click", () => this.toEnd());
    this.log.addEventListener("scroll", () => this.scrolled());
    // When the composer grows or a banner appears, who was at the end stays at the end.
    new ResizeObserver(() => this.following && this.toEnd()).observe(this.log);
    this.node = h("div", { class: "log-frame" }, this.log, this.newer);
    setInterval(() => this.items.forEach((item) => item.tick()), 30_000);
  }

  draw() {
    const lines = this.store.lines();
    this.drawWelcome(lines.length === 0);
    const added = this.drawLines(lines);
    this.typing.hidden = !this.store.typing;
    if (this.following || (added && lines.at(-1).waiting)) this.toEnd();
    else if (added) this.newer.hidden = false;
  }

  drawLines(lines) {
    const keys = lines.map((line) => line.client_id ?? line.id);
    this.dropAllBut(new Set(keys));
    let added = false;
    let before = this.welcome;
    lines.forEach((line, index) => {
      added ||= !this.items.has(keys[index]);
      const item = this.itemFor(keys[index]);
      item.update(line, this.placeOf(lines, index));
      if (before.nextSibling !== item.node) before.after(item.node);
      before = item.node;
    });
    return added;
  }

  itemFor(key) {
    if (!this.items.has(key)) this.items.set(key, new Line(this.act, this.base));
    return this.items.get(key);
  }

  dropAllBut(keys) {
    for (const [key, { node }] of this.items) {
      if (keys.has(key)) continue;
      node.remove();
      this.items.delete(key);
    }
  }

  placeOf(lines, index) {
    const line = lines[index];
    const laterWord = lines.slice(index + 1).some(({ author }) => author !== "system");
    return {
      first: !areTogether(lines[index - 1], line),
      last: !areTogether(line, lines[index + 1]),
      active: line.author === "bot" && !laterWord,
    };
  }

  /** Until there is a line, the greeting and what one might ask; before that, its outline. */
  drawWelcome(isEmpty) {
    const { config, loaded } = this.store;
    const stage = config ? (isEmpty && loaded ? "suggesting" : "greeting") : "waiting";
    if (this.stage === stage) return;
    this.stage = stage;
    if (stage === "waiting") this.welcome.replaceChildren(h("div", { class: "outline" }, hidden("Loading")));
    else this.welcome.replaceChildren(...this.drawGreeting(config, stage === "suggesting"));
  }

  drawGreeting({ greeting, hours, suggestions }, isSuggesting) {
    const words = new Line(this.act, this.base);
    const buttons = isSuggesting ? suggestions.map((title) => ({ title, payload: null })) : [];
    const parts = words.drawWords({ author: "bot", text: greeting });
    words.words.replaceChildren(...parts);
    words.buttons.replaceChildren(...words.drawButtons({ buttons }, true));
    words.node.className = "line bot first last";
    words.meta.append(hours ? `People are here ${hours}.` : "");
    return [words.node];
  }

  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    this.following = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (this.following) this.newer.hidden = true;
  }

  toEnd() {
    this.following = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.newer.hidden = true;
  }
}

function areTogether(line, next) {
  return (
    !!line &&
    !!next &&
    line.author === next.author &&
    line.name === next.name &&
    (line.way ?? null) === (next.way ?? null) &&
    new Date(next.at) - new Date(line.at) < GROUP_MS
  );
}
