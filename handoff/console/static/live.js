// The stream of hints. It reconnects by itself; after each connection everything is looked at again.
// Browsers allow few connections to a site, so the tabs of a browser share one stream: the tab that
// holds the lock has it, and tells the others what it hears.
import { signInAgain } from "./http.js";
import { $ } from "./parts.js";

const RETRY_MS = 3_000;
const SAY_AFTER_MS = 1_500; // a blink of the line is nobody's business
const HEARD = ["changed", "typing", "looking"];

/** `on` has the functions ready(), changed({ ids }), typing(hint) and looking(hint). */
export function listen(on) {
  const tabs = new BroadcastChannel("firstline-live");
  tabs.addEventListener("message", ({ data }) => take(on, data));
  const hear = (name, data = {}) => {
    tabs.postMessage({ name, data });
    take(on, { name, data });
  };
  if (!navigator.locks) open(hear); // the page came over plain HTTP
  else navigator.locks.request("firstline-live", () => new Promise(() => open(hear)));
}

function open(hear) {
  const source = new EventSource("/console/events");
  source.addEventListener("open", () => hear("ready"));
  for (const name of HEARD) {
    source.addEventListener(name, (event) => hear(name, JSON.parse(event.data)));
  }
  source.addEventListener("signed-out", () => hear("signed-out"));
  source.addEventListener("error", () => {
    hear("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => open(hear), RETRY_MS);
  });
}

function take(on, { name, data }) {
  if (name === "signed-out") signInAgain();
  else if (name === "lost") lost(on);
  else if (name === "ready") found(on);
  else on[name](data);
}

let saying = null;

function lost(on) {
  saying ??= setTimeout(() => {
    $("#connection").hidden = false;
    on.ready(); // should the session be over, the look leads to signing in
  }, SAY_AFTER_MS);
}

function found(on) {
  clearTimeout(saying);
  saying = null;
  $("#connection").hidden = true;
  on.ready();
}
