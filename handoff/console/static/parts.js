// Puts fragments of the server into the page: only what differs, keeping focus and open details.

export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

const shown = new WeakMap(); // element -> the server's HTML that it came from

/** Replace the page's elements that have a `data-part` in the fragment. */
export function replaceParts(fragment) {
  for (const incoming of $$("[data-part]", fragment)) {
    const current = $(`[data-part="${incoming.dataset.part}"]`);
    if (current) replace(current, incoming);
  }
}

function replace(current, incoming) {
  const list = $("ol[id]", current);
  const incomingList = $("ol[id]", incoming);
  const same = list && incomingList && list.id === incomingList.id;
  if (same) replaceItems(list, incomingList);
  if (unchanged(current, incoming)) return;
  const restore = focusIn(current);
  keepOpen(current, incoming);
  if (same) incomingList.replaceWith(list);
  remember(incoming);
  current.replaceWith(incoming);
  restore(incoming);
}

/** Bring a list's end up to date: its items from the first that is among the incoming ones on. */
export function replaceTail(list, incoming) {
  const keys = new Set([...incoming.children].map((item) => item.dataset.key));
  const start = [...list.children].find((item) => keys.has(item.dataset.key)) ?? null;
  replaceItems(list, incoming, start);
}

/** Bring items from `place` on up to date by their `data-key`, leaving those alone that are the same. */
function replaceItems(list, incoming, place = list.firstElementChild) {
  const known = new Map();
  for (let item = place; item; item = item.nextElementSibling) known.set(item.dataset.key, item);
  const restore = focusIn(list);
  for (const item of [...incoming.children]) {
    const current = known.get(item.dataset.key);
    known.delete(item.dataset.key);
    const next = current && unchanged(current, item) ? current : item;
    if (next === item) {
      if (current) keepOpen(current, item);
      remember(item);
    }
    if (next === place) place = place.nextElementSibling;
    else list.insertBefore(next, place);
    if (current && next !== current) {
      if (current === place) place = place.nextElementSibling;
      current.remove();
    }
  }
  for (const gone of known.values()) gone.remove();
  restore(list);
}

function unchanged(current, incoming) {
  return (shown.get(current) ?? htmlOf(current)) === htmlOf(incoming);
}

function remember(element) {
  shown.set(element, htmlOf(element));
}

/** The element's HTML without what changes by itself: relative times, open details, its list. */
function htmlOf(element) {
  const copy = element.cloneNode(true);
  for (const list of $$("ol[id]", copy)) list.replaceChildren();
  for (const time of $$("time", copy)) time.textContent = "";
  for (const details of $$("details[open]", copy)) details.removeAttribute("open");
  return copy.outerHTML;
}

function keepOpen(current, incoming) {
  for (const details of $$("details[open][data-key]", current)) {
    const same = $(`details[data-key="${details.dataset.key}"]`, incoming);
    if (same) same.open = true;
  }
}

/** Remembers what has the focus; returns what gives it back to the same thing in new HTML. */
function focusIn(element) {
  const focused = document.activeElement;
  if (!element.contains(focused)) return () => {};
  const selector = ["id", "data-open", "data-view", "data-act", "data-do"]
    .filter((name) => focused.hasAttribute(name))
    .map((name) => `[${name}="${CSS.escape(focused.getAttribute(name))}"]`)[0];
  return (now) => {
    if (document.activeElement === document.body && selector) $(selector, now)?.focus();
  };
}
