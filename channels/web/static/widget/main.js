import { Api } from "./api.js";
import { readableAccent } from "./accent.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { h, icon } from "./dom.js";
import { Header } from "./header.js";
import { Log } from "./log.js";
import { becomeKnown, isKnown, keep, meet, recall } from "./storage.js";
import { Store } from "./store.js";

const script = document.currentScript;
const phone = matchMedia("(max-width: 599.98px)");

class FirstlineChat extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const { desk = "customers", accent, langDir, identity } = script.dataset;
    const base = new URL(script.src).origin;
    this.api = new Api(base, desk);
    if (identity !== undefined) meet(identity);
    this.api.identity = identity;
    this.store = new Store(this.api, desk);
    this.connection = new Connection(this.api, this.store);
    if (langDir) this.dir = langDir;
    this.paint(accent);
    this.build(base);
    this.listen();
    this.store.draw = () => this.draw();
    this.fetchConfig(accent);
    if (isKnown()) this.connection.start();
    this.show(recall(this.store.key("open")) === "yes");
    this.store.outbox.flush();
  }

  /** The site says who is here now, by a signed token; null when they have signed out. */
  identify(token) {
    if (meet(token)) {
      this.store.forget();
      this.composer.write("");
    }
    this.api.identity = token;
    if (!isKnown()) return;
    this.connection.start();
    this.connection.restart();
  }

  build(base) {
    const act = {
      say: (text, payload) => this.say(text, payload),
      retry: (id) => this.store.outbox.retry(id),
      discard: (id) => this.store.outbox.drop(id),
      close: () => this.close(),
      typing: () => this.store.hasPerson() && this.api.typing().catch(() => {}),
    };
    this.header = new Header(this.store, act);
    this.log = new Log(this.store, act, base);
    this.composer = new Composer(this.store.key("draft"), act);
    this.badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
    this.launcher = h("button", { class: "launcher", type: "button" }, icon("message-circle"), icon("chevron-down"), this.badge);
    this.panel = h(
      "section",
      { class: "panel", role: "dialog", "aria-labelledby": "title", tabindex: "-1", hidden: true },
      this.header.node,
      this.log.node,
      this.composer.node,
    );
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS_TEXT);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this.panel, this.launcher);
  }

  listen() {
    this.launcher.addEventListener("click", () => (this.isOpen() ? this.close() : this.open()));
    this.panel.addEventListener("keydown", (event) => this.pressed(event));
    // The page's own shortcuts must not fire while someone writes to us.
    for (const kind of ["keydown", "keypress", "keyup"])
      this.shadowRoot.addEventListener(kind, (event) => event.stopPropagation());
    const backAgain = () => {
      this.connection.nudge();
      this.store.outbox.nudge();
      this.store.changed();
    };
    addEventListener("online", backAgain);
    addEventListener("offline", () => this.store.changed());
    document.addEventListener("visibilitychange", () => document.hidden || backAgain());
    addEventListener("storage", (event) => this.heardFromOtherTab(event.key));
    document.addEventListener("click", (event) => this.asked(event));
    phone.addEventListener("change", () => this.fitScreen());
    visualViewport?.addEventListener("resize", () => this.fitScreen());
  }

  async fetchConfig(accent) {
    try {
      const config = await this.api.config();
      this.paint(accent ?? config.accent);
      this.store.takeConfig(config);
    } catch {
      setTimeout(() => this.fetchConfig(accent), 15_000);
    }
  }

  paint(accent) {
    const colour = readableAccent(accent);
    if (colour) this.style.setProperty("--accent", colour);
  }

  draw() {
    if (this.isOpen() && !document.hidden) this.store.markSeen();
    const unread = this.store.unread();
    this.badge.hidden = unread === 0 || this.isOpen();
    this.badge.textContent = unread > 99 ? "99+" : unread;
    const label = unread && !this.isOpen() ? `Open chat, ${unread} unread` : "Open chat";
    this.launcher.setAttribute("aria-label", this.isOpen() ? "Close chat" : label);
    this.launcher.setAttribute("aria-expanded", this.isOpen());
    if (!this.isOpen()) return;
    this.header.draw();
    this.log.draw();
  }

  isOpen() {
    return !this.panel.hidden;
  }

  open() {
    becomeKnown();
    this.connection.start();
    keep(this.store.key("open"), "yes");
    this.show(true);
    this.focusInside();
  }

  close() {
    keep(this.store.key("open"), "no");
    this.show(false);
    this.launcher.focus({ preventScroll: true });
  }

  show(isOpen) {
    this.panel.hidden = !isOpen;
    this.fitScreen();
    this.draw();
    if (!isOpen) return;
    this.composer.fit();
    this.log.toEnd();
  }

  /** On phones the panel is the screen: what the keyboard leaves of it, and the page behind holds still. */
  fitScreen() {
    const full = this.isOpen() && phone.matches;
    this.panel.setAttribute("aria-modal", full);
    if (full !== this.classList.contains("full")) this.holdPage(full);
    this.classList.toggle("full", full);
    this.style.setProperty("--screen", full && visualViewport ? `${visualViewport.height}px` : "100dvh");
  }

  holdPage(isHeld) {
    const { style } = document.documentElement;
    if (isHeld) this.pageOverflow = style.overflow;
    style.overflow = isHeld ? "hidden" : this.pageOverflow;
  }

  say(text, payload) {
    becomeKnown();
    this.connection.start();
    this.store.say(text, payload);
    if (this.shadowRoot.activeElement !== this.composer.input) this.focusInside();
  }

  /** Not into the field on phones, where that would raise the keyboard unasked. */
  focusInside() {
    (phone.matches ? this.panel : this.composer.input).focus({ preventScroll: true });
  }

  pressed(event) {
    if (event.key === "Escape" && !event.isComposing) this.close();
    if (event.key === "Tab" && phone.matches) this.keepFocusInside(event);
  }

  keepFocusInside(event) {
    const all = [...this.panel.querySelectorAll("a[href], button, textarea, [tabindex='0']")];
    const usable = all.filter((node) => !node.disabled && node.checkVisibility());
    const [first, last] = [usable[0], usable.at(-1)];
    const focused = this.shadowRoot.activeElement;
    const wrap = event.shiftKey ? focused === first || focused === this.panel : focused === last;
    if (!wrap) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }

  /** Anything on the page with data-firstline-open opens the chat; its value becomes the draft. */
  asked(event) {
    const asker = event.target.closest?.("[data-firstline-open]");
    if (!asker) return;
    event.preventDefault();
    this.open();
    const words = asker.dataset.firstlineOpen;
    if (words && !this.composer.input.value) this.composer.write(words);
  }

  heardFromOtherTab(key) {
    if (key === "firstline-visitor") {
      this.store.forget();
      this.connection.start();
      this.connection.restart();
    }
    if (key?.startsWith("firstline-")) this.store.changed();
  }
}

if (!customElements.get("firstline-chat")) {
  customElements.define("firstline-chat", FirstlineChat);
  window.Firstline = {
    identify(token) {
      const chat = document.querySelector("firstline-chat");
      if (chat) chat.identify(token);
      else script.dataset.identity = token ?? "";
    },
  };
  const place = () => document.body.append(document.createElement("firstline-chat"));
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
}
