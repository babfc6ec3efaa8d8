// The theme, which all pages of Firstline share, and the right pane.
import { $ } from "./parts.js";

const THEMES = ["system", "light", "dark"];
const root = document.documentElement;

export function startSwitches() {
  name();
  $("[data-do=theme]").addEventListener("click", nextTheme);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-do=details]")) toggleDetails();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest("#context")) toggleDetails();
  });
}

function nextTheme() {
  const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
  if (next === "system") {
    delete root.dataset.theme;
    localStorage.removeItem("firstline-theme");
  } else {
    root.dataset.theme = next;
    localStorage.setItem("firstline-theme", next);
  }
  name();
}

function name() {
  const words = `Theme: ${root.dataset.theme ?? "as the system"}`;
  $("[data-do=theme]").setAttribute("aria-label", words);
  $("[data-do=theme]").title = words;
}

function toggleDetails() {
  const shown = getComputedStyle($("#context")).display !== "none";
  document.body.dataset.details = shown ? "closed" : "open";
  if (shown) $(".details-button").focus();
  else $("#context .context-top button").focus();
}
