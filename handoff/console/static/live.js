// The stream of hints. It reconnects by itself; after each connection everything is looked at again.
import { signInAgain } from "./http.js";
import { $ } from "./parts.js";

const RETRY_MS = 3_000;
const SAY_AFTER_MS = 1_500; // a blink of the line is nobody's business

/** `on` has the functions ready(), changed(ids), typing(hint) and looking(hint). */
export function listen(on) {
  const source = new EventSource("/console/events");
  source.addEventListener("open", () => {
    connected(true);
    on.ready();
  });
  source.addEventListener("changed", (event) => on.changed(JSON.parse(event.data).ids));
  source.addEventListener("typing", (event) => on.typing(JSON.parse(event.data)));
  source.addEventListener("looking", (event) => on.looking(JSON.parse(event.data)));
  source.addEventListener("signed-out", signInAgain);
  source.addEventListener("error", () => {
    connected(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(on), RETRY_MS);
  });
}

let saying = null;

function connected(yes) {
  if (yes) {
    clearTimeout(saying);
    saying = null;
    $("#connection").hidden = true;
  } else saying ??= setTimeout(() => ($("#connection").hidden = false), SAY_AFTER_MS);
}
