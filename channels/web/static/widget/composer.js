import { h, icon } from "./dom.js";
import { keep, recall } from "./storage.js";

const LONGEST = 4000;
const COUNT_FROM = 3600;
const TYPING_EVERY_MS = 3000;

// A phone's keyboard stays up while one sends line after line.
const keepFocus = (event) => event.preventDefault();

/** Where one writes. The draft is kept until it is sent. */
export class Composer {
  constructor(draftKey, { say, typing }) {
    this.draftKey = draftKey;
    this.typing = typing;
    this.input = h("textarea", { id: "message", rows: "1", dir: "auto", placeholder: "Write a message", "aria-describedby": "count", enterkeyhint: "send" });
    this.count = h("p", { id: "count", class: "count", role: "status" });
    this.button = h("button", { class: "send", type: "submit", "aria-label": "Send", onmousedown: keepFocus }, icon("send-horizontal"));
    this.node = h("form", { class: "composer" }, h("label", { for: "message", class: "sr" }, "Your message"), this.input, this.button, this.count);
    this.say = say;
    this.node.addEventListener("submit", (event) => this.submit(event));
    this.input.addEventListener("input", () => this.written());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.submit(event);
    });
    this.input.value = recall(draftKey) ?? "";
  }

  submit(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text || this.length() > LONGEST) return;
    this.write("");
    this.toldAt = 0; // the line ends the sign; the next one begins it anew
    this.say(text);
  }

  write(text) {
    this.input.value = text;
    this.fit();
    keep(this.draftKey, text);
  }

  written() {
    this.fit();
    keep(this.draftKey, this.input.value);
    if (Date.now() - (this.toldAt ?? 0) < TYPING_EVERY_MS) return;
    this.toldAt = Date.now();
    this.typing();
  }

  fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight + 2}px`;
    const left = LONGEST - this.length();
    this.node.classList.toggle("too-long", left < 0);
    this.count.textContent =
      left > LONGEST - COUNT_FROM ? "" : left < 0 ? `${-left} characters too many` : `${left} characters left`;
    this.button.disabled = left < 0 || !this.input.value.trim();
  }

  /** In characters as the server counts them, not in UTF-16 halves. */
  length() {
    return [...this.input.value.trim()].length;
  }
}
