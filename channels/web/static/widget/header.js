import { h, icon, initials } from "./dom.js";

const OFFLINE = "You’re offline. What you write is kept and sent when you’re back.";
const UNREACHABLE = "We can’t be reached just now. Trying again…";

const WHO = { bot: "Bot at once, people on request", queued: "A person will answer you here" };

/** Who one talks to, the way to a person, and whether the line is up. */
export class Header {
  constructor(store, act) {
    this.store = store;
    this.face = h("span", { class: "face", "aria-hidden": "true" });
    this.name = h("h2", { id: "title" });
    this.who = h("p", { class: "presence", role: "status" });
    const close = h("button", { class: "close", type: "button", "aria-label": "Close chat", onclick: act.close }, icon("x"));
    this.person = h("button", { class: "person", type: "button" }, icon("user-round"), "Talk to a person");
    this.person.addEventListener("click", () => this.askForPerson(act));
    this.strip = h("p", { class: "strip", role: "status" });
    this.banner = h("p", { class: "banner", role: "status" });
    this.node = h(
      "div",
      { class: "head" },
      h("div", { class: "title" }, this.face, h("div", {}, this.name, this.who), close),
      this.person,
      this.strip,
      this.banner,
    );
  }

  askForPerson(act) {
    this.person.disabled = true;
    setTimeout(() => (this.person.disabled = false), 5_000);
    act.say("Talk to a person", "/talk_to_human");
  }

  draw() {
    const { conversation, config } = this.store;
    const agent = conversation?.state === "open" ? (conversation.agent?.name ?? "A person") : null;
    const name = config?.name ?? "Chat";
    this.name.textContent = name;
    this.face.textContent = initials(agent ?? name);
    this.node.classList.toggle("with-agent", agent !== null);
    setText(this.who, agent ? `${agent} is here` : WHO[conversation?.state] ?? WHO.bot);
    this.person.hidden = this.store.hasPerson();
    setText(this.strip, stripText(conversation));
    setText(this.banner, !navigator.onLine ? OFFLINE : this.store.reachable ? "" : UNREACHABLE);
  }
}

function stripText(conversation) {
  if (conversation?.state === "resolved")
    return "Conversation closed. Your next message begins a new one.";
  if (conversation?.state !== "queued") return "";
  const place = conversation.position ? `place ${conversation.position}` : null;
  return ["Waiting for a person", place, conversation.ticket].filter(Boolean).join(" · ");
}

// Setting the same words again would make screen readers say them again.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
}
