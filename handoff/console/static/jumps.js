// Links from a line to another: one that isn't on the page yet is fetched first.
import { loadEarlier } from "./conversation.js";
import { $ } from "./parts.js";

export function startJumps() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#line-"]');
    if (!link) return;
    event.preventDefault();
    jumpTo(link.hash);
  });
}

async function jumpTo(line) {
  while (!$(line) && (await loadEarlier()));
  const found = $(line);
  if (!found) return;
  found.tabIndex = -1;
  found.focus({ preventScroll: true });
  found.scrollIntoView({ block: "center" });
}
