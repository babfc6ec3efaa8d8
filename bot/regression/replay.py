"""Asks the bot the same questions on the live knowledge base and on a candidate for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog

from bot.engine import Engine, Turn
from bot.failures import failure
from bot.regression.question import PastQuestion, Verdict

log = structlog.get_logger()


class Effect(StrEnum):
    """What a change does to one question, worst first."""

    BROKEN = "broken"  # right before, or at least not wrong
    REFUSED = "refused"  # answered before
    CHANGED = "changed"  # another article, or another text of it
    ANSWERED = "answered"  # refused before
    MENDED = "mended"  # right now
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot does with a question: the articles that it quotes and their text, if any."""

    act: str
    articles: frozenset[str]
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question's answers on the live knowledge base and on the candidate."""

    question: PastQuestion
    before: Answer
    after: Answer

    @property
    def verdicts(self) -> tuple[Verdict, Verdict]:
        return self.question.verdict(self.before.articles), self.question.verdict(
            self.after.articles
        )

    @property
    def effect(self) -> Effect:
        was, now = self.verdicts
        if now != was:
            if was is Verdict.RIGHT or now is Verdict.WRONG:
                return Effect.BROKEN
            if now is Verdict.RIGHT:
                return Effect.MENDED
        if not self.before.articles:
            return Effect.ANSWERED if self.after.articles else Effect.SAME
        if not self.after.articles:
            return Effect.REFUSED
        same = (self.before.articles, self.before.text) == (self.after.articles, self.after.text)
        return Effect.SAME if same else Effect.CHANGED


def replay(
    questions: Sequence[PastQuestion],
    live: Engine,
    candidate: Engine,
    progress: Callable[[int, int], None],
) -> Iterator[Comparison]:
    """Ask both, each question in a conversation of its own with the desk that it was asked of."""
    for done, question in enumerate(questions, 1):
        yield Comparison(question, _answer(live, question), _answer(candidate, question))
        progress(done, len(questions))


def _answer(engine: Engine, question: PastQuestion) -> Answer:
    turn = _respond(engine, question)
    quoting = [reply for reply in turn.replies if reply.sources]
    return Answer(
        act=str(turn.evidence["act"]),
        articles=frozenset(source.article_id for reply in quoting for source in reply.sources),
        text="\n\n".join(reply.text for reply in quoting),
        confidence=float(turn.evidence["confidence"]),
    )


def _respond(engine: Engine, question: PastQuestion) -> Turn:
    try:
        return engine.respond(question.text, None, {}, question.desk, "0")
    except Exception as error:  # as a customer would have it: a person takes over
        log.error("bot failed in a replay", **failure(error))
        return Turn.failed({}, type(error).__name__)
