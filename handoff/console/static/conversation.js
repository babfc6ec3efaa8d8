// The open conversation: opening, news at its end, earlier lines, and one's place in it.
import { getFragment } from "./http.js";
import { query } from "./list.js";
import { $, $$, replaceParts, replaceTail } from "./parts.js";
import { announce, toast } from "./toast.js";

const NEAR_END = 80; // pixels: whoever is this close to the end follows it
const TAIL = 50; // lines at the end that every look brings up to date: some come late, or change
const FAR = 200; // lines before the end in which those are looked for that may still change

let refreshing = null;
let again = false;
const listeners = [];

/** Calls `listener(id)` whenever a conversation has been put before the agent. */
export function onOpened(listener) {
  listeners.push(listener);
}

export function openId() {
  return Number($("[data-conversation]")?.dataset.conversation ?? 0);
}

/** The newest line's number in the open thread; a line that came late isn't the last one. */
export function lastSeq() {
  return Math.max(0, ...seqs("#lines > [data-seq]"));
}

const seqs = (selector) => $$(selector).map((line) => Number(line.dataset.seq));

/** The first of the lines that have to be looked at again. */
function tailSeq() {
  const last = lastSeq();
  return Math.max(Math.min(last - TAIL, ...seqs("#lines > [data-unsettled]")), last - FAR, 0);
}

export function head() {
  return $("[data-part=head]")?.dataset ?? {};
}

/** What the server sent with the page is open: begin with it. */
export function startConversation() {
  document.addEventListener("click", clicked);
  addEventListener("popstate", () => showAddress());
  if (openId()) begin();
}

function clicked(event) {
  const link = event.target.closest("[data-open]");
  const act = event.target.closest("[data-do]")?.dataset.do;
  if (link?.href && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    open(Number(link.dataset.open));
  } else if (act === "earlier") loadEarlier();
  else if (act === "to-end") toEnd(true);
  else if (act === "back") {
    event.preventDefault();
    backToList();
  }
}

export async function open(id) {
  history.pushState(null, "", `/console/conversations/${id}${query()}`);
  await show(id);
}

function backToList() {
  const id = openId();
  history.pushState(null, "", `/console${query()}`);
  document.body.dataset.pane = "list";
  nameTab("Console");
  $(`#items [data-open="${id}"]`)?.focus();
}

function showAddress() {
  const id = Number(location.pathname.match(/\/conversations\/(\d+)/)?.[1] ?? 0);
  if (id && id !== openId()) show(id);
  else document.body.dataset.pane = id ? "thread" : "list";
}

async function show(id) {
  document.body.dataset.pane = "thread";
  $("#pane").setAttribute("aria-busy", "true");
  try {
    const fragment = await getFragment(`/console/conversations/${id}/pane`);
    if (!location.pathname.endsWith(`/${id}`)) return; // another one has been opened since
    $("#pane").replaceChildren(fragment);
    begin();
    if (!$(".list-pane").clientHeight) $("#pane").focus(); // what had the focus is gone
    announce(`Conversation with ${head().name} is open`);
  } catch (problem) {
    toast(problem.message, { failed: true });
  } finally {
    $("#pane").removeAttribute("aria-busy");
  }
}

function begin() {
  nameTab(head().name);
  $("#scroller").addEventListener("scroll", () => nearEnd() && hidePill(), { passive: true });
  toEnd();
  for (const listener of listeners) listener(openId());
}

function nameTab(name) {
  const unread = document.title.match(/^\(\d+\) /)?.[0] ?? "";
  document.title = `${unread}${name} · Firstline`;
}

/** Fetch what is new; calls during a look lead to one more look. */
export function refresh() {
  if (!openId()) return Promise.resolve();
  if (refreshing) again = true;
  refreshing ??= look().finally(() => {
    refreshing = null;
    if (again) {
      again = false;
      return refresh();
    }
  });
  return refreshing;
}

async function look() {
  const id = openId();
  const base = `/console/conversations/${id}`;
  try {
    const [lines, around] = await Promise.all([
      getFragment(`${base}/thread?since=${tailSeq()}`),
      getFragment(`${base}/context`),
    ]);
    if (id !== openId()) return;
    const tail = $("[data-part=lines]", lines);
    again ||= tail.dataset.more === "true";
    showTail(tail);
    replaceParts(around);
    for (const listener of listeners) listener(id);
  } catch {
    // the stream says when the server is back, and then everything is looked at again
  }
}

function showTail(tail) {
  const [follow, last] = [nearEnd(), lastSeq()];
  const fresh = $$(":scope > [data-seq]", tail).filter((line) => Number(line.dataset.seq) > last);
  replaceTail($("#lines"), tail);
  const heard = fresh.filter((line) => line.dataset.author === "customer");
  if (heard.length) {
    announce(`${head().name}: ${$(".words", heard.at(-1))?.textContent ?? "a file"}`);
    document.dispatchEvent(new Event("firstline:heard"));
  }
  if (follow && (fresh.length || !nearEnd())) toEnd();
  else if (fresh.length) showPill(fresh.length);
}

/** Fetch the lines before the first; false when there are none, or they can't be had. */
export async function loadEarlier() {
  if ($(".earlier").hidden) return false;
  const scroller = $("#scroller");
  const oldest = Math.min(...seqs("#lines > [data-seq]"));
  const fragment = await getFragment(
    `/console/conversations/${openId()}/thread?before=${oldest}`,
  ).catch((problem) => void toast(problem.message, { failed: true }));
  const lines = fragment && $("[data-part=lines]", fragment);
  if (!lines) return false;
  const height = scroller.scrollHeight - scroller.scrollTop;
  const day = $("#lines > .day:first-child");
  if (day && $(`[data-day="${day.dataset.day}"]`, lines)) day.remove();
  $(".earlier").hidden = lines.dataset.earlier === "false";
  $("#lines").prepend(...lines.children);
  scroller.scrollTop = scroller.scrollHeight - height;
  return true;
}

/** Whether the thread is on the screen: on a phone, the list may be there instead. */
export function isShown() {
  return $("#scroller").clientHeight > 0;
}

export function nearEnd() {
  const { scrollHeight, scrollTop, clientHeight } = $("#scroller");
  return scrollHeight - scrollTop - clientHeight < NEAR_END;
}

export function toEnd(smoothly = false) {
  const behavior = smoothly ? "smooth" : "instant";
  $("#scroller").scrollTo({ top: $("#scroller").scrollHeight, behavior });
  hidePill();
}

function showPill(count) {
  const pill = $("#pill");
  pill.dataset.count = Number(pill.dataset.count ?? 0) + count;
  const number = pill.dataset.count;
  $("span", pill).textContent = number === "1" ? "1 new line" : `${number} new lines`;
  pill.hidden = false;
}

function hidePill() {
  $("#pill").hidden = true;
  $("#pill").dataset.count = 0;
  document.dispatchEvent(new Event("firstline:read"));
}
