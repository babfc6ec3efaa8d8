"""Telegram's updates as what they mean to the desk: a message, a press of a button, a block."""

import re
from dataclasses import dataclass
from typing import Any

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType

from channels.inbox import Inbound
from channels.telegram.address import Address
from channels.telegram.commands import Command, parse_command
from channels.telegram.contents import contents
from handoff.transcript import printable

CHANNEL = "telegram"
QUOTED = 200  # characters of a message that another one replies to
LARGEST = 2**63 - 1  # what the database holds; Telegram's numbers have 52 bits

_PRESS = re.compile(r"([0-9]{1,18}):([0-9]{1,18}):([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button: the line that it stood below, and the message to be stored if it counts.

    `token` is the line's conversation and number and the button's index; None for a button that
    isn't ours. `chat_id` and `message_id` say where the keyboard is, unless it is gone.
    """

    query_id: str
    token: tuple[int, int, int] | None
    inbound: Inbound
    chat_id: int | None
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Block:
    """A customer wants to hear no more of us, or again."""

    sender: str
    is_blocked: bool


Act = Inbound | Press | Block


@dataclass(frozen=True, slots=True)
class Bot:
    """Us on Telegram; `username` without the "@", needed in groups only."""

    id: int
    username: str = ""


def is_in_group(update: Update) -> bool:
    chat = update.effective_chat
    return chat is not None and chat.type != ChatType.PRIVATE


def read(update: Update, bot: Bot, desk: str) -> Act | None:
    """What the update means; None for what isn't for the desk.

    The parser checks no types: whatever this raises, the update isn't Telegram's.
    """
    if update.callback_query:
        return _press(update, update.callback_query, bot, desk)
    if update.my_chat_member:
        return _block(update.my_chat_member)
    if message := update.message or update.edited_message:
        return _message(update, message, bot, desk)
    return None


def _message(update: Update, message: Message, bot: Bot, desk: str) -> Inbound | None:
    user = message.from_user
    found = contents(message)
    if not (user and found) or user.is_bot or message.sender_chat:
        return None
    is_edit = update.edited_message is not None
    if is_edit and message.location:
        return None  # a live location, once in a few seconds
    text, files = found
    command = parse_command(text)
    if message.chat.type != ChatType.PRIVATE and not _is_for(bot, message, text, command):
        return None
    replied = _replied(message)
    return Inbound(
        **_envelope(update, message.chat, _topic(message), user, bot, desk),
        text=command.text if command else _without_mention(text, bot),
        payload=command.payload if command and not is_edit else None,
        reference=reference(message.chat.id, message.message_id),
        change="edit" if is_edit else None,
        replies_to=reference(message.chat.id, replied.message_id) if replied else None,
        quote=_quote(message, replied),
        files=files,
    )


def _press(update: Update, query: CallbackQuery, bot: Bot, desk: str) -> Press | None:
    message = query.message
    if message is None:
        return None
    match = _PRESS.fullmatch(query.data or "")
    topic = _topic(message) if isinstance(message, Message) else None
    envelope = _envelope(update, message.chat, topic, query.from_user, bot, desk)
    return Press(
        query_id=query.id,
        token=(int(match[1]), int(match[2]), int(match[3])) if match else None,
        inbound=Inbound(**envelope, text=""),
        chat_id=message.chat.id,
        message_id=message.message_id,
    )


def _block(change: ChatMemberUpdated) -> Block | None:
    if change.chat.type != ChatType.PRIVATE:
        return None
    is_blocked = change.new_chat_member.status == ChatMemberStatus.BANNED
    return Block(str(_number(change.chat.id)), is_blocked)


def _envelope(
    update: Update, chat: Chat, topic: int | None, user: User, bot: Bot, desk: str
) -> dict[str, Any]:
    """Who wrote where; update ids are unique for each bot."""
    is_private = chat.type == ChatType.PRIVATE
    return {
        "channel": CHANNEL,
        "desk": desk,
        "account": str(bot.id),
        "external_id": str(_number(update.update_id)),
        "origin": update.update_id,
        "sender": str(_number(user.id)),
        "name": printable(user.full_name)[:QUOTED],
        "place": None if is_private else f"{_number(chat.id)}:{user.id}",
        "address": str(Address(_number(chat.id), _number(topic) if topic else None)),
    }


def _topic(message: Message) -> int | None:
    """Outside of topics, a thread is only a chain of replies, to which nothing can be sent."""
    return message.message_thread_id if message.is_topic_message else None


def reference(chat_id: int, message_id: int) -> str:
    """Our name for a message; its id alone is unique only within its chat."""
    return f"{_number(chat_id)}:{_number(message_id)}"


def _number(value: int) -> int:
    if type(value) is not int or abs(value) > LARGEST:
        raise ValueError("not an id")
    return value


def _is_for(bot: Bot, message: Message, text: str, command: Command | None) -> bool:
    """Whether a message in a group is meant for us."""
    if command and command.bot:
        return command.bot.lower() == bot.username.lower()
    replied = _replied(message)
    is_reply = bool(replied and replied.from_user and replied.from_user.id == bot.id)
    entities = (*message.entities, *message.caption_entities)
    is_named = any(each.user and each.user.id == bot.id for each in entities)
    return is_reply or is_named or bool(_mention(bot).search(text))


def _without_mention(text: str, bot: Bot) -> str:
    return _mention(bot).sub("", text).strip() if bot.username else text


def _mention(bot: Bot) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)@{re.escape(bot.username)}(?!\w)[,:]?\s*", re.IGNORECASE)


def _replied(message: Message) -> Message | None:
    """What the message replies to; in a topic each one "replies" to the topic's beginning."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created else replied


def _quote(message: Message, replied: Message | None) -> str | None:
    words = message.quote.text if message.quote else None
    if words is None and replied:
        words = replied.text or replied.caption
    return printable(words)[:QUOTED] if words else None
