"""Rasa's callback channel: messages come in by HTTP, and what we say is posted to an address."""

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from bot.client_settings import Callback
from bot.settings import Settings, SettingsError
from channels.base import Outgoing, SendError
from channels.inbox import Inbound, Inbox, id_of_sender
from channels.rasa.entries import Said, entries
from channels.rest import Metadata, RestMessage

CHANNEL = "callback"
LONGEST_PAUSE = 600.0  # seconds, whatever the answer asks for
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
REFUSED_FOR_GOOD = frozenset({400, 410, 413, 422})  # the line itself won't do, now or later


class CallbackChannel:
    """One address, to which each entry is posted by itself, in order."""

    name = CHANNEL

    def __init__(self, callback: Callback, settings: Settings, inbox: Inbox) -> None:
        if callback.desk not in settings.desks:
            raise SettingsError(f'callback.desk: no desk is called "{callback.desk}"')
        self._desk = callback.desk
        self._trusted = settings.desks[callback.desk].open
        self._inbox = inbox
        self._base = settings.public_url.rstrip("/")
        self._url = callback.url.get_secret_value()
        headers = {name: value.get_secret_value() for name, value in callback.headers.items()}
        self._client = httpx.AsyncClient(headers=headers, timeout=TIMEOUT)
        self._begun: dict[tuple[int, int], int] = {}  # how many entries of a line have arrived
        self.router = self._routes()

    async def start(self) -> None:
        """Nothing is to be listened for."""

    async def stop(self) -> None:
        await self._client.aclose()

    async def turn(self, account: str, address: str) -> None:
        """The address says by itself when it is too much, and the outbox tries again."""

    async def send(self, line: Outgoing) -> None:
        """Post the line, or the rest of it after an attempt that failed halfway."""
        said = Said(line.conversation_id, line.text, line.content, line.kind, line.name)
        this = (line.conversation_id, line.seq)
        for number, entry in enumerate(entries(said, line.address, self._base)):
            if number < self._begun.get(this, 0):
                continue
            await self._post(entry)
            self._begun[this] = number + 1
        self._begun.pop(this, None)

    async def typing(self, account: str, address: str) -> None:
        """Rasa's clients know no such sign."""

    async def fetch(self, account: str, source: str, limit: int) -> bytes:
        raise SendError("no files come in over the callback channel", permanent=True)

    def _routes(self) -> APIRouter:
        router = APIRouter(prefix="/webhooks/callback", tags=["rasa"])

        @router.get("/")
        def health() -> dict[str, str]:
            """As Rasa's callback channel says that it is there."""
            return {"status": "ok"}

        @router.post("/webhook", response_class=PlainTextResponse)
        def webhook(request: Request, body: RestMessage) -> str:
            """Store a message; what is said to it is posted to the callback address."""
            self._take(body)
            return "success"

        return router

    def _take(self, body: RestMessage) -> None:
        metadata = body.metadata or Metadata()
        self._inbox.receive(
            Inbound(
                CHANNEL,
                self._desk,
                body.sender,
                body.message,
                metadata.message_id and id_of_sender(body.sender, metadata.message_id),
                name=metadata.name,
                address=body.sender,
                trusted=self._trusted,
                details=body.details(),
            )
        )

    async def _post(self, entry: dict[str, object]) -> None:
        """Raises SendError. The address itself is told nobody: it may hold a secret."""
        try:
            response = await self._client.post(self._url, json=entry)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise SendError("the callback address can't be reached") from error
        except httpx.HTTPError as error:
            raise SendError("the callback address gave no answer", uncertain=True) from error
        except httpx.InvalidURL as error:
            raise SendError("the callback address is none", permanent=True) from error
        if response.is_success:
            return
        status = response.status_code
        raise SendError(
            f"the callback address answers with HTTP {status}",
            permanent=status in REFUSED_FOR_GOOD,
            retry_after=_retry_after(response) if status in (429, 503) else None,
        )


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds to wait that the answer asks for."""
    asked = response.headers.get("retry-after", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isdecimal() else None
