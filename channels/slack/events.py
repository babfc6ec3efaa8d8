"""Slack's events as messages of ours. Nothing here asks or stores anything."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints

from channels.inbox import File, Inbound
from channels.slack.address import Address
from channels.slack.emoji import with_emoji
from channels.slack.plain import plain

CHANNEL = "slack"
# What somebody wrote; the other subtypes are Slack's or another app's words.
WRITTEN = frozenset({None, "file_share", "me_message", "thread_broadcast"})
UNKNOWN_TYPE = "application/octet-stream"
CALLED = "@Firstline"
LONGEST_SOURCE = 1000  # characters of a URL that can be stored
QUOTED = 300  # characters of a forwarded message that came with words of one's own

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,32}$")]
Ts = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}$")]
Change = Literal["edit", "deletion"]


class Named(BaseModel):
    """Something of which only the id matters."""

    id: Id


class SharedFile(BaseModel):
    """A file of a message. Where it is has to be asked for, if Slack doesn't say."""

    id: Id
    name: str | None = None
    mimetype: str | None = None
    size: int | None = None
    url_private_download: str | None = None

    def as_file(self) -> File:
        url = self.url_private_download or ""
        return File(
            self.name or self.id,
            self.mimetype or UNKNOWN_TYPE,
            source=url if 0 < len(url) <= LONGEST_SOURCE else self.id,
            size=self.size,
        )


class Attached(BaseModel):
    """Another message that was forwarded with this one, or a link's preview."""

    is_share: bool = False
    text: str | None = None


class Post(BaseModel):
    """A message as Slack describes it."""

    ts: Ts
    user: Id | None = None
    bot_id: Id | None = None
    subtype: str | None = None
    text: str | None = None
    thread_ts: Ts | None = None
    blocks: Any = None
    files: list[SharedFile] = []
    attachments: list[Attached] = []

    @property
    def words(self) -> str:
        return with_emoji(self.text or "", self.blocks)

    @property
    def is_by_a_person(self) -> bool:
        return bool(self.user) and not self.bot_id and self.subtype in WRITTEN

    @property
    def forwarded(self) -> str:
        return next((each.text for each in self.attachments if each.is_share and each.text), "")


class Event(Post):
    """What happened in a channel: a new message, or a change of the one in `message`."""

    type: str
    channel: Id
    channel_type: str | None = None
    event_ts: Ts | None = None
    message: Post | None = None
    previous_message: Post | None = None

    @property
    def is_direct(self) -> bool:
        return self.channel_type == "im" or self.channel.startswith("D")

    def subject(self) -> tuple[Post | None, Change | None]:
        """The message that it is about, and what was done to it; no message if nothing was."""
        before, after = self.previous_message, self.message
        match self.subtype:
            case "message_deleted":
                return before, "deletion"
            case "message_changed" if after and after.subtype == "tombstone":
                return before, "deletion"
            case "message_changed":  # or a reply was counted, or a link's preview came
                is_edit = after and not (before and before.text == after.text)
                return (after, "edit") if is_edit else (None, None)
        return self, None


class Authorization(BaseModel):
    """An installation of the app that may see an event; `user_id` is the app's user there."""

    user_id: Id | None = None


class Envelope(BaseModel):
    """An event with what Slack says around it."""

    event_id: Id
    authorizations: list[Authorization] = []
    is_ext_shared_channel: bool = False
    event: Event

    @property
    def us(self) -> str | None:
        return self.authorizations[0].user_id if self.authorizations else None


@dataclass(frozen=True, slots=True)
class Heard:
    """A message from Slack. `unasked`: said in a channel without calling on us, so that it is for
    us only in a thread of ours. `is_shared`: people of other organisations may be there."""

    inbound: Inbound
    unasked: bool
    is_shared: bool


def parse_message(body: dict[str, Any], account: str, desk: str, *, private: bool) -> Heard | None:
    """What a person said, changed or deleted, of a `message` or `app_mention` event; else None.

    `account` is the installation that it came to. `private`: who asks in a channel is answered so
    that nobody else sees it. Raises ValidationError for a shape that isn't known.
    """
    envelope = Envelope.model_validate(body)
    post, change = envelope.event.subject()
    if post is None or not post.is_by_a_person:
        return None
    inbound = _inbound(envelope, post, change, account, desk, private)
    return Heard(inbound, _is_unasked(envelope, post, change), envelope.is_ext_shared_channel)


def _inbound(
    envelope: Envelope,
    post: Post,
    change: Change | None,
    account: str,
    desk: str,
    private: bool,
) -> Inbound:
    event = envelope.event
    address = _address(event, post, private)
    reference = f"{event.channel}:{post.ts}"
    return Inbound(
        channel=CHANNEL,
        desk=desk,
        sender=post.user or "",
        external_id=envelope.event_id if change else reference,
        account=account,
        place=address.place,
        address=str(address),
        reference=reference,
        change=change,
        origin=microseconds((change and event.event_ts) or event.ts),
        files=() if change else tuple(file.as_file() for file in post.files),
        details={"direct": True} if event.is_direct else {},
        **_words(post, change, envelope.us),
    )


def _words(post: Post, change: Change | None, us: str | None) -> dict[str, Any]:
    """What was said: in words, by a forwarded message, or by nothing but our name."""
    if change == "deletion":
        return {"text": ""}
    text, forwarded = plain(post.words, us), plain(post.forwarded)
    if not (text or forwarded or post.files or change):
        return {"text": CALLED, "payload": "/greet"}
    return {"text": text or forwarded, "quote": forwarded[:QUOTED] if text else None}


def _address(event: Event, post: Post, private: bool) -> Address:
    """Where the answer goes: to the thread. In a channel each question begins one."""
    if event.is_direct:
        return Address(event.channel, post.thread_ts)
    return Address(event.channel, post.thread_ts or post.ts, post.user if private else None)


def _is_unasked(envelope: Envelope, post: Post, change: Change | None) -> bool:
    event = envelope.event
    if event.is_direct or event.type == "app_mention":
        return False
    return bool(change) or f"<@{envelope.us}" not in (post.text or "")


def microseconds(ts: str) -> int:
    """Slack's time stamp, which is also its order, as a number."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
