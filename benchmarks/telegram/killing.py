"""kill -9 in the middle of the work: ours, and python-telegram-bot's own `run_polling`."""

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.telegram.rig import HELLO, Result, rig
from tests.fakes.telegram import FakeTelegram

COUNT = 200
KILLED_AFTER = 50  # replies
PATIENCE = 120.0  # seconds; a conversation that a dead process held is free again after 30


def killing(prepared: Path, folder: Path, quick: bool) -> list[Result]:
    """200 people write; the bot is killed when it has answered 50, and started again."""
    with rig(prepared, folder, mode="poll") as here:
        for person in here.people(COUNT):
            person.says(HELLO)
        here.server.start()
        _wait_for(here.telegram, KILLED_AFTER)
        here.server.kill()
        here.server.start()
        ours = _answered(here.telegram)
    theirs = _own_loop()
    what = f"kill -9 in the middle of {COUNT} updates: answered"
    return [
        Result(what, f"{COUNT}, 0 lost", _words(ours), ours == COUNT),
        Result(f"{what} by python-telegram-bot's own loop", "", _words(theirs), True),
    ]


def _own_loop() -> int:
    with FakeTelegram() as telegram:
        for number in range(COUNT):
            telegram.user(f"Person {number}").says(HELLO)
        command = [sys.executable, "-m", "benchmarks.telegram.own_loop"]
        for is_last in (False, True):
            bot = subprocess.Popen([*command, telegram.url, telegram.token])
            if is_last:
                answered = _answered(telegram, seconds=15)
            else:
                _wait_for(telegram, KILLED_AFTER)
            bot.kill()
            bot.wait()
    return answered


def _wait_for(telegram: FakeTelegram, count: int, seconds: float = PATIENCE) -> int:
    """The number of people who have a reply, once there are that many or the time is over."""
    deadline = time.monotonic() + seconds
    while (answered := _people_answered(telegram)) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return answered


def _answered(telegram: FakeTelegram, seconds: float = PATIENCE) -> int:
    return _wait_for(telegram, COUNT, seconds)


def _people_answered(telegram: FakeTelegram) -> int:
    return sum(bool(chat.sent) for chat in list(telegram.world.chats.values()))


def _words(answered: int) -> str:
    return f"{answered}, {COUNT - answered} lost"
