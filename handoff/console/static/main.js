// The console: wires its pieces together.
import { startActs } from "./acts.js";
import { startComposer } from "./composer.js";
import { onOpened, openId, refresh, startConversation } from "./conversation.js";
import { startJumps } from "./jumps.js";
import { startKeys } from "./keys.js";
import { markOpen, refreshList, startList } from "./list.js";
import { listen } from "./live.js";
import { startPalette } from "./palette.js";
import { heardLooking, heardTyping, startPresence } from "./presence.js";
import { beep, startSound } from "./sound.js";
import { startSwitches } from "./switches.js";
import { startTimes } from "./times.js";
import { announce } from "./toast.js";

startSwitches();
startSound();
startKeys();
startJumps();
startPalette();
startActs();
startTimes();
startList((news) => {
  beep();
  announce(news);
});
startComposer();
startPresence(() => refreshList({ quiet: true }));
onOpened(markOpen);
startConversation();

listen({
  ready() {
    refresh();
    refreshList();
  },
  changed({ ids }) {
    const before = ids.includes(openId());
    if (before) refresh();
    refreshList({ quiet: before && ids.length === 1 && document.hasFocus() });
  },
  typing: heardTyping,
  looking: heardLooking,
});
