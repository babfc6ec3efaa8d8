// Single keys, which can be switched off (WCAG 2.1.4), and the sheet that lists them.
import { compose, submit } from "./composer.js";
import { step } from "./list.js";
import { openPalette } from "./palette.js";
import { $, $$ } from "./parts.js";
import { keep, recall } from "./storage.js";

const AFTER_G_MS = 1_500;
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  r: () => compose("reply"),
  n: () => compose("note"),
  "/": () => $("#filter").elements.q.focus(),
  "?": openSheet,
  g: () => (gUntil = Date.now() + AFTER_G_MS),
};
let gUntil = 0;

export function startKeys() {
  document.addEventListener("keydown", pressed);
  $("[data-do=keys]").addEventListener("click", openSheet);
  const box = $("#single-keys");
  box.checked = recall("single-keys", true);
  box.addEventListener("change", () => keep("single-keys", box.checked));
}

function openSheet() {
  $("#keys").showModal();
}

function pressed(event) {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key === "Enter" && event.target.id === "words") return take(event, submit);
  if (command && event.key.toLowerCase() === "k") return take(event, openPalette);
  if (event.key === "Escape") return leave(event.target);
  const plain = !command && !event.altKey && !event.isComposing;
  if (plain && recall("single-keys", true) && !isTyping(event.target)) single(event);
}

function single(event) {
  const view = gUntil > Date.now() && $(`[data-g="${CSS.escape(event.key)}"]`);
  gUntil = 0;
  const button = $(`[data-single="${CSS.escape(event.key)}"]`);
  if (view) take(event, () => view.click());
  else if (Object.hasOwn(KEYS, event.key)) take(event, KEYS[event.key]);
  else if (button) take(event, () => button.click());
}

function take(event, run) {
  event.preventDefault();
  run();
}

function isTyping(target) {
  const writes = "textarea, select, input:not([type=radio], [type=checkbox]), [contenteditable]";
  return target.closest(`${writes}, dialog[open]`) !== null;
}

function leave(target) {
  for (const menu of $$("details.menu[open]")) {
    menu.open = false;
    if (menu.contains(target)) $("summary", menu).focus();
  }
  if (target.id === "words") $("#scroller").focus();
  else if (target.type === "search") $("#items [data-open]")?.focus();
}
