// The composer. A reply and a note have texts of their own: what is written as a note never
// becomes a reply by switching.
import { head, openId, onOpened } from "./conversation.js";
import { resume, send, startOutbox } from "./outbox.js";
import { $ } from "./parts.js";
import { sayTyping } from "./presence.js";
import { keep, recall } from "./storage.js";

let shownId = 0;

export function startComposer() {
  startOutbox((line) => {
    setMode(line.mode);
    write([line.text, $("#words").value].filter(Boolean).join("\n"));
    $("#words").focus();
  });
  onOpened(attach);
  document.addEventListener("change", (event) => {
    if (event.target.name === "mode") setMode(event.target.value);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "words") written();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "composer") return;
    event.preventDefault();
    submit();
  });
  document.addEventListener("click", (event) => {
    const again = event.target.closest("[data-do=write-again]");
    if (again) writeAgain(again.closest("[data-seq]"));
  });
  document.addEventListener("focusout", leave);
}

function attach(id) {
  const form = $("#composer");
  form.dataset.mayReply = head().mine;
  if (!form.dataset.ready || shownId !== id) {
    form.dataset.ready = "yes";
    shownId = id;
    setMode("reply");
    if (!recall(draft("reply")) && recall(draft("note"))) setMode("note");
    resume(id);
  }
  label();
}

const mode = () => $("#composer").dataset.mode;
const draft = (of) => `draft:${openId()}:${of}`;
const mayWrite = () => mode() === "note" || head().mine === "true";

/** Get ready to write a reply or a note. */
export function compose(to) {
  if (!openId()) return;
  setMode(to);
  if (mayWrite()) $("#words").focus();
  else $("[data-part=notice] button, .modes input:checked")?.focus();
}

function setMode(to) {
  $("#composer").dataset.mode = to;
  $(`.modes input[value=${to}]`).checked = true;
  $("#words").value = recall(draft(to), "");
  $("#draft").textContent = "";
  label();
}

function label() {
  const { name, way } = head();
  const note = mode() === "note";
  $("#words").placeholder = note ? "Only agents see this" : `Write to ${name} ${way}`;
  $("#words").setAttribute("aria-label", note ? "Private note" : `Reply to ${name} ${way}`);
  $("#mode-hint").textContent = note ? "Stays among agents" : `Goes to ${name}`;
  $("#send-label").textContent = note ? "Save private note" : `Reply ${way}`;
}

/** Words that did not arrive go back into the box, before what is written there. */
function writeAgain(line) {
  compose("reply");
  write([$(".words", line).textContent, $("#words").value].filter(Boolean).join("\n"));
}

function write(text) {
  $("#words").value = text;
  written();
}

function written() {
  const text = $("#words").value;
  keep(draft(mode()), text || null);
  $("#draft").textContent = text ? "Draft kept" : "";
  if (mode() === "reply") sayTyping(openId(), Boolean(text));
}

export function submit() {
  const text = $("#words").value.trim();
  if (!text || !mayWrite()) return;
  send(openId(), mode(), text);
  write("");
  $("#words").focus();
}

/** A note once saved, the box stays a note's until one leaves it; then it is a reply's again. */
function leave(event) {
  const form = event.target.closest?.("#composer");
  if (!form || form.contains(event.relatedTarget) || !event.relatedTarget) return;
  if (mode() === "note" && !$("#words").value && form.isConnected) setMode("reply");
}
