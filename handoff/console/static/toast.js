// Short messages at the edge of the page. They only say what can be seen or done elsewhere too.
import { $ } from "./parts.js";

const LASTS_MS = 6_000;

/** Takes the place of the message before, whose undo is out of date. `undo` is { label, run } where the act can really be undone. */
export function toast(text, { failed = false, undo = null } = {}) {
  const box = document.createElement("div");
  box.className = failed ? "toast failed" : "toast";
  box.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) {
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      className: "button",
      textContent: undo.label,
    });
    button.addEventListener("click", () => {
      box.remove();
      undo.run();
    });
    box.append(button);
  }
  $("#toasts").replaceChildren(box);
  removeLater(box);
}

function removeLater(box) {
  setTimeout(() => {
    if (box.matches(":hover, :focus-within")) removeLater(box);
    else box.remove();
  }, LASTS_MS);
}

/** Says something to screen readers only. */
export function announce(text) {
  $("#announcer").textContent = text;
}
