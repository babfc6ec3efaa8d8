"""What customers asked, and what they said of the answers, read from the stored conversations."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, aliased

from bot.conversation import Author, Conversation, Message
from bot.policy import Act
from bot.regression.question import PastQuestion
from bot.settings import Desk

# What the bot does about a question, as opposed to flows, small talk and wishes for a person.
ON_QUESTIONS = {Act.ANSWER, Act.INTERRUPT, Act.CHOOSE, Act.REPHRASE}
GAVE_UP = "low_confidence_twice"
CHOSE = "customer_chose_article"
NOT_HELPED = {"answer_did_not_help", "second_answer_did_not_help"}


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a customer said in a conversation, what the bot did, and the articles it gave."""

    conversation: int
    desk: str
    text: str
    act: str
    reason: str
    articles: frozenset[str]

    @property
    def is_question(self) -> bool:
        return (self.act in ON_QUESTIONS and self.reason != CHOSE) or self.reason == GAVE_UP


@dataclass(slots=True)
class _Question:
    """A question while the turns after it are read; `given` are the articles given last."""

    turn: _Turn
    given: frozenset[str]
    helpful: frozenset[str] | None = None
    unhelpful: frozenset[str] = frozenset()

    def known(self, desk: Desk) -> PastQuestion:
        return PastQuestion(
            self.turn.text, desk, self.helpful, self.unhelpful - (self.helpful or set())
        )


def past_questions(session: Session, desks: Mapping[str, Desk], limit: int) -> list[PastQuestion]:
    """At most `limit` questions out of as many conversations, newest first, each once.

    The article that a customer said helped is right, one that they said didn't is unhelpful. Of
    the same words asked twice, the newest that somebody judged count.
    """
    found: dict[tuple[str, str], PastQuestion] = {}
    for question in _questions(session, limit):
        desk = question.turn.desk
        if desk not in desks:
            continue
        known = question.known(desks[desk])
        key = desk, " ".join(known.text.casefold().split())
        if key not in found or (known.is_judged and not found[key].is_judged):
            found[key] = known
    return list(found.values())[:limit]


def _questions(session: Session, limit: int) -> Iterator[_Question]:
    turns = _turns(session, limit)
    for _, conversation in groupby(turns, key=attrgetter("conversation")):
        yield from _followed(conversation)


def _followed(conversation: Iterable[_Turn]) -> list[_Question]:
    """The questions of one conversation, with what was said of their answers afterwards."""
    questions: list[_Question] = []
    open_question: _Question | None = None
    for turn in conversation:
        if turn.is_question:
            open_question = _Question(turn, turn.articles)
            questions.append(open_question)
        elif open_question is None:
            continue
        elif turn.reason == CHOSE:
            open_question.given = turn.articles
        elif turn.act == Act.HELPED:
            open_question.helpful = open_question.given or None
        elif turn.reason in NOT_HELPED:
            open_question.unhelpful |= open_question.given
        else:  # another matter: what is said next isn't about this answer
            open_question = None
    return questions


def _turns(session: Session, limit: int) -> Iterator[_Turn]:
    lines = session.execute(_lines(limit))
    for _, said in groupby(lines, key=lambda line: (line.conversation_id, line.answers)):
        first, *more = said
        sources = [source for line in (first, *more) for source in line.content.get("sources", [])]
        yield _Turn(
            first.conversation_id,
            first.desk,
            first.text,
            first.act,
            first.reason,
            frozenset(source["article_id"] for source in sources),
        )


def _lines(limit: int) -> Select[Any]:
    """The bot's lines in the newest conversations, each with the customer's that it answers."""
    said, heard = aliased(Message), aliased(Message)
    newest = select(Conversation.id).order_by(Conversation.id.desc()).limit(limit)
    same = and_(heard.conversation_id == said.conversation_id, heard.seq == said.answers)
    return (
        select(
            said.conversation_id,
            Conversation.desk,
            said.answers,
            heard.text,
            said.evidence["act"].as_string().label("act"),
            said.evidence["reason"].as_string().label("reason"),
            said.content,
        )
        .join(heard, same)
        .join(Conversation, Conversation.id == said.conversation_id)
        .where(said.author == Author.BOT, said.conversation_id.in_(newest))
        .order_by(said.conversation_id.desc(), said.seq)
    )
