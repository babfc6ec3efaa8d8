import { Refused } from "./api.js";
import { Backoff } from "./backoff.js";

const STALE_MS = 20_000;

/** Keeps the store fed: what is there, then what happens, from the cursor on after every break. */
export class Connection {
  backoff = new Backoff();
  failures = 0;
  started = false;

  constructor(api, store) {
    this.api = api;
    this.store = store;
  }

  start() {
    if (this.started) return;
    this.started = true;
    this.run();
  }

  /** Now is a good moment: the network is back, the tab is looked at, or someone asks. */
  nudge() {
    if (Date.now() - this.api.heardAt > STALE_MS) this.attempt?.abort();
    this.backoff.nudge();
  }

  async run() {
    for (;;) {
      this.attempt = new AbortController();
      await this.listen().catch((error) => this.fail(error));
      this.store.setReachable(this.failures < 2);
      await this.backoff.wait();
    }
  }

  restart() {
    this.attempt?.abort();
    this.nudge();
  }

  async listen() {
    // With a cursor the stream brings what was missed, and the state.
    const { signal } = this.attempt;
    const history = this.store.cursor ? null : await this.api.history();
    signal.throwIfAborted(); // somebody else may be here by now
    if (history) this.store.takeHistory(history);
    const opened = Date.now();
    try {
      await this.api.events(this.store.cursor, signal, {
        opened: () => this.reached(),
        hear: (kind, data) => this.store.hear(kind, data),
      });
    } finally {
      // A server that hangs up at once is treated gently; one that was there for a while is asked at once.
      if (Date.now() - opened > 5_000) this.backoff.reset();
    }
  }

  reached() {
    this.failures = 0;
    this.store.setReachable(true);
  }

  fail(error) {
    this.failures += 1;
    if (error instanceof Refused && error.final) this.store.cursor = null;
  }
}
