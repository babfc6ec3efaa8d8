"""Whether a changed knowledge base may go live, from what it does to the replayed questions."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb

from bot.regression.question import Verdict
from bot.regression.replay import Comparison, Effect
from bot.turn import JSON

# What would come about by chance more often than this refuses nothing: five questions that get
# worse are more than chance, four aren't.
CHANCE = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """By how much each share may get worse, 0..1."""

    recall_loss: float = 0.02
    wrong_rise: float = 0.01


@dataclass(frozen=True, slots=True)
class Shift:
    """How many of the same `of` questions had something before, and have it after."""

    of: int
    before: int
    after: int
    better: int
    worse: int

    @property
    def share_before(self) -> float:
        return self.before / self.of if self.of else 0.0

    @property
    def share_after(self) -> float:
        return self.after / self.of if self.of else 0.0

    @property
    def chance(self) -> float:
        """How likely so many of those that moved get worse, were better as likely.

        McNemar's test, exact and one-sided (McNemar 1947); 0.5 for a single question.
        """
        moved = self.better + self.worse
        return sum(comb(moved, worse) for worse in range(self.worse, moved + 1)) * 0.5**moved

    def figures(self) -> JSON:
        return {"of": self.of, "before": self.share_before, "after": self.share_after}


@dataclass(frozen=True)
class Report:
    """What a change does to the questions; `removed` are the articles that it takes away."""

    comparisons: Sequence[Comparison]
    removed: Collection[str]
    limits: Limits

    @cached_property
    def recall(self) -> Shift:
        """Those answered rightly, of the questions that an article is known to answer."""
        verdicts = [each.verdicts for each in self.comparisons if each.question.right]
        pairs = [(was is Verdict.RIGHT, now is Verdict.RIGHT) for was, now in verdicts]
        return _shift(pairs, better=(False, True))

    @cached_property
    def wrong(self) -> Shift:
        """Those answered wrongly, of the questions of whose answer something is known."""
        verdicts = [each.verdicts for each in self.comparisons if each.question.is_judged]
        pairs = [(was is Verdict.WRONG, now is Verdict.WRONG) for was, now in verdicts]
        return _shift(pairs, better=(True, False))

    @cached_property
    def asked_of_removed(self) -> Counter[str]:
        """How many of the questions were answered with each article that is taken away."""
        given = (article for each in self.comparisons for article in each.before.articles)
        return Counter(article for article in given if article in self.removed)

    @cached_property
    def effects(self) -> Counter[Effect]:
        return Counter(each.effect for each in self.comparisons)

    @property
    def problems(self) -> list[str]:
        """Why the change must not go live; none if it may."""
        return [text for text, shift in self._losses() if shift.chance < CHANCE]

    @property
    def remarks(self) -> list[str]:
        """What to know besides."""
        remarks = [
            f"{text}. So few may be chance (p = {shift.chance:.2f}), so this refuses nothing"
            for text, shift in self._losses()
            if shift.chance >= CHANCE
        ]
        if not self.comparisons:
            remarks.append(
                "Once customers have asked questions, or you label some, they are replayed"
            )
        elif not self.wrong.of:
            remarks.append("Of none of them is the right answer known, so nothing can be refused")
        return remarks

    def figures(self) -> JSON:
        """What is kept of the check; no customer's words."""
        return {
            "questions": len(self.comparisons),
            "recall": self.recall.figures(),
            "wrong": self.wrong.figures(),
            "effects": {effect: self.effects[effect] for effect in Effect},
            "removed": dict(self.asked_of_removed),
        }

    def _losses(self) -> Iterator[tuple[str, Shift]]:
        recall, wrong = self.recall, self.wrong
        if recall.share_before - recall.share_after > self.limits.recall_loss:
            limit = f"may fall by {self.limits.recall_loss:.1%}"
            yield f"Recall falls {_in_words(recall, 'with a known answer', limit)}", recall
        if wrong.share_after - wrong.share_before > self.limits.wrong_rise:
            limit = f"may rise by {self.limits.wrong_rise:.1%}"
            yield f"Wrong answers rise {_in_words(wrong, 'that were judged', limit)}", wrong


def _shift(pairs: Sequence[tuple[bool, bool]], better: tuple[bool, bool]) -> Shift:
    counts = Counter(pairs)
    return Shift(
        of=len(pairs),
        before=sum(was for was, _ in pairs),
        after=sum(now for _, now in pairs),
        better=counts[better],
        worse=counts[better[::-1]],
    )


def _in_words(shift: Shift, which: str, limit: str) -> str:
    return (
        f"from {shift.share_before:.1%} to {shift.share_after:.1%} of {shift.of} questions {which} "
        f"({shift.worse} worse, {shift.better} better; it {limit})"
    )
