// Lines on their way: shown at once, sent in order, kept until they are stored. The key that each
// line carries makes sending it again harmless.
import { lastSeq, openId, refresh, toEnd } from "./conversation.js";
import { post } from "./http.js";
import { $ } from "./parts.js";
import { keep, recall } from "./storage.js";

const sending = new Set(); // keys that this page is sending right now
let edit = () => {};

/** `edited(line)` gets a line that the agent wants to write anew. */
export function startOutbox(edited) {
  edit = edited;
}

export function send(id, mode, text) {
  const line = { key: newKey(), mode, text };
  store(id, [...lines(id), line]);
  deliver(id, line);
}

/** Lines that an earlier page has left behind are sent again. */
export function resume(id) {
  for (const line of lines(id)) {
    if (!line.problem && !sending.has(line.key)) deliver(id, line);
  }
  draw(id);
}

let turn = Promise.resolve();

function deliver(id, line) {
  sending.add(line.key);
  change(id, line.key, { problem: undefined });
  draw(id);
  if (openId() === id) toEnd();
  turn = turn.then(() => attempt(id, line));
}

async function attempt(id, line) {
  try {
    await post(`/console/conversations/${id}/${line.mode}`, { text: line.text, key: line.key });
    const before = lastSeq();
    if (openId() === id) await refresh();
    if (openId() === id && lastSeq() === before) await refresh();
    remove(id, line.key);
  } catch (problem) {
    change(id, line.key, { problem: problem.message });
  }
  sending.delete(line.key);
  draw(id);
}

function draw(id) {
  if (openId() !== id) return;
  $("#pending").replaceChildren(...lines(id).map((line) => bubble(id, line)));
}

function bubble(id, line) {
  const item = make("li", `line agent ${line.mode === "note" ? "private" : ""}`);
  const box = make("div", "bubble");
  box.append(make("p", "words", line.text));
  item.append(box, line.problem ? failed(id, line) : make("p", "sending", "Sending…"));
  return item;
}

function failed(id, line) {
  const row = make("p", "undelivered", `Not sent: ${line.problem} `);
  row.setAttribute("role", "alert");
  const again = make("button", "button", "Try again");
  const change = make("button", "button", "Edit");
  again.type = change.type = "button";
  again.addEventListener("click", () => deliver(id, line));
  change.addEventListener("click", () => {
    remove(id, line.key);
    draw(id);
    edit(line);
  });
  row.append(again, change);
  return row;
}

const lines = (id) => recall(`outbox:${id}`, []);
const store = (id, all) => keep(`outbox:${id}`, all.length ? all : null);
const remove = (id, key) => store(id, lines(id).filter((line) => line.key !== key));
const change = (id, key, values) =>
  store(id, lines(id).map((line) => (line.key === key ? { ...line, ...values } : line)));

function make(name, className, textContent = "") {
  return Object.assign(document.createElement(name), { className, textContent });
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
