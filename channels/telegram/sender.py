"""Sends a line of ours: its messages one after the other, and each no more than once."""

from telegram import LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated

from channels.base import Outgoing
from channels.telegram.address import Address, parse_address
from channels.telegram.api import Api
from channels.telegram.pace import Pace
from channels.telegram.rendering import keyboard, parts
from channels.telegram.richtext import Run, plain, to_html
from channels.telegram.updates import reference

Line = tuple[int, int]  # conversation and number
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Sender:
    """`base` is where relative links lead to."""

    def __init__(self, api: Api, pace: Pace, base: str) -> None:
        self._api = api
        self._pace = pace
        self._base = base
        self._begun: dict[Line, int] = {}  # how many messages of a long line have been sent

    async def send(self, line: Outgoing) -> str | None:
        """Send the line, or the rest of it after an attempt that failed halfway.

        Returns the reference of its last message. Raises TelegramError.
        """
        address = parse_address(line.address)
        messages = parts(line, self._base)
        this = (line.conversation_id, line.seq)
        sent = None
        for number, runs in enumerate(messages):
            if number < self._begun.get(this, 0):
                continue
            if sent:
                await self._pace.turn(address.chat_id)
            is_last = number == len(messages) - 1
            sent = await self._send(line, address, runs, number == 0, is_last)
            self._begun[this] = number + 1
        self._begun.pop(this, None)
        return reference(sent.chat.id, sent.message_id) if sent else None

    async def _send(
        self, line: Outgoing, address: Address, runs: list[Run], is_first: bool, is_last: bool
    ) -> Message:
        try:
            return await self._post(line, address, runs, is_first, is_last)
        except ChatMigrated as moved:  # the group has a new number
            return await self._post(line, Address(moved.new_chat_id), runs, is_first, is_last)

    async def _post(
        self, line: Outgoing, address: Address, runs: list[Run], is_first: bool, is_last: bool
    ) -> Message:
        async def post(text: str, parse_mode: str | None) -> Message:
            return await self._api.send_message(
                address.chat_id,
                text,
                parse_mode,
                message_thread_id=address.thread_id,
                link_preview_options=NO_PREVIEW,
                reply_parameters=_reply_to(line, address) if is_first else None,
                reply_markup=keyboard(line) if is_last else None,
            )

        try:
            return await post(to_html(runs), ParseMode.HTML)
        except BadRequest as error:
            if "can't parse entities" not in error.message.lower():
                raise
            return await post(plain(runs), None)


def _reply_to(line: Outgoing, address: Address) -> ReplyParameters | None:
    """In a group, what is said is a reply to whoever asked."""
    chat_id, _, message_id = (line.reply_to or "").partition(":")
    if not address.is_group or chat_id != str(address.chat_id):
        return None
    return ReplyParameters(int(message_id), allow_sending_without_reply=True)
