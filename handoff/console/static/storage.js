// What the browser remembers. A full or forbidden storage costs the memory, never the page.

export function recall(name, otherwise = null) {
  try {
    return JSON.parse(localStorage.getItem(`firstline-${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(`firstline-${name}`);
    else localStorage.setItem(`firstline-${name}`, JSON.stringify(value));
  } catch {
    // nothing to be done: private mode, or the storage is full
  }
}
