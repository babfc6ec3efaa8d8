// Requests to the console. Whatever goes wrong becomes a Problem with words for the agent.

const PATIENCE_MS = 20_000;

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function getFragment(url) {
  const response = await ask(url, { headers: { "X-Requested-With": "fetch" } });
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content;
}

export function post(url, body = {}) {
  return ask(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Requested-With": "fetch" },
    body: JSON.stringify(body),
  });
}

async function ask(url, options) {
  let response;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    response = await fetch(url, { ...options, signal, credentials: "same-origin" });
  } catch {
    throw new Problem(0, "The server can't be reached.");
  }
  if (response.status === 401) signInAgain();
  if (!response.ok) throw new Problem(response.status, await detailOf(response));
  return response;
}

async function detailOf(response) {
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? detail : "The server did not understand that.";
  } catch {
    return `The server answered with ${response.status}. Try again in a moment.`;
  }
}

export function signInAgain() {
  const here = location.pathname + location.search;
  location.assign(`/console/sign-in?next=${encodeURIComponent(here)}`);
}
