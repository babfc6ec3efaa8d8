// Loaded in the head, before anything is drawn, so that no page flashes in the wrong colours.
(() => {
  const KEY = "firstline-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = (theme) => (theme ? (root.dataset.theme = theme) : delete root.dataset.theme);
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  function change() {
    const now = root.dataset.theme ?? (system.matches ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    apply(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Where nothing may be stored, the choice holds for this page.
    }
  }

  apply(stored());
  addEventListener("storage", (event) => event.key === KEY && apply(event.newValue));
  addEventListener("click", (event) => event.target.closest?.("[data-theme-switch]") && change());
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) button.hidden = false;
  });
})();
