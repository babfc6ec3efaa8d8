// Keeps relative times true. The words are those of rendering.py's `ago` and `lasting`.
import { $$ } from "./parts.js";

export function startTimes() {
  setInterval(tick, 20_000);
}

function tick() {
  for (const time of $$("time")) {
    const moment = new Date(time.dateTime);
    const words = "duration" in time.dataset ? lasting(moment) : ago(moment);
    if (time.textContent !== words) time.textContent = words;
  }
}

function lasting(since) {
  const minutes = Math.max(0, Math.floor((Date.now() - since) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

function ago(moment) {
  const minutes = Math.floor((Date.now() - moment) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  const year = moment.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return moment.toLocaleDateString("en-GB", { day: "numeric", month: "short", year });
}
