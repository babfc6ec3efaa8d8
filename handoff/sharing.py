"""One conversation across channels: those who are one person share it at each desk."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from bot.conversation import FETCHED, Author, Conversation, Identity, Message, State
from handoff.channel_names import title_of
from handoff.lease import has_waiting
from handoff.transcript import write_line

WITH_HUMAN = (State.QUEUED, State.OPEN)
IN_PLACES = select(Identity.conversation_id).where(
    Identity.is_place, Identity.conversation_id.is_not(None)
)


def changed(session: Session) -> set[int]:
    """Conversations, besides the one at hand, to look at again after the session's commit."""
    found: set[int] = session.info.setdefault("changed", set())
    return found


def tell_agents(session: Session, conversation: Conversation, text: str, kind: str) -> None:
    write_line(session, conversation, Author.SYSTEM, text, private=True, kind=kind)
    changed(session).add(conversation.id)


def living(session: Session, people: Collection[int], desk: str) -> Sequence[Conversation]:
    """The people's conversations at the desk that aren't resolved: those with a human first, then
    the latest. None that is held in a place of its own."""
    theirs = select(Identity.conversation_id).where(
        Identity.person_id.in_(people), ~Identity.is_place
    )
    found = session.scalars(
        select(Conversation).where(
            Conversation.id.in_(theirs),
            Conversation.desk == desk,
            Conversation.state != State.RESOLVED,
        )
    )
    return sorted(found, key=_rank, reverse=True)


def share(session: Session, one: Sequence[int], other: Sequence[int], because: str) -> None:
    """The people of the two families are one from now on: tell the agents, and let them share."""
    own = own_identities(session, [*one, *other])
    conversations = _locked(session, own)
    for conversation in conversations:
        if conversation.state != State.RESOLVED:
            title = describe(session, other if conversation.person_id in one else one)
            tell_agents(session, conversation, f"Joined with {title}, because {because}", "joined")
    for desk in {conversation.desk for conversation in conversations}:
        _share_at(session, [it for it in conversations if it.desk == desk], own)
    session.flush()


def part(session: Session, one: Sequence[int], other: Sequence[int], by: str) -> None:
    """The people of the two families are two again: each keeps the conversations that they opened
    and sees nothing more of the other's."""
    own = own_identities(session, [*one, *other])
    for conversation in _locked(session, own, opened_by=[*one, *other]):
        away = other if conversation.person_id in one else one
        strangers = [identity for identity in own if identity.person_id in away]
        guests = [guest for guest in strangers if guest.conversation_id == conversation.id]
        for guest in guests:
            guest.conversation_id = _last_opened(session, away, conversation.desk)
        if guests:
            _close_side_doors(session, conversation)
        if guests or any(_may_be_held_with(conversation, stranger) for stranger in strangers):
            _send_home(session, conversation)
        if conversation.state != State.RESOLVED:
            title = describe(session, away)
            tell_agents(session, conversation, f"Split from {title} by {by}", "split")
    session.flush()


def own_identities(session: Session, people: Iterable[int]) -> Sequence[Identity]:
    """The people's names on channels; no places."""
    return session.scalars(
        select(Identity)
        .where(Identity.person_id.in_(people), ~Identity.is_place)
        .order_by(Identity.person_id, Identity.channel, Identity.account, Identity.external_id)
    ).all()


def describe(session: Session, people: Sequence[int]) -> str:
    """A person as lines for agents call them: by no name, which an erasure would leave there."""
    channels = sorted({identity.channel for identity in own_identities(session, people)})
    titles = ", ".join(title_of(channel) for channel in channels)
    return f"person {people[0]}" + (f" ({titles})" if titles else "")


def _rank(conversation: Conversation) -> tuple[bool, datetime]:
    return conversation.state in WITH_HUMAN, conversation.updated_at


def _locked(
    session: Session, identities: Iterable[Identity], opened_by: Iterable[int] = ()
) -> Sequence[Conversation]:
    """The conversations that they are in, and those that people once opened, not in places; so
    that nobody writes to them meanwhile."""
    ids = {identity.conversation_id for identity in identities} - {None}
    opened = and_(Conversation.person_id.in_(opened_by), Conversation.id.not_in(IN_PLACES))
    return session.scalars(
        select(Conversation)
        .where(or_(Conversation.id.in_(ids), opened))
        .order_by(Conversation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _share_at(
    session: Session, conversations: Sequence[Conversation], own: Sequence[Identity]
) -> None:
    """Everyone moves to the conversation that a human has, else to the latest that lives.

    Nobody leaves a human's conversation, nor one where a line waits for its answer.
    """
    alive = [it for it in conversations if it.state != State.RESOLVED]
    if not alive:
        return
    shared = max(alive, key=_rank)
    for left in conversations:
        if left is shared or left.state in WITH_HUMAN or has_waiting(session, left.id):
            continue
        for identity in own:
            if identity.conversation_id == left.id:
                identity.conversation_id = shared.id
        if left.state == State.BOT:
            left.state = State.RESOLVED
            tell_agents(session, left, f"Continued in conversation {shared.id}", "continued")


def _last_opened(session: Session, people: Collection[int], desk: str) -> int | None:
    """The last conversation that one of the people opened at the desk, not in a place."""
    return session.scalar(
        select(Conversation.id)
        .where(
            Conversation.person_id.in_(people),
            Conversation.desk == desk,
            Conversation.id.not_in(IN_PLACES),
        )
        .order_by(Conversation.id.desc())
        .limit(1)
    )


def _close_side_doors(session: Session, conversation: Conversation) -> None:
    """Threads that lead into it, as that of an e-mail sent for an unread line, may be a guest's."""
    session.execute(
        delete(Identity).where(Identity.conversation_id == conversation.id, Identity.is_place)
    )


def _may_be_held_with(conversation: Conversation, stranger: Identity) -> bool:
    """Whether the last to write there may have been the stranger."""
    here = (conversation.channel, conversation.account)
    return here == (stranger.channel, stranger.account)


def _send_home(session: Session, conversation: Conversation) -> None:
    """Replies go to where the conversation was opened: that was by its own person for sure."""
    in_order = (
        select(Message).where(Message.conversation_id == conversation.id).order_by(Message.seq)
    )
    first = session.scalar(in_order.limit(1))
    if first is None:
        return
    here = (Message.channel == first.channel, Message.account == first.account)
    sent = session.scalar(in_order.where(*here, Message.address.is_not(None)).limit(1))
    conversation.channel, conversation.account = first.channel, first.account
    conversation.address = sent.address if sent and sent.address else ""
    conversation.trusted = first.channel in FETCHED or _is_trusted(session, conversation)


def _is_trusted(session: Session, conversation: Conversation) -> bool:
    """Whether the person who opened it may be shown the desk's own articles where it is held."""
    trusted = session.scalars(
        select(Identity.trusted).where(
            Identity.person_id == conversation.person_id,
            Identity.channel == conversation.channel,
            Identity.account == conversation.account,
            ~Identity.is_place,
        )
    ).all()
    return bool(trusted) and all(trusted)
