"""How well the bot does on labelled questions: one turn each, in a conversation of its own."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.engine import Engine, Turn
from bot.knowledge import Knowledge
from bot.settings import PUBLIC, Desk
from bot.speech import CHOSE_ARTICLE


class EvaluationError(Exception):
    """A file of questions is wrong; the message names the line and the mend."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as somebody typed it; `articles` answer it, none if it can't be answered."""

    id: str
    text: str
    audience: str
    articles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to a question: the articles found, best first, what the bot did, the article
    that it gave and those that it offered to choose from."""

    question: Question
    found: tuple[str, ...]
    act: str
    given: str | None
    offered: frozenset[str]

    @property
    def answerable(self) -> bool:
        return bool(self.question.articles)

    @property
    def right(self) -> bool:
        return self.given in self.question.articles

    @property
    def wrong(self) -> bool:
        return self.given is not None and not self.right


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over the questions. Shares are of the questions that they are about."""

    answerable: int
    unanswerable: int
    first: float
    first_three: float
    answered_right: float
    offered_right: float
    answered_wrong: float
    refused: float
    flows: int
    confusions: list[tuple[str, str, int]]


def read_questions(path: Path) -> list[Question]:
    """Read JSON Lines `{"id","query","article_ids":[...]|null,"audience"?}`."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise EvaluationError(f"{path} can't be read: {error.strerror}") from error
    return [_question(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _question(path: Path, number: int, line: str) -> Question:
    try:
        fields = json.loads(line)
        articles = fields.get("article_ids") or [fields.get("article_id")]
        return Question(
            id=str(fields.get("id", number)),
            text=fields["query"],
            audience=fields.get("audience", PUBLIC),
            articles=frozenset(each for each in articles if each),
        )
    except (ValueError, KeyError, AttributeError, TypeError):
        raise EvaluationError(
            f'{path}:{number}: write {{"id", "query", "article_ids": [...] or null}}'
        ) from None


def evaluate(engine: Engine, knowledge: Knowledge, questions: Sequence[Question]) -> list[Outcome]:
    """Ask each question. Raises EvaluationError for a label that names no article."""
    known = {article.id for article in knowledge.index.articles}
    for question in questions:
        unknown = question.articles - known
        if unknown:
            raise EvaluationError(f"question {question.id}: no article is called {min(unknown)}")
    return [_ask(engine, knowledge, question) for question in questions]


def _ask(engine: Engine, knowledge: Knowledge, question: Question) -> Outcome:
    audiences = frozenset({PUBLIC, question.audience})
    turn = engine.respond(question.text, None, {}, Desk(audiences=audiences), "0")
    hits = knowledge.search(question.text, audiences, 3)
    sources = [source.article_id for reply in turn.replies for source in reply.sources]
    return Outcome(
        question=question,
        found=tuple(hit.article_id for hit in hits),
        act=str(turn.evidence["act"]),
        given=sources[0] if sources else None,
        offered=frozenset(_choices(turn)),
    )


def _choices(turn: Turn) -> Iterator[str]:
    for reply in turn.replies:
        for button in reply.buttons:
            intent, _, slots = button.payload.partition("{")
            if intent == f"/{CHOSE_ARTICLE}":
                yield json.loads("{" + slots)["article"]


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Sum the outcomes up. `answered_wrong` is a share of all questions, `refused` of those
    that nothing answers; a flow that starts is neither right nor wrong."""
    answerable = [each for each in outcomes if each.answerable]
    unanswerable = [each for each in outcomes if not each.answerable]
    return Figures(
        answerable=len(answerable),
        unanswerable=len(unanswerable),
        first=_share(
            answerable, [each.question.articles & {*each.found[:1]} for each in answerable]
        ),
        first_three=_share(
            answerable, [each.question.articles & {*each.found} for each in answerable]
        ),
        answered_right=_share(answerable, [each.right for each in answerable]),
        offered_right=_share(
            answerable, [each.question.articles & each.offered for each in answerable]
        ),
        answered_wrong=_share(outcomes, [each.wrong for each in outcomes]),
        refused=_share(unanswerable, [each.given is None for each in unanswerable]),
        flows=sum(each.act == "flow" for each in outcomes),
        confusions=_confusions(outcomes),
    )


def _share(of: Sequence[Outcome], which: Sequence[object]) -> float:
    return sum(map(bool, which)) / len(of) if of else 0.0


def _confusions(outcomes: Sequence[Outcome]) -> list[tuple[str, str, int]]:
    """(wanted, found first, how often), most frequent first."""
    pairs = Counter(
        (min(each.question.articles), each.found[0])
        for each in outcomes
        if each.found and each.answerable and each.found[0] not in each.question.articles
    )
    return [(wanted, found, count) for (wanted, found), count in pairs.most_common()]
