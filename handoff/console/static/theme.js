// Loaded before the first paint: the theme that was chosen, and the time zone for the server.
(() => {
  const root = document.documentElement;
  const chosen = localStorage.getItem("firstline-theme");
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `firstline_zone=${zone}; path=/console; max-age=31536000; samesite=lax`;
})();
