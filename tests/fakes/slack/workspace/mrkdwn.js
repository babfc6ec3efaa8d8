// Slack's markup as elements. Everything is made of text nodes: nothing is ever parsed as HTML.

const INLINE =
  /```\n?([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]*[^\s_])_(?![\w_])|(?<![\w~])~(?=\S)([^~\n]*[^\s~])~(?![\w~])/;
const TAGS = [null, "pre", "code", null, "b", "i", "s"];
const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

const unescaped = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

export function mrkdwn(text, names) {
  const lines = document.createElement("div");
  for (const [, quoted, plain] of text.matchAll(/((?:^&gt; ?.*\n?)+)|((?:^(?!&gt;).*\n?)+)/gm)) {
    const part = document.createElement(quoted ? "blockquote" : "p");
    part.append(...inline(quoted ? quoted.replace(/^&gt; ?/gm, "") : (plain ?? ""), names));
    if (part.textContent) lines.append(part);
  }
  return lines;
}

function* inline(text, names) {
  while (text) {
    const found = INLINE.exec(text);
    if (!found) {
      yield unescaped(text);
      return;
    }
    yield unescaped(text.slice(0, found.index));
    yield found[3] ? reference(found[3], names) : marked(found, names);
    text = text.slice(found.index + found[0].length);
  }
}

function marked(found, names) {
  const kind = TAGS.findIndex((tag, index) => tag && found[index] !== undefined);
  const node = document.createElement(TAGS[kind]);
  node.append(...(kind < 3 ? [unescaped(found[kind])] : inline(found[kind], names)));
  return node;
}

function reference(inside, names) {
  const [target, label] = inside.split("|");
  if (/^https?:|^mailto:/.test(target)) {
    const link = document.createElement("a");
    Object.assign(link, { href: unescaped(target), target: "_blank", rel: "noopener" });
    link.textContent = unescaped(label ?? target);
    return link;
  }
  const mention = document.createElement("mark");
  const known = names[target.slice(1)];
  mention.textContent = known ? `${target[0]}${known}` : unescaped(label ?? target);
  return mention;
}
