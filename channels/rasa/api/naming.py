"""Conversations as Rasa's clients name them: by the sender's id.

A name is the id on one of the channels of Rasa's clients, wherever it wrote last; else, for who may
see all, `channel:id`, as in `telegram:700100`.
"""

from dataclasses import replace

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.conversation import RASA_CLIENTS, Conversation, Identity
from bot.settings import Settings
from channels.inbox import Inbound
from channels.rest import CHANNEL

DESK = "customers"


class Named:
    """A name, and what it stands for: an identity and its conversation, or nothing yet."""

    def __init__(self, session: Session, name: str, *, may_see_all: bool) -> None:
        self.name = name
        self.identity = _latest(session, Identity.channel.in_(RASA_CLIENTS), name)
        channel, colon, sender = name.partition(":")
        if self.identity is None and may_see_all and colon:
            self.identity = _latest(session, Identity.channel == channel, sender)
        held_in = self.identity and self.identity.conversation_id
        self.conversation = session.get(Conversation, held_in) if held_in else None
        if self.conversation:
            self.identity = _present(session, self.conversation) or self.identity

    def inbound(self, settings: Settings, text: str) -> Inbound:
        """A message by, or an event about, whoever is called so; it moves nothing elsewhere."""
        if self.identity is None:
            return Inbound(CHANNEL, DESK, self.name, text, trusted=True)
        identity, conversation = self.identity, self.conversation
        is_desk = identity.account in settings.desks
        inbound = Inbound(
            identity.channel,
            identity.account if is_desk else DESK,
            identity.external_id,
            text,
            account=identity.account,
            place=identity.external_id if identity.is_place else None,
            trusted=identity.trusted,
        )
        if conversation is None:
            return inbound
        inbound = replace(inbound, desk=conversation.desk)
        if (conversation.channel, conversation.account) == (identity.channel, identity.account):
            return replace(inbound, address=conversation.address, trusted=conversation.trusted)
        return inbound


def _latest(session: Session, channel: ColumnElement[bool], sender: str) -> Identity | None:
    """The identity of that name that was heard of last."""
    return session.scalar(
        select(Identity)
        .outerjoin(Conversation, Conversation.id == Identity.conversation_id)
        .where(channel, Identity.external_id == sender)
        .order_by(Conversation.updated_at.desc().nulls_last(), Identity.channel)
        .limit(1)
    )


def _present(session: Session, conversation: Conversation) -> Identity | None:
    """The identity by which the customer is in the conversation where they wrote last."""
    return session.scalar(
        select(Identity)
        .where(
            Identity.conversation_id == conversation.id,
            Identity.channel == conversation.channel,
            Identity.account == conversation.account,
        )
        .order_by(Identity.is_place.desc())
        .limit(1)
    )
