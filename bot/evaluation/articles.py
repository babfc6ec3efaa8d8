"""Which articles questions find, and which they find instead."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.evaluation.answers import Outcome


@dataclass(frozen=True, slots=True)
class ArticleConfusion:
    """Questions that one article answers and that found another one first."""

    wanted: str
    found: str
    outcomes: list[Outcome]


@dataclass(frozen=True, slots=True)
class ArticleRecall:
    """How many questions an article answers, and for how many it was found."""

    article: str
    questions: int
    first: int
    first_three: int


def confuse_articles(outcomes: Sequence[Outcome]) -> list[ArticleConfusion]:
    """The pairs of articles that are confused, most often first."""
    groups: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.answerable and outcome.found and not outcome.first_is_right:
            groups[min(outcome.question.articles), outcome.found[0]].append(outcome)
    confused = [ArticleConfusion(wanted, found, each) for (wanted, found), each in groups.items()]
    return sorted(confused, key=lambda each: -len(each.outcomes))


def recall_by_article(outcomes: Sequence[Outcome]) -> list[ArticleRecall]:
    """Each article that a question is about, the hardest to find first."""
    by_article: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for article in outcome.question.articles:
            by_article[article].append(outcome)
    rows = list(_recalls(by_article))
    return sorted(rows, key=lambda row: (row.first / row.questions, -row.questions, row.article))


def _recalls(by_article: Mapping[str, list[Outcome]]) -> Iterator[ArticleRecall]:
    for article, outcomes in by_article.items():
        first = sum(each.first_is_right for each in outcomes)
        in_three = sum(bool(each.question.articles & {*each.found[:3]}) for each in outcomes)
        yield ArticleRecall(article, len(outcomes), first, in_three)
