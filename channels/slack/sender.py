"""Posts lines: where everybody there sees them, or so that only the asker does."""

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import update
from starlette.concurrency import run_in_threadpool

from bot.conversation import CONVERSATIONS, Author, Conversation, Identity
from bot.db import Database
from channels.base import Outgoing
from channels.slack.address import Address
from channels.slack.blocks import posting, small
from channels.slack.cards import Posting
from channels.slack.events import CHANNEL
from channels.slack.site import Site
from channels.slack.web_api import WebApi, send_errors

OUT_OF_REACH = frozenset({"channel_not_found", "not_in_channel", "user_not_in_channel"})


class Sender:
    """A private line that comes at once is shown in the channel. What people write comes later, and
    Slack keeps no such message for a reader who has left: that goes to the reader's direct
    messages, and the conversation with it."""

    def __init__(self, api: WebApi, site: Site, database: Database) -> None:
        self._api = api
        self._site = site
        self._database = database

    async def send(self, line: Outgoing) -> str:
        """Returns the message's reference. Raises SendError."""
        to, said = Address.parse(line.address), posting(line, self._site)
        client = await self._api.client(line.account)
        with send_errors():
            if to.user is None:
                return await _post(client, to, said)
            shown = _comes_at_once(line) and await _whisper(client, to, to.user, said)
            return shown or await self._write_directly(client, line, to, to.user, said)

    async def _write_directly(
        self, client: AsyncWebClient, line: Outgoing, to: Address, user: str, said: Posting
    ) -> str:
        opened = await client.conversations_open(users=[user])
        about = [small(f"About what you asked in <#{to.channel}>")] if not to.is_direct else []
        direct = Address(opened["channel"]["id"])
        reference = await _post(client, direct, Posting(said.text, (*about, *said.blocks)))
        await run_in_threadpool(self._move, line, to, reference)
        return reference

    def _move(self, line: Outgoing, to: Address, reference: str) -> None:
        """Go on in the direct messages: what is a thread's conversation in a thread of its own."""
        channel, _, ts = reference.partition(":")
        moved = Address(channel, ts if to.thread else None)
        with self._database.write() as session:
            session.execute(
                update(CONVERSATIONS)
                .where(
                    CONVERSATIONS.c.id == line.conversation_id,
                    CONVERSATIONS.c.channel == CHANNEL,
                    CONVERSATIONS.c.address == line.address,
                )
                .values(address=str(moved))
            )
            conversation = session.get_one(Conversation, line.conversation_id)
            if moved.place:
                thread = Identity(
                    channel=CHANNEL,
                    account=line.account,
                    external_id=moved.place,
                    person_id=conversation.person_id,
                    conversation_id=conversation.id,
                    is_place=True,
                    trusted=conversation.trusted,
                )
                session.merge(thread)  # they may have answered there already


def _comes_at_once(line: Outgoing) -> bool:
    return line.author == Author.BOT or line.kind == "command"


async def _post(client: AsyncWebClient, to: Address, said: Posting) -> str:
    sent = await client.chat_postMessage(
        channel=to.channel,
        thread_ts=to.thread,
        text=said.text,
        blocks=said.blocks,
        unfurl_links=False,
        unfurl_media=False,
    )
    return f"{to.channel}:{sent['ts']}"


async def _whisper(client: AsyncWebClient, to: Address, user: str, said: Posting) -> str | None:
    """Show it in the channel to one person; None where the app or the person can't be."""
    try:
        shown = await client.chat_postEphemeral(
            channel=to.channel,
            user=user,
            thread_ts=to.thread,
            text=said.text,
            blocks=said.blocks,
        )
    except SlackApiError as error:
        if error.response.get("error") in OUT_OF_REACH:
            return None
        raise
    return f"{to.channel}:{shown['message_ts']}"
