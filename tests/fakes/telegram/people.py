"""People on Telegram, and what they do to the bot."""

import re
import secrets
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import PurePath

from tests.fakes.telegram.markup import utf16_length
from tests.fakes.telegram.webhook import Webhook
from tests.fakes.telegram.world import Chat, Json, Shown, World

MENTIONS = re.compile(r"(?P<bot_command>(?<!\S)/[A-Za-z0-9_]+(?:@\w+)?)|(?P<mention>@\w{3,})")


class Sender:
    """Hands what happens on Telegram to the bot."""

    def __init__(self, world: World, webhook: Webhook) -> None:
        self.world = world
        self._webhook = webhook

    def send(self, content: Json) -> Json | None:
        """The update, as the bot will get it; None for a kind that it doesn't want."""
        with self.world.lock:
            update = self.world.updates.add(deepcopy(content))  # as it is now
        if update:
            self._webhook.offer(update)
        return update


@dataclass
class Group:
    """A group that the bot is in; give it to what a person does as `at`."""

    chat: Chat


@dataclass
class Person:
    """Somebody with a private chat with the bot. What they do returns Telegram's Message."""

    raw: Json
    chat: Chat
    sender: Sender

    @property
    def id(self) -> int:
        return int(self.raw["id"])

    @property
    def sees(self) -> list[Shown]:
        """Everything in the private chat, oldest first."""
        return self.chat.shown

    def says(self, text: str, at: Group | None = None, **more: object) -> Json:
        return self._posts({"text": text, **_marks(text), **more}, at)

    def replies(self, to: int, text: str, at: Group | None = None) -> Json:
        """Replies to the message of that number in the chat."""
        quoted = (at.chat if at else self.chat).messages[to]
        return self.says(text, at, reply_to_message=quoted)

    def edits(self, message: Json, text: str) -> Json:
        changed = message | {"text": text, **_marks(text), "edit_date": int(time.time())}
        self.sender.world.chats[message["chat"]["id"]].messages[message["message_id"]] = changed
        self.sender.send({"edited_message": changed})
        return changed

    def presses(self, title: str, at: Group | None = None) -> str:
        """Presses the newest button of that title; returns the id of the press."""
        chat = at.chat if at else self.chat
        for shown in reversed(chat.sent):
            for row in shown.raw.get("reply_markup", {}).get("inline_keyboard", ()):
                for button in row:
                    if button["text"] == title:
                        return self.presses_again(shown.raw, button["callback_data"])
        raise AssertionError(f'no button says "{title}": {[each.buttons for each in chat.sent]}')

    def presses_again(self, message: Json, data: str) -> str:
        """A press of a button that may be gone by now."""
        query = secrets.token_hex(8)
        self.sender.world.queries[query] = None
        self.sender.send(
            {
                "callback_query": {
                    "id": query,
                    "from": self.raw,
                    "message": message,
                    "chat_instance": "42",
                    "data": data,
                }
            }
        )
        return query

    def was_told(self, query: str) -> str | None:
        """The word with which a press was answered; None while it isn't answered."""
        return self.sender.world.queries[query]

    def sends_photo(self, data: bytes, caption: str = "", at: Group | None = None) -> Json:
        small = self._file("photos", ".jpg", data[: len(data) // 4])
        large = self._file("photos", ".jpg", data)
        sizes = [small | {"width": 90, "height": 67}, large | {"width": 800, "height": 600}]
        return self._posts({"photo": sizes, **_caption(caption)}, at)

    def sends_document(
        self,
        name: str,
        data: bytes,
        media_type: str = "application/octet-stream",
        caption: str = "",
        size: int | None = None,
    ) -> Json:
        """`size` is what Telegram says it is, if that isn't the truth."""
        file = self._file("documents", PurePath(name).suffix, data, size)
        about = file | {"file_name": name, "mime_type": media_type}
        return self._posts({"document": about, **_caption(caption)})

    def sends_voice(self, data: bytes, seconds: int = 3) -> Json:
        file = self._file("voice", ".oga", data)
        return self._posts({"voice": file | {"duration": seconds, "mime_type": "audio/ogg"}})

    def sends_location(self, latitude: float, longitude: float) -> Json:
        return self._posts({"location": {"latitude": latitude, "longitude": longitude}})

    def sends_contact(self, name: str, number: str) -> Json:
        return self._posts({"contact": {"first_name": name, "phone_number": number}})

    def sends_sticker(self, emoji: str) -> Json:
        about = {"type": "regular", "width": 512, "height": 512, "emoji": emoji}
        kind = {"is_animated": False, "is_video": False}
        return self._posts({"sticker": self._file("stickers", ".webp", b"RIFF") | about | kind})

    def blocks(self) -> None:
        self.chat.blocked = True
        self._becomes("member", "kicked")

    def unblocks(self) -> None:
        self.chat.blocked = False
        self._becomes("kicked", "member")

    def _becomes(self, old: str, new: str) -> None:
        bot = self.sender.world.bot

        def status(word: str) -> Json:
            return {"user": bot, "status": word} | ({"until_date": 0} if word == "kicked" else {})

        change = {"old_chat_member": status(old), "new_chat_member": status(new)}
        about = {"chat": self.chat.raw, "from": self.raw, "date": int(time.time())}
        self.sender.send({"my_chat_member": about | change})

    def _posts(self, content: Json, at: Group | None = None) -> Json:
        with self.sender.world.lock:
            message = (at.chat if at else self.chat).put(self.raw, content)
            self.sender.send({"message": message})
        return message

    def _file(self, folder: str, suffix: str, data: bytes, size: int | None = None) -> Json:
        return self.sender.world.keep_file(folder, suffix, data, size)


def _caption(text: str) -> Json:
    return {"caption": text} if text else {}


def _marks(text: str) -> Json:
    """Telegram finds mentions and commands in what people write."""
    found = [
        {
            "type": match.lastgroup,
            "offset": utf16_length(text[: match.start()]),
            "length": utf16_length(match[0]),
        }
        for match in MENTIONS.finditer(text)
    ]
    return {"entities": found} if found else {}
