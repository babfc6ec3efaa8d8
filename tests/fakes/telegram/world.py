"""What the fake Telegram knows: chats with their messages, files, and what waits for the bot."""

import secrets
import threading
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Json = dict[str, Any]

# Sent only if a bot asks for them by name.
BY_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(frozen=True)
class Shown:
    """A message as people see it in the chat; `buttons` are the titles on the keyboard, by row."""

    id: int
    by_bot: bool
    text: str
    buttons: tuple[tuple[str, ...], ...]
    entities: tuple[Json, ...]
    reply_to: int | None
    raw: Json


@dataclass
class Chat:
    """A private chat, a group or a channel; `raw` is Telegram's Chat object."""

    raw: Json
    numbers: "count[int]"
    messages: dict[int, Json] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    typing_until: float = 0  # a monotonic time
    blocked: bool = False

    @property
    def id(self) -> int:
        return int(self.raw["id"])

    @property
    def shown(self) -> list[Shown]:
        """Everything in the chat, oldest first."""
        return [_shown(message) for message in list(self.messages.values())]

    @property
    def sent(self) -> list[Shown]:
        """What the bot has sent."""
        return [message for message in self.shown if message.by_bot]

    @property
    def texts(self) -> list[str]:
        """What the bot has sent, in words."""
        return [message.text for message in self.sent]

    def put(self, sender: Json, content: Json) -> Json:
        """A new message in the chat."""
        number = next(self.numbers)
        head = {"message_id": number, "from": sender, "chat": self.raw, "date": int(time.time())}
        self.messages[number] = head | content
        return self.messages[number]


def _shown(message: Json) -> Shown:
    keyboard = message.get("reply_markup", {}).get("inline_keyboard", [])
    return Shown(
        message["message_id"],
        message["from"]["is_bot"],
        message.get("text") or message.get("caption", ""),
        tuple(tuple(button["text"] for button in row) for row in keyboard),
        tuple(message.get("entities", ())),
        message.get("reply_to_message", {}).get("message_id"),
        message,
    )


@dataclass(frozen=True)
class StoredFile:
    """`size` in bytes is what Telegram says."""

    path: str
    data: bytes
    size: int


class Updates:
    """What waits for the bot until it is confirmed, oldest first."""

    def __init__(self, first: int) -> None:
        self.waiting: dict[int, Json] = {}
        self.allowed: list[str] = []
        self._numbers = count(first)

    def add(self, content: Json) -> Json | None:
        """A new update, unless the bot doesn't want that kind."""
        kinds = content.keys()
        wanted = kinds & set(self.allowed) if self.allowed else kinds - BY_REQUEST
        if not wanted:
            return None
        update = {"update_id": next(self._numbers), **content}
        self.waiting[update["update_id"]] = update
        return update

    def confirm(self, offset: int) -> None:
        """Forget all below `offset`; a negative one keeps that many of the newest."""
        known = sorted(self.waiting)
        below = known[:offset] if offset < 0 else [each for each in known if each < offset]
        for update_id in below:
            del self.waiting[update_id]

    def batch(self, limit: int) -> list[Json]:
        return [self.waiting[each] for each in sorted(self.waiting)[:limit]]


class World:
    """All that one bot's Telegram holds. Whoever changes it, from whatever thread, holds `lock`.

    `first` is the number of the first update, and of the first message in each chat.
    """

    def __init__(self, token: str, username: str, first: int) -> None:
        self.lock = threading.RLock()
        self.token = token
        self.bot: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Firstline",
            "username": username,
        }
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.updates = Updates(first)
        self._first = first
        self.commands: list[Json] = []
        self.queries: dict[str, str | None] = {}  # presses -> the word they were answered with

    def chat(self, raw: Json) -> Chat:
        """The chat of that id; a new one if there is none."""
        with self.lock:
            return self.chats.setdefault(raw["id"], Chat(raw, count(self._first)))

    def keep_file(self, folder: str, suffix: str, data: bytes, size: int | None = None) -> Json:
        """The fields by which messages refer to a file."""
        file_id = f"AgAC{secrets.token_urlsafe(24)}"
        size = len(data) if size is None else size
        self.files[file_id] = StoredFile(f"{folder}/file_{len(self.files)}{suffix}", data, size)
        return {"file_id": file_id, "file_unique_id": file_id[-12:], "file_size": size}
