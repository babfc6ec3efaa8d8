export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== false));
  return node;
}

export const hidden = (text) => h("span", { class: "sr" }, text);

export function icon(name) {
  const template = document.createElement("template");
  template.innerHTML = ICONS[name];
  return template.content.firstChild;
}

const exactly = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export function timeOf(iso) {
  const at = new Date(iso);
  const minutes = Math.floor((Date.now() - at) / 60_000);
  const exact = exactly.format(at);
  const shown =
    minutes < 1 ? "just now"
    : minutes < 60 ? `${minutes} min ago`
    : minutes < 1440 ? `${Math.floor(minutes / 60)} h ago`
    : day.format(at);
  return h("time", { datetime: iso, title: exact }, shown, hidden(`, ${exact}`));
}

/** Text with its https links clickable; everything else stays text. */
export function linked(text) {
  return text.split(/(https:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/).map((part, index) =>
    index % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part,
  );
}

/** An address on the server, or nothing that can be followed. */
export function absolute(address, base) {
  const url = URL.canParse(address, base) ? new URL(address, base) : null;
  return ["https:", "http:", "mailto:", "tel:"].includes(url?.protocol) ? url.href : "";
}

/** HTML that the server has made safe. Its links lead to the server, not to the page we are on. */
export function safeHtml(html, base) {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const link of template.content.querySelectorAll("a[href]")) {
    link.href = absolute(link.getAttribute("href"), base);
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  return template.content;
}

export const initials = (name) =>
  name
    .split(/\s+/)
    .map((word) => [...word][0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
