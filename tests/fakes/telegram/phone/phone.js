// The customer's phone: shows Telegram's Message objects, and sends what people do.

const owner = new URLSearchParams(location.search).get("name") || "Alice";
const $ = (selector, within = document) => within.querySelector(selector);
const chat = $("#chat");
const field = $("#text");
const TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  text_link: "a",
};
const FILES = ["document", "voice", "audio", "video", "sticker"];

let about = null; // what the next message replies to or edits: {kind, message}
let shown = "";

const call = (what, body) =>
  fetch(`/phone/${encodeURIComponent(owner)}/${what}`, { method: "POST", body });
const post = (what, fields) => call(what, JSON.stringify(fields));

// Telegram counts as JavaScript does: in UTF-16 units.
function rendered(text, entities = []) {
  const root = document.createElement("p");
  const open = [{ node: root, end: Infinity }];
  let at = 0;
  const write = (until) => {
    while (at < until) {
      while (open.at(-1).end <= at) open.pop();
      const stop = Math.min(until, open.at(-1).end);
      open.at(-1).node.append(text.slice(at, stop));
      at = stop;
    }
    while (open.at(-1).end <= at) open.pop();
  };
  for (const entity of entities.filter((each) => each.type in TAGS)) {
    write(entity.offset);
    const node = document.createElement(TAGS[entity.type]);
    if (entity.url) Object.assign(node, { href: entity.url, target: "_blank", rel: "noopener" });
    open.at(-1).node.append(node);
    open.push({ node, end: entity.offset + entity.length });
  }
  write(text.length);
  return root;
}

function picture(message) {
  if (message.photo) {
    const image = new Image();
    image.src = `/phone/files/${message.photo.at(-1).file_id}`;
    image.alt = "A photo";
    return image;
  }
  const kind = FILES.find((each) => each in message);
  return kind ? `📄 ${message[kind].file_name ?? kind}` : "";
}

function button(message, { text, callback_data: data, url }) {
  const node = document.createElement("button");
  node.type = "button";
  node.textContent = text;
  node.onclick = async () => {
    if (url) return open(url, "_blank", "noopener");
    const answer = await (await post("presses", { message_id: message.message_id, data })).json();
    say(answer.told);
  };
  return node;
}

function drawn(message) {
  const node = $("#message").content.cloneNode(true).firstElementChild;
  node.classList.toggle("mine", !message.from.is_bot);
  $("q", node).textContent = message.reply_to_message?.text?.slice(0, 80) ?? "";
  $("figure", node).append(picture(message));
  $("p", node).replaceWith(
    rendered(message.text ?? message.caption ?? "", message.entities ?? message.caption_entities),
  );
  const time = new Date(message.date * 1000).toTimeString().slice(0, 5);
  $("time", node).textContent = message.edit_date ? `edited ${time}` : time;
  $(".reply", node).onclick = () => begin("reply", message);
  $(".edit", node).hidden = message.from.is_bot || !message.text;
  $(".edit", node).onclick = () => begin("edit", message);
  for (const row of message.reply_markup?.inline_keyboard ?? []) {
    const line = document.createElement("div");
    line.className = "row";
    line.append(...row.map((each) => button(message, each)));
    $(".keyboard", node).append(line);
  }
  return node;
}

function begin(kind, message) {
  about = { kind, message };
  $("#about span").textContent = `${kind === "edit" ? "Editing" : "Replying to"}: ${message.text ?? "a file"}`;
  $("#about").hidden = false;
  if (kind === "edit") field.value = message.text;
  field.focus();
}

function end() {
  about = null;
  $("#about").hidden = true;
}

function say(text) {
  $("#told").textContent = text ?? "";
  $("#told").hidden = !text;
  if (text) setTimeout(say, 4000);
}

async function send() {
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  const message_id = about?.message.message_id;
  if (about?.kind === "edit") await post("edits", { message_id, text });
  else await post("says", { text, reply_to: message_id });
  end();
  await look();
}

async function look() {
  const answer = await fetch(`/phone/${encodeURIComponent(owner)}/chat`);
  const { messages, typing, commands } = await answer.json();
  $("#status").textContent = typing ? "typing…" : "online";
  const now = JSON.stringify([messages, commands]);
  if (now === shown) return;
  shown = now;
  chat.replaceChildren(...messages.map(drawn));
  chat.lastElementChild?.scrollIntoView({ block: "end" });
  $("#commands").replaceChildren(
    ...commands.map(({ command, description }) => {
      const node = button({}, { text: `/${command}` });
      node.title = description;
      node.onclick = () => post("says", { text: `/${command}` });
      return node;
    }),
  );
}

async function keepLooking() {
  try {
    await look();
  } catch {
    $("#status").textContent = "the demo has stopped";
  }
  setTimeout(keepLooking, 500);
}

$("#owner").textContent = `${owner}’s phone`;
$("#about button").onclick = end;
$("form").onsubmit = (event) => {
  event.preventDefault();
  send();
};
field.onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
};
$("input[type=file]").onchange = async ({ target }) => {
  const form = new FormData();
  for (const file of target.files) form.append("file", file);
  target.value = "";
  await call("sends", form);
};
keepLooking();
