"""A Bot API server as Telegram documents it, with people who write to the bot.

    with FakeTelegram() as telegram:
        alice = telegram.user("Alice")
        alice.says("hello")         # the bot gets it by getUpdates or its webhook
        telegram.chat(alice).texts  # what the bot has sent to her

`telegram.url` and `telegram.token` are what FIRSTLINE_TELEGRAM_API_URL and _TOKEN take.
"""

from tests.fakes.telegram.people import Group, Person
from tests.fakes.telegram.server import FakeTelegram
from tests.fakes.telegram.world import Chat, Shown

__all__ = ["Chat", "FakeTelegram", "Group", "Person", "Shown"]
