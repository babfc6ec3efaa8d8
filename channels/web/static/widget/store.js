import { Outbox } from "./outbox.js";
import { keep, newId, recall } from "./storage.js";

const TYPING_LASTS_MS = { bot: 30_000, agent: 10_000 };

/** Ids are "conversation-line": both parts count up. */
export function compareIds(one, other) {
  const [conversation, line] = one.split("-").map(Number);
  const [otherConversation, otherLine] = other.split("-").map(Number);
  return conversation - otherConversation || line - otherLine;
}

/** What an edit or a deletion makes of the line that it changes. */
function changeOf({ kind, text }) {
  return kind === "edit" ? { text, fate: "edited" } : { text: "Message deleted", files: [] };
}

/** All that the widget knows, and one listener that draws it. */
export class Store {
  config = null;
  conversation = null;
  loaded = false;
  reachable = true;
  typing = null;
  cursor = null;
  messages = new Map();

  constructor(api, desk) {
    this.api = api;
    this.key = (name) => `firstline-${name}:${desk}`;
    this.outbox = new Outbox(api, this.key("outbox"), this);
  }

  say(text, payload = null) {
    if (!this.hasPerson()) this.setTyping({ who: "bot", name: null, on: true });
    this.outbox.add({ id: newId(), text, payload, at: new Date().toISOString() });
  }

  hasPerson() {
    return ["queued", "open"].includes(this.conversation?.state);
  }

  takeConfig(config) {
    this.config = config;
    this.changed();
  }

  takeHistory({ conversation, messages, cursor }) {
    messages.forEach((message) => this.put(message));
    this.cursor = cursor;
    this.conversation = conversation;
    this.loaded = true;
    this.changed();
  }

  hear(kind, data) {
    if (kind === "message") this.hearMessage(data);
    if (kind === "state") this.conversation = data;
    if (kind === "typing") this.setTyping(data);
    this.changed();
  }

  hearMessage(message) {
    if (!this.cursor || compareIds(message.id, this.cursor) > 0) this.cursor = message.id;
    if (message.author !== "customer") this.setTyping(null);
    this.put(message);
  }

  put(message) {
    const changed = this.messages.get(message.changes);
    if (changed) Object.assign(changed, changeOf(message));
    else if (message.kind !== "deletion") this.messages.set(message.id, message);
    if (message.client_id) this.outbox.drop(message.client_id);
  }

  sent({ id: clientId, text, at }, id) {
    if (this.messages.has(id)) return;
    this.messages.set(id, { id, client_id: clientId, author: "customer", text, at });
  }

  setTyping(typing) {
    clearTimeout(this.typingTimer);
    this.typing = typing?.on ? typing : null;
    if (this.typing)
      this.typingTimer = setTimeout(() => this.setTyping(null), TYPING_LASTS_MS[typing.who]);
    this.changed();
  }

  setReachable(reachable) {
    this.reachable = reachable;
    this.changed();
  }

  lines() {
    const stored = this.stored();
    const known = new Set(stored.map((message) => message.client_id));
    const waiting = this.outbox.lines
      .filter(({ id }) => !known.has(id))
      .map((line) => ({ ...line, client_id: line.id, author: "customer", waiting: true }));
    return [...stored, ...waiting];
  }

  stored() {
    return [...this.messages.values()].sort((one, other) => compareIds(one.id, other.id));
  }

  unread() {
    const seen = recall(this.key("seen")) ?? "0-0";
    return this.stored().filter(
      ({ id, author }) => ["bot", "agent"].includes(author) && compareIds(id, seen) > 0,
    ).length;
  }

  markSeen() {
    const last = this.stored().at(-1);
    if (!last || !this.unread()) return;
    keep(this.key("seen"), last.id);
    this.api.seen(last.id).catch(() => {}); // at worst an e-mail says it again
  }

  forget() {
    this.messages.clear();
    this.conversation = this.cursor = null;
    this.loaded = false;
    this.changed();
  }

  /** Many changes in one go are drawn once. */
  changed() {
    if (this.due) return;
    this.due = true;
    queueMicrotask(() => {
      this.due = false;
      this.draw?.();
    });
  }
}
