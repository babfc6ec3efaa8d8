const memory = new Map();

// Private windows and blocked cookies make localStorage throw: the chat then lasts as long as the page.
export function recall(key) {
  try {
    return memory.get(key) ?? localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
    memory.delete(key);
  } catch {
    memory.set(key, value);
  }
}

export function recallJson(key, otherwise) {
  try {
    return JSON.parse(recall(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

const randomHex = (bytes) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

const VISITOR = "firstline-visitor";
const passerBy = randomHex(16);

// Nothing is stored on someone's device before they open the chat.
export const visitor = () => recall(VISITOR) ?? passerBy;
export const isKnown = () => recall(VISITOR) !== null;
export const becomeKnown = () => isKnown() || keep(VISITOR, passerBy);

// Whom the site has named by a signed token, once the server has taken it.
const SUBJECT = "firstline-subject";
export const remember = (token) => keep(SUBJECT, subjectOf(token));

/** Whether somebody else was here before whom the site names now: then what they left is gone. */
export function meet(token) {
  const known = recall(SUBJECT);
  const isElse = known !== null && known !== subjectOf(token);
  if (isElse) startAfresh();
  return isElse;
}

export function startAfresh() {
  const wasKnown = isKnown();
  for (const key of [...memory.keys(), ...storedKeys()].filter((key) => key.startsWith("firstline-")))
    forget(key);
  if (wasKnown) keep(VISITOR, randomHex(16));
}

function forget(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // there was none
  }
}

function storedKeys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

/** Read, not checked: that is the server's part. */
function subjectOf(token) {
  try {
    return String(JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub);
  } catch {
    return "";
  }
}

// crypto.randomUUID exists on https pages only.
export const newId = () =>
  randomHex(16).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-a$4-$5");
