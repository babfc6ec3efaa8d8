// A short tone when somebody new waits or writes. It can be switched off, and stays so.
import { $ } from "./parts.js";
import { keep, recall } from "./storage.js";

const ONCE_MS = 1_500;
let context = null;

export function startSound() {
  const button = $("[data-do=sound]");
  button.setAttribute("aria-pressed", recall("sound", true));
  button.addEventListener("click", () => {
    const on = !recall("sound", true);
    keep("sound", on);
    button.setAttribute("aria-pressed", on);
    if (on) beep();
  });
  // Browsers let a page sound only after the first touch or key.
  const wake = () => (context ??= new AudioContext());
  addEventListener("pointerdown", wake, { once: true });
  addEventListener("keydown", wake, { once: true });
}

export function beep() {
  if (!context || !recall("sound", true) || anotherTabJustDid()) return;
  const [tone, volume] = [context.createOscillator(), context.createGain()];
  tone.frequency.setValueAtTime(660, context.currentTime);
  tone.frequency.setValueAtTime(880, context.currentTime + 0.09);
  volume.gain.setValueAtTime(0.08, context.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.28);
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.3);
}

function anotherTabJustDid() {
  const since = Date.now() - recall("beeped", 0);
  if (since < ONCE_MS) return true;
  keep("beeped", Date.now());
  return false;
}
