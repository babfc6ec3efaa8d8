// Ctrl+K: conversations, views, actions and colleagues by name.
import { perform } from "./acts.js";
import { compose } from "./composer.js";
import { open, openId } from "./conversation.js";
import { getFragment } from "./http.js";
import { showView } from "./list.js";
import { $, $$ } from "./parts.js";

const ASK_AFTER_MS = 120;
let asked = 0;
let timer = null;

export function startPalette() {
  $("[data-do=palette]").addEventListener("click", openPalette);
  const input = $("#palette-input");
  input.addEventListener("input", offer);
  input.addEventListener("keydown", pressed);
  $("#palette-list").addEventListener("click", (event) => choose(event.target.closest("li")));
  $("#palette").addEventListener("click", (event) => {
    if (event.target === event.currentTarget) $("#palette").close();
  });
}

export function openPalette() {
  if ($("#palette").open) return;
  $("#palette-input").value = "";
  $("#palette").showModal();
  offer();
}

function offer() {
  const words = $("#palette-input").value.trim().toLowerCase();
  const fits = ({ textContent }) =>
    words.split(/\s+/).every((word) => textContent.toLowerCase().includes(word));
  fill(commands().filter(fits));
  clearTimeout(timer);
  timer = setTimeout(() => offerConversations(words), ASK_AFTER_MS);
}

async function offerConversations(words) {
  const mine = ++asked;
  const found = await getFragment(`/console/palette?q=${encodeURIComponent(words)}`).catch(() => null);
  if (!found || mine !== asked) return;
  const shown = $$("#palette-list > :not([data-open])");
  fill(words ? [...$$("li", found), ...shown] : [...shown, ...$$("li", found)]);
}

function commands() {
  const acts = $$("[data-part=head] [data-act]").map((button) =>
    option("act", `${button.dataset.to ? "Give to " : ""}${$("span:last-of-type", button).textContent}`, button),
  );
  const writing = openId()
    ? [
        option("write", "Write a reply", $(".reply-mode"), "reply"),
        option("write", "Write a private note", $(".note-mode"), "note"),
      ]
    : [];
  const views = $$("[data-view]").map((link) => option("view", `View: ${link.dataset.title}`, link));
  return [...acts, ...writing, ...views];
}

function option(kind, text, from, value = "") {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  item.append($("svg, .initials", from).cloneNode(true), text);
  Object.assign(item.dataset, { kind, value });
  item.source = from.dataset;
  item.id = `option-${kind}-${text.replace(/\W+/g, "-")}`;
  return item;
}

function fill(options) {
  $("#palette-list").replaceChildren(...options);
  $("#palette-none").textContent = options.length ? "" : "Nothing fits these words.";
  select(options[0]);
}

function select(item) {
  for (const one of $$("#palette-list > li")) one.setAttribute("aria-selected", one === item);
  $("#palette-input").setAttribute("aria-activedescendant", item?.id ?? "");
  item?.scrollIntoView({ block: "nearest" });
}

function pressed(event) {
  const options = $$("#palette-list > li");
  const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) select(options[(at + by + options.length) % options.length]);
  else if (event.key === "Enter") choose(options[at]);
  else return;
  event.preventDefault();
}

function choose(item) {
  if (!item) return;
  $("#palette").close();
  const { kind, value } = item.dataset;
  if (item.dataset.open) open(Number(item.dataset.open));
  else if (kind === "act") perform(item.source);
  else if (kind === "view") showView(item.source.view);
  else compose(value);
}
