/** Waits 0.5 s, 1 s, 2 s … 15 s, each between half and all of it; `nudge` ends a wait at once. */
export class Backoff {
  tries = 0;

  async wait() {
    const longest = Math.min(15_000, 500 * 2 ** this.tries++);
    await new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    });
  }

  nudge() {
    this.reset();
    this.wake?.();
  }

  reset() {
    this.tries = 0;
  }
}
