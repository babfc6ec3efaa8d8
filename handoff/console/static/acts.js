// Claim, resolve and the rest: one request, one short message, and the page looks again.
import { head, openId, refresh } from "./conversation.js";
import { post } from "./http.js";
import { refreshList } from "./list.js";
import { $$ } from "./parts.js";
import { toast } from "./toast.js";

const DONE = {
  claim: () => `${head().name} is yours now`,
  release: () => "Put back into the queue",
  resolve: () => "Resolved",
  handback: () => "The bot answers again",
  reassign: (to) => `Given to ${to}`,
};
const UNDO = {
  claim: { label: "Put back", act: "release" },
  release: { label: "Claim again", act: "claim" },
};

let busy = false;

export function startActs() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act], [data-post]");
    if (button?.dataset.post) submit(button.dataset);
    else if (button) perform(button.dataset);
    closeMenus(event.target);
  });
}

/** Do what a button with this data does. */
export async function perform({ act, to, name }) {
  const id = openId();
  if (!id) return;
  await once(async () => {
    await post(`/console/conversations/${id}/${act}`, to ? { agent: Number(to) } : {});
    const wasBot = head().state === "bot"; // the customer has been told: there is no way back
    toast(DONE[act](name), { undo: wasBot ? null : undoOf(act, id) });
  });
}

/** What isn't done to the conversation: the button says where to ask for it, and what to say then. */
function submit({ post: address, done }) {
  return once(async () => {
    await post(address);
    toast(done);
  });
}

async function once(run) {
  if (busy) return;
  busy = true;
  await run().catch((problem) => toast(problem.message, { failed: true }));
  busy = false;
  await refresh();
  refreshList({ quiet: true });
}

function undoOf(act, id) {
  const undo = UNDO[act];
  if (!undo) return null;
  return { label: undo.label, run: () => openId() === id && perform({ act: undo.act }) };
}

function closeMenus(target) {
  for (const menu of $$("details.menu[open]")) {
    if (!menu.contains(target) || target.closest(".menu-item")) menu.open = false;
  }
}
