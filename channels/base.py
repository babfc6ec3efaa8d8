"""What every channel that has to be sent to can do, and what it is given to send."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.conversation import Author
from bot.turn import Button, Source


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One line on its way to a customer.

    `address` is where the channel itself said that replies go. `name` is the agent's, of an agent's
    line. `markdown` marks text quoted from the knowledge base. `reply_to` is the channel's
    reference of the line that this one answers. `image` is the web address of a picture. `content`
    is what the stored line shows besides its text, for channels of clients made for Rasa.
    """

    conversation_id: int
    seq: int
    account: str
    address: str
    author: Author
    text: str
    kind: str | None = None
    name: str | None = None
    markdown: bool = False
    buttons: tuple[Button, ...] = ()
    sources: tuple[Source, ...] = ()
    ticket: str | None = None
    reply_to: str | None = None
    image: str | None = None
    content: dict[str, Any] = field(default_factory=dict)


class Channel(Protocol):
    """A place where customers write and where lines have to be sent to."""

    name: str

    async def turn(self, account: str, address: str) -> None:
        """Wait until the channel's rate limits let one more line out to the address."""

    async def send(self, line: Outgoing) -> str | None:
        """Deliver the line; returns the channel's reference of the message. Raises SendError."""

    async def typing(self, account: str, address: str) -> None:
        """Show that somebody is typing. Never raises; may be lost."""

    async def fetch(self, account: str, source: str, limit: int) -> bytes:
        """A file that the customer sent; `source` is what the channel called it.

        Raises SendError; permanent for a file that is larger than `limit` bytes or gone.
        """


class SendError(Exception):
    """A line was not delivered, or nobody knows. The message is fit for an agent's eyes.

    `permanent`: trying again is of no use. `blocked`: because the customer wants no more.
    `uncertain`: it may have arrived all the same. `retry_after`: seconds to wait, as told.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        blocked: bool = False,
        uncertain: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent or blocked
        self.blocked = blocked
        self.uncertain = uncertain
        self.retry_after = retry_after
