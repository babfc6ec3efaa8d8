// The list: views, search, desk, paging; brought up to date without losing one's place.
import { getFragment } from "./http.js";
import { $, $$, replaceParts } from "./parts.js";

const SEARCH_AFTER_MS = 250;
const PAUSE_MS = { seen: 800, hidden: 5_000 }; // between two refreshes

const state = { limit: 50, open: 0, asked: 0, last: 0 };
let tell = () => {};

/** `news(words)` is called when somebody new waits, or a customer of mine has written. */
export function startList(news) {
  tell = news;
  const form = $("#filter");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => show());
  form.addEventListener("input", debounce(() => show(), SEARCH_AFTER_MS));
  $(".list-pane").addEventListener("click", clicked);
  state.signs = signs();
  showUnread();
}

function clicked(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const view = event.target.closest("[data-view]");
  const more = event.target.closest("[data-do=more]");
  if (!view && !more && !event.target.closest("[data-do=clear-search]")) return;
  event.preventDefault();
  if (view) showView(view.dataset.view);
  else if (more) grow(Number(more.dataset.limit));
  else showView($("#filter").elements.view.value);
}

export function showView(view) {
  const { elements } = $("#filter");
  elements.view.value = view;
  elements.q.value = "";
  return show();
}

/** Mark the conversation as the open one. */
export function markOpen(id) {
  state.open = id;
  for (const link of $$("#items [data-open]")) {
    if (Number(link.dataset.open) === id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** The part of an address that keeps the list as it is. */
export function query() {
  const filled = [...new FormData($("#filter"))].filter(([, value]) => value);
  return `?${new URLSearchParams(filled)}`;
}

async function show() {
  state.limit = 50;
  history.replaceState(history.state, "", location.pathname + query());
  await load();
  $(".items").scrollTop = 0;
}

async function grow(limit) {
  const last = $$("#items [data-open]").length;
  state.limit = limit;
  await load();
  $$("#items [data-open]")[last]?.focus();
}

/** Bring the list up to date: at once after a quiet time, else many calls become one. */
export function refreshList({ quiet = false } = {}) {
  state.quiet = (state.waiting ? state.quiet : true) && quiet;
  const pause = document.hidden ? PAUSE_MS.hidden : PAUSE_MS.seen;
  state.waiting ??= setTimeout(async () => {
    state.last = Date.now();
    state.waiting = null;
    await load(state.quiet);
  }, Math.max(50, state.last + pause - Date.now()));
}

async function load(quiet = false) {
  const asked = ++state.asked;
  const fragment = await getFragment(
    `/console/list${query()}&limit=${state.limit}&open=${state.open}`,
  ).catch(() => null);
  if (!fragment || asked !== state.asked) return;
  replaceParts(fragment);
  markOpen(state.open);
  tellNews(quiet);
  showUnread();
}

function signs() {
  const { queued, heard } = $(".views").dataset;
  return { queued, heard: Number(heard) };
}

function tellNews(quiet) {
  const before = state.signs;
  state.signs = signs();
  if (quiet) return;
  if (state.signs.queued > before.queued) tell("Somebody new is waiting");
  else if (state.signs.heard > before.heard) tell("A customer of yours has written");
}

function showUnread() {
  const unread = Number($(".views").dataset.unread);
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = unread ? `(${unread}) ${title}` : title;
}

/** Move the focus to the next (+1) or previous (-1) conversation. */
export function step(by) {
  const links = $$("#items [data-open]");
  const from = links.findIndex((link) => link === document.activeElement);
  const open = links.findIndex((link) => link.hasAttribute("aria-current"));
  const start = from >= 0 ? from : open;
  const to = start < 0 ? 0 : Math.min(Math.max(start + by, 0), links.length - 1);
  links[to]?.focus();
}

function debounce(run, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
}
