// Who else is here, and who is typing.
import { head, isShown, lastSeq, nearEnd, onOpened, openId } from "./conversation.js";
import { post } from "./http.js";
import { $ } from "./parts.js";

const BEAT_MS = 10_000;
const LOOK_LASTS_MS = 25_000;
const TYPING_LASTS_MS = 6_000;
const SAY_TYPING_MS = 3_000;

const looks = new Map(); // name -> until when, for the open conversation
let looksOf = 0;
let typingUntil = 0;
let saidTyping = 0;
let seen = { id: 0, seq: 0 };

export function startPresence(onSeen) {
  onOpened(() => {
    arrive();
    look(onSeen);
  });
  setInterval(() => look(onSeen, true), BEAT_MS);
  setInterval(draw, 1_000);
  document.addEventListener("visibilitychange", () => look(onSeen));
  document.addEventListener("firstline:read", () => look(onSeen));
  document.addEventListener("firstline:heard", stopTyping);
}

function arrive() {
  const id = openId();
  if (looksOf !== id) {
    looks.clear();
    typingUntil = 0;
    looksOf = id;
  }
  for (const name of JSON.parse(head().looking ?? "[]")) {
    if (!looks.has(name)) looks.set(name, Date.now() + LOOK_LASTS_MS);
  }
  draw();
}

/** Tell the others, and up to where the lines have been read. */
async function look(onSeen, beat = false) {
  const id = openId();
  if (!id || document.hidden || !isShown()) return;
  const seq = nearEnd() ? lastSeq() : 0;
  const isNew = seen.id !== id || seq > seen.seq;
  if (!isNew && !beat) return;
  seen = { id, seq: isNew ? seq : seen.seq };
  await post(`/console/conversations/${id}/looking`, { seen: seq }).catch(() => {});
  if (isNew) onSeen();
}

export function heardLooking({ conversation, name }) {
  if (conversation !== openId()) return;
  looks.set(name, Date.now() + LOOK_LASTS_MS);
  draw();
}

export function heardTyping({ conversation, who, name, on }) {
  if (conversation !== openId()) return;
  typingUntil = on ? Date.now() + TYPING_LASTS_MS : 0;
  $("#typing").textContent = `${who === "agent" ? name : head().name} is typing…`;
  draw();
}

/** A line from the customer says that they have stopped. */
function stopTyping() {
  typingUntil = 0;
  draw();
}

/** Tell the customer's page that an answer is being written; not more often than needed. */
export function sayTyping(id, on) {
  const due = Date.now() - saidTyping > SAY_TYPING_MS;
  if (head().mine !== "true" || (on && !due) || (!on && !saidTyping)) return;
  saidTyping = on ? Date.now() : 0;
  post(`/console/conversations/${id}/typing`, { on }).catch(() => {});
}

function draw() {
  if (!openId()) return;
  $("#typing").hidden = typingUntil < Date.now();
  for (const [name, until] of looks) if (until < Date.now()) looks.delete(name);
  const names = [...looks.keys()];
  const words = names.length ? `${names.join(", ")} ${names.length > 1 ? "are" : "is"} here too` : "";
  if ($("#looking").textContent !== words) $("#looking").textContent = words;
}
