// A workspace: shows what the chosen person sees, and tells the fake what they do.

import { drawn, node } from "./block_kit.js";
import { mrkdwn } from "./mrkdwn.js";

const $ = (selector, within = document) => within.querySelector(selector);
const field = $("#text");
const dialog = $("dialog");
const address = new URLSearchParams(location.search);

let me = address.get("as");
let place = address.get("in");
let shortcuts = {};
let seen = {}; // what there was to see, as of the last look
let shown = "";
let about = null; // what the next message answers or changes: {kind, post}

async function tell(act, wish = {}) {
  const body = wish instanceof FormData ? wish : JSON.stringify(wish);
  const answer = await fetch(`people/${me}/${act}`, { method: "POST", body });
  const { told } = answer.ok ? await answer.json() : { told: "That didn't work." };
  say(told);
  await look();
}

const here = () => seen.channels?.find((channel) => channel.id === place);
const at = (post) => ({ channel: place, ts: post.ts });

function say(told) {
  $("#told").textContent = told;
  $("#told").hidden = !told;
  if (told) setTimeout(() => say(""), 6000);
}

function message(post) {
  const made = $("#post").content.cloneNode(true).firstElementChild;
  made.classList.toggle("reply", Boolean(post.thread) && post.thread !== post.ts);
  made.classList.toggle("private", post.is_private);
  $("b", made).textContent = post.author;
  $("time", made).textContent = new Date(post.ts * 1000).toTimeString().slice(0, 5);
  $("small", made).textContent = [
    post.is_private && "only visible to you",
    post.is_edited && "edited",
  ]
    .filter(Boolean)
    .join(", ");
  const act = { press: (title) => tell("presses", { ...at(post), title }), enter() {} };
  const blocks = post.blocks.length
    ? drawn(post.blocks, seen.names, act)
    : [mrkdwn(post.text, seen.names)];
  $(".blocks", made).append(...blocks);
  $(".files", made).append(
    ...post.files.map(({ name, url }) => node("a", { href: url, target: "_blank" }, `📄 ${name}`)),
  );
  $("footer", made).append(...menu(post));
  return made;
}

function* menu(post) {
  const item = (title, onclick) => node("button", { type: "button", onclick }, title);
  if (post.is_private) return;
  yield item("Reply in thread", () => begin("Replying to", post));
  if (post.is_mine) {
    yield item("Edit", () => begin("Editing", post));
    yield item("Delete", () => tell("deletes", at(post)));
  }
  for (const [name, shortcut] of Object.entries(shortcuts))
    yield item(name, () => tell("shortcut", { ...at(post), shortcut }));
}

function begin(kind, post) {
  about = { kind, post };
  $("#about span").textContent = `${kind}: ${post.text}`;
  $("#about").hidden = false;
  if (kind === "Editing") field.value = mrkdwn(post.text, seen.names).textContent;
  field.focus();
}

function end() {
  about = null;
  $("#about").hidden = true;
}

const thread = () => (about ? (about.post.thread ?? about.post.ts) : "");

async function send() {
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  const was = about;
  const wish = { channel: place, text, thread: thread() };
  end();
  if (was?.kind === "Editing") await tell("edits", { ...at(was.post), text });
  else await tell("says", wish);
}

function go(to) {
  place = to;
  shown = "";
  end();
  history.replaceState(null, "", `?as=${me}&in=${place}`);
  if (to === "home") tell("home");
  else look();
}

function showPlaces() {
  const title = (channel) => (channel.kind === "im" ? "Firstline" : `# ${channel.name}`);
  const all = [["home", "Firstline: Home"], ...seen.channels.map((each) => [each.id, title(each)])];
  if (!all.some(([id]) => id === place)) place = seen.channels[0].id;
  $("#places").replaceChildren(
    ...all.map(([id, name]) => {
      const button = node("button", { type: "button", onclick: () => go(id) }, name);
      if (id === place) button.setAttribute("aria-current", "page");
      return node("li", {}, button);
    }),
  );
  $("#place").textContent = all.find(([id]) => id === place)[1];
}

function showPosts(channel) {
  const posts = channel.posts.map(message);
  for (const prompt of Object.values(channel.prompts).at(-1) ?? []) {
    const root = Object.keys(channel.prompts).at(-1);
    const ask = () => tell("says", { channel: place, text: prompt.message, thread: root });
    posts.push(node("li", { className: "prompt" }, node("button", { onclick: ask }, prompt.title)));
  }
  for (const status of Object.values(channel.statuses).filter(Boolean))
    posts.push(node("li", { className: "status" }, `Firstline ${status}`));
  $("#posts").replaceChildren(...posts);
  $("#posts").lastElementChild?.scrollIntoView({ block: "end" });
}

const inView = {
  press: (title) => tell("presses_in_view", { title }),
  enter: (action_id, value) => tell("enters", { action_id, value }),
};

function showModal(view) {
  if (!view) return dialog.close();
  $("h2", dialog).textContent = view.title.text;
  $(".primary", dialog).hidden = !view.submit;
  $(".blocks", dialog).replaceChildren(...drawn(view.blocks, seen.names, inView));
  if (!dialog.open) dialog.showModal();
}

async function look() {
  const answer = await fetch(`people/${me}`);
  const text = await answer.text();
  if (text === shown) return;
  shown = text;
  seen = JSON.parse(text);
  showPlaces();
  const channel = here();
  for (const part of ["#posts", "#composer"]) $(part).hidden = !channel;
  $("#home").hidden = Boolean(channel);
  $("#assistant").hidden = channel?.kind !== "im";
  field.placeholder = channel?.kind === "im" ? "Message, or /ask …" : "@Firstline …, or /ask …";
  if (channel) showPosts(channel);
  else $("#home").replaceChildren(...drawn(seen.home?.blocks ?? [], seen.names, inView));
  showModal(seen.modal);
}

async function keepLooking() {
  try {
    await look();
  } catch {
    say("The demo has stopped.");
  }
  setTimeout(keepLooking, 700);
}

$("#about button").onclick = end;
$("#assistant").onclick = () => tell("assistant");
$("#composer").onsubmit = (event) => {
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
  form.append("channel", place);
  form.append("thread", thread());
  target.value = "";
  end();
  await tell("uploads", form);
};
dialog.onclose = () => seen.modal && tell(dialog.returnValue === "submit" ? "submits" : "closes");

const known = await (await fetch("people")).json();
shortcuts = known.shortcuts;
me = me in known.people ? me : Object.keys(known.people)[0];
$("#who").append(
  ...Object.entries(known.people).map(([value, name]) => node("option", { value }, name)),
);
$("#who").value = me;
$("#who").onchange = ({ target }) => {
  me = target.value;
  go("");
};
keepLooking();
