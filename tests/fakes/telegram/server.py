"""The fake as tests see it: people, what they see, and what goes wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette

from tests.fakes.loopback import Loopback
from tests.fakes.telegram.faults import Call, Fault, Faults, Kind
from tests.fakes.telegram.people import Group, Person, Sender
from tests.fakes.telegram.protocol import Protocol
from tests.fakes.telegram.refusal import Refusal
from tests.fakes.telegram.webhook import Webhook
from tests.fakes.telegram.world import Chat, Json, World

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


class FakeTelegram:
    """Telegram with one bot. `url` is the clients' base_url, `webhook` Telegram's side of one.

    Telegram uses no number twice: a second fake for the same bot has to begin with another `first`.
    """

    def __init__(
        self,
        token: str = TOKEN,
        username: str = "firstline_bot",
        port: int = 0,
        first: int = 1,
    ) -> None:
        self.token = token
        self.world = World(token, username, first)
        self.webhook = Webhook(self.world.updates)
        self.faults = Faults()
        self._sender = Sender(self.world, self.webhook)
        self._ids = count(5001)
        protocol = Protocol(self.world, self.webhook, self.faults)
        self.app = Starlette(routes=protocol.routes, lifespan=self._lifespan)
        self._server = Loopback(self.app, port)
        self.origin = self._server.origin
        self.url = f"{self.origin}/bot"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()

    # People, and what they see

    def user(self, name: str, language: str = "en", number: int | None = None) -> Person:
        """A person; one whom the bot doesn't know yet, unless the number is that of another."""
        number = number or next(self._ids)
        about = {"first_name": name, "username": f"{name.lower()}_{number}"}
        raw = {"id": number, "is_bot": False, **about, "language_code": language}
        chat = self.world.chat({"id": number, "type": "private", **about})
        return Person(raw, chat, self._sender)

    def group(self, title: str) -> Group:
        number = -1_001_000_000_000 - next(self._ids)
        return Group(self.world.chat({"id": number, "type": "supergroup", "title": title}))

    def chat(self, whose: Person | Group) -> Chat:
        return whose.chat

    def sends(self, update: Json) -> Json | None:
        """Any update; its id is given anew. Its chat comes to exist."""
        content = {key: value for key, value in update.items() if key != "update_id"}
        for part in content.values():
            if isinstance(part, dict) and "chat" in part:
                self.world.chat(part["chat"])
        return self._sender.send(content)

    # What goes wrong

    def refuses(
        self,
        method: str,
        status: int,
        description: str = "Internal Server Error",
        at: Person | Group | None = None,
        times: int = 1,
        **parameters: int,
    ) -> None:
        """The next `times` calls; `retry_after` shuts the chat for that long."""
        refusal = Refusal(status, description, **parameters)
        self._plan("refuse", method, at, times, refusal=refusal)

    def hangs(
        self, method: str, seconds: float, at: Person | Group | None = None, times: int = 1
    ) -> None:
        """The next `times` calls are answered only after that long."""
        self._plan("hang", method, at, times, seconds=seconds)

    def drops(self, method: str, at: Person | Group | None = None, times: int = 1) -> None:
        """The next `times` calls are carried out, and the connection breaks before the answer."""
        self._plan("drop", method, at, times)

    def calls(self, method: str) -> list[Call]:
        return [call for call in list(self.faults.calls) if call.method.lower() == method.lower()]

    def _plan(
        self, kind: Kind, method: str, at: Person | Group | None, times: int, **more: Any
    ) -> None:
        chat_id = at.chat.id if at else None
        self.faults.planned.append(Fault(kind, method, chat_id, times, **more))

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        await self.webhook.start()
        yield
        await self.webhook.stop()
