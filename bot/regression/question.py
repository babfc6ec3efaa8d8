"""A question as it was asked before, and what is known of its answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.evaluation.questions import Question
from bot.settings import Desk, Settings


class Verdict(StrEnum):
    """What an answer is worth. To refuse what nothing answers is right."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PastQuestion:
    """A question and the desk that it was asked of.

    `right` are the articles that answer it: empty if nothing does, None if nobody has said.
    `unhelpful` are those that a customer was given and said were no help.
    """

    text: str
    desk: Desk
    right: frozenset[str] | None = None
    unhelpful: frozenset[str] = frozenset()

    @property
    def is_judged(self) -> bool:
        return self.right is not None or bool(self.unhelpful)

    def verdict(self, articles: frozenset[str]) -> Verdict:
        """What it is worth to answer with these articles; with none, to refuse."""
        if self.right is not None and (articles & self.right or articles == self.right):
            return Verdict.RIGHT
        if not articles:
            return Verdict.REFUSED
        known_wrong = self.right is not None or articles <= self.unhelpful
        return Verdict.WRONG if known_wrong else Verdict.UNKNOWN


def labelled(questions: Iterable[Question], settings: Settings) -> list[PastQuestion]:
    """The operator's labelled questions; their labels are the truth."""
    return [
        PastQuestion(each.text, settings.desk_for(each.audience), each.articles)
        for each in questions
    ]
