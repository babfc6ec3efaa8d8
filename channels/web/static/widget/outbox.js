import { Backoff } from "./backoff.js";
import { keep, recallJson } from "./storage.js";

/** Lines not yet stored by the server, in order, in localStorage: they outlive the page. */
export class Outbox {
  backoff = new Backoff();
  busy = false;

  constructor(api, key, store) {
    this.api = api;
    this.key = key;
    this.store = store;
  }

  get lines() {
    return recallJson(this.key, []);
  }

  add(line) {
    this.save([...this.lines, line]);
    this.flush();
  }

  drop(id) {
    if (this.lines.some((line) => line.id === id))
      this.save(this.lines.filter((line) => line.id !== id));
  }

  retry(id) {
    this.change(id, { refused: false, trouble: null });
    this.nudge();
  }

  nudge() {
    this.backoff.nudge();
    this.flush();
  }

  async flush() {
    if (this.busy) return;
    this.busy = true;
    for (let line; (line = this.lines.find(({ refused }) => !refused)); ) {
      if (await this.deliver(line)) this.backoff.reset();
      else await this.backoff.wait();
    }
    this.busy = false;
  }

  /** A line that waits holds back those after it; a line that was refused does not. */
  async deliver(line) {
    try {
      const { id } = await this.api.send(line);
      this.store.sent(line, id);
      this.drop(line.id);
      return true;
    } catch (error) {
      const refused = error.final === true;
      const detail = error.final === undefined ? "" : error.message;
      this.change(line.id, { refused, trouble: detail || "Not sent yet." });
      this.store.setTyping(null);
      return refused;
    }
  }

  change(id, changes) {
    this.save(this.lines.map((line) => (line.id === id ? { ...line, ...changes } : line)));
  }

  save(lines) {
    keep(this.key, JSON.stringify(lines));
    this.store.changed();
  }
}
