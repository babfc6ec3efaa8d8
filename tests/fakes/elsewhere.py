"""Somebody on a channel that is sent to, without the channel: what they write goes into the inbox,
and what waits to be sent to them is what they hear."""

import secrets
from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.conversation import Message, Status
from bot.db import Database
from channels.inbox import Inbound, Inbox
from tests.fakes.browser import until


@dataclass
class Chat:
    """One person's direct chat."""

    client: TestClient
    sender: str
    channel: str = "telegram"
    account: str = "1000"
    desk: str = "customers"

    def says(self, text: str, **more: Any) -> int:
        """The conversation that the line is in, once it has been handled."""
        inbox: Inbox = self.client.app.state.inbox  # type: ignore[attr-defined]
        accepted = inbox.receive(self.line(text, **more))
        settle(self.client, accepted.conversation_id)
        return accepted.conversation_id

    def line(self, text: str, **more: Any) -> Inbound:
        return Inbound(
            self.channel,
            self.desk,
            self.sender,
            text,
            external_id=secrets.token_hex(8),
            account=self.account,
            address=f"to {self.sender}",
            **more,
        )

    def hears(self) -> list[str]:
        """What is sent to them, or waits to be."""
        with database_of(self.client).read() as session:
            return list(
                session.scalars(
                    select(Message.text)
                    .where(
                        Message.channel == self.channel,
                        Message.account == self.account,
                        Message.address == f"to {self.sender}",
                    )
                    .order_by(Message.id)
                )
            )


def settle(client: TestClient, conversation_id: int) -> None:
    """Wait until every line of the conversation has been handled."""

    def is_handled() -> bool:
        waiting = select(Message.id).where(
            Message.conversation_id == conversation_id, Message.status == Status.RECEIVED
        )
        with database_of(client).read() as session:
            return session.scalar(waiting.limit(1)) is None

    until(is_handled)


def database_of(client: TestClient) -> Database:
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    return database
