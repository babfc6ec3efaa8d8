"""One self-contained page with the pictures that people want of their bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.evaluation import charts
from bot.evaluation.answers import Outcome
from bot.evaluation.articles import confuse_articles, recall_by_article
from bot.evaluation.cross_validation import IntentConfusion
from bot.evaluation.frustration import Followed
from bot.evaluation.history import Snapshot, figure_changes, in_words, question_changes
from bot.evaluation.metrics import Figure, RiskPoint, reliability, risk_coverage

LIMITS = (0.01, 0.02, 0.05, 0.1)
NO_SHARES = {"ece", "frustration_turn_auroc", "frustration_turns_before_asking"}
LONG = 4  # customer turns from which a dialogue is worth a picture


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page tells. `threshold` is the confidence from which the bot answers,
    chosen for at most `max_wrong` wrong answers; `titles` are the articles' by their ids."""

    company: str
    made: datetime
    figures: Sequence[Figure]
    outcomes: Sequence[Outcome]
    threshold: float
    max_wrong: float
    intents: IntentConfusion
    dialogs: Sequence[Followed]
    patience: float
    titles: Mapping[str, str]
    before: Snapshot | None


def render(report: Report, tokens: str) -> str:
    """The page as HTML; `tokens` is CSS with the design tokens."""
    environment = Environment(
        loader=PackageLoader("bot.evaluation"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"share": _share, "value": _value}
    changes = figure_changes(report.figures, report.before)
    return environment.get_template("report.html").render(
        report=report,
        tokens=tokens,
        changes=changes,
        by_name={change.figure.name: change for change in changes},
        moved=list(question_changes(report.outcomes, report.before)),
        risk=_risk(report),
        bins=list(reliability(_confidences(report), _right(report))),
        by_share=charts.shares(),
        confused=confuse_articles(report.outcomes),
        recalls=recall_by_article(report.outcomes),
        stories=_stories(report),
        in_words=in_words,
        charts=charts,
    )


def _share(value: float) -> str:
    return f"{100 * value:.1f}".removesuffix(".0") + "%"


def _value(value: float | None, name: str) -> str:
    """A figure as people read it: counts as they are, shares in percent, others as numbers."""
    if value is None or isinstance(value, int):
        return "–" if value is None else f"{value:,}"
    return f"{round(value, 3):g}" if name in NO_SHARES else _share(value)


def _confidences(report: Report) -> list[float]:
    return [outcome.confidence for outcome in report.outcomes]


def _right(report: Report) -> list[bool]:
    return [outcome.first_is_right for outcome in report.outcomes]


@dataclass(frozen=True, slots=True)
class _Risk:
    """The risk-coverage curve (coverage, risk) up to the end of the axis, the point that the
    threshold picks, and what each of LIMITS would allow."""

    curve: list[charts.Point]
    axis: charts.Axis
    chosen: RiskPoint | None
    allowed: list[tuple[float, RiskPoint | None]]


def _risk(report: Report) -> _Risk:
    points = risk_coverage(_confidences(report), _right(report))
    within = {limit: [each for each in points if each.risk <= limit] for limit in LIMITS}
    over = [point for point in points if point.threshold >= report.threshold]
    chosen = over[-1] if over else None
    # Nobody wants a bot that is wrong more often than this; the rest would only dwarf the start.
    axis = charts.shares(1.5 * max(LIMITS[-1], report.max_wrong, chosen.risk if chosen else 0))
    shown = [(each.coverage, each.risk) for each in points if each.risk <= axis.top]
    return _Risk(
        curve=[(0.0, 0.0), *shown],
        axis=axis,
        chosen=chosen,
        allowed=[(limit, each[-1] if each else None) for limit, each in within.items()],
    )


def _stories(report: Report) -> list[tuple[str, Followed]]:
    """A dialogue that was noticed early, one that stayed calm, and one that was missed."""
    long = [each for each in report.dialogs if len(each.scores) >= LONG]
    fired = {each.dialog.id: each.fires(report.patience) is not None for each in long}
    noticed = [each for each in long if each.dialog.escalate and fired[each.dialog.id]]
    calm = [each for each in long if each.dialog.escalate is False and not fired[each.dialog.id]]
    missed = [each for each in long if each.dialog.escalate and not fired[each.dialog.id]]
    picked = (
        (
            "Noticed in time",
            max(noticed, key=lambda each: each.lead(report.patience), default=None),
        ),
        ("Calm to the end", max(calm, key=lambda each: len(each.scores), default=None)),
        ("Missed", max(missed, key=lambda each: len(each.scores), default=None)),
    )
    return [(title, followed) for title, followed in picked if followed]
