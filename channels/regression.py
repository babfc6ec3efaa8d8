"""Regression checks, and the record of those that went live, on the terminal and as JSON."""

from itertools import islice

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.policy import Act
from bot.regression.history import KnowledgeChange
from bot.regression.replay import Answer, Comparison, Effect
from bot.regression.report import Report, Shift
from bot.turn import JSON

SHOWN = 20  # of each kind; JSON has all
TITLES = {
    Effect.BROKEN: "Broken: right before, or at least not wrong",
    Effect.REFUSED: "No longer answered",
    Effect.CHANGED: "Answered differently",
    Effect.ANSWERED: "Newly answered",
    Effect.MENDED: "Right now",
}
SHARES = ("recall", "wrong")
REFUSALS = {Act.CHOOSE: "offers a choice", Act.REPHRASE: "asks to rephrase", Act.FLOW: "a flow"}


def summary(report: Report) -> str:
    """The check in a few lines."""
    asked = len(report.comparisons)
    if not asked:
        return "No question was replayed."
    effects = ", ".join(f"{report.effects[effect]} {effect}" for effect in Effect)
    shares = {"answered rightly": report.recall, "answered wrongly": report.wrong}
    judged = [f"{name}: {_shift(it)}" for name, it in shares.items() if it.of]
    removed = [
        f"{article} is removed; it answered {count} of the questions"
        for article, count in report.asked_of_removed.most_common()
    ]
    return "\n".join([f"{asked} questions replayed: {effects}", *judged, *removed])


def _shift(shift: Shift) -> str:
    shares = f"{shift.share_before:.1%} before, {shift.share_after:.1%} now"
    return f"{shares}, of {shift.of} questions whose answer is known"


def show(report: Report, console: Console) -> None:
    """What changes, the worst first, and whether it may go live."""
    for effect, title in TITLES.items():
        found = [each for each in report.comparisons if each.effect is effect]
        if found:
            console.print(_table(f"{title} ({len(found)})", found), soft_wrap=False)
    console.print(summary(report), markup=False)
    for remark in report.remarks:
        console.print(f"{remark}.", style="yellow", markup=False)
    for problem in report.problems:
        console.print(f"{problem}.", style="red", markup=False)


def _table(title: str, comparisons: list[Comparison]) -> Table:
    table = Table("Question", "Before", "Now", title=title, title_justify="left", box=None)
    for each in islice(comparisons, SHOWN):
        new_text = each.before.articles == each.after.articles
        now = _in_words(each.after) + (" (new text)" if new_text else "")
        question = " ".join(each.question.text.split())
        table.add_row(Text(question), Text(_in_words(each.before)), Text(now))
    if len(comparisons) > SHOWN:
        table.add_row(f"and {len(comparisons) - SHOWN} more: see --json", style="dim")
    return table


def _in_words(answer: Answer) -> str:
    what = ", ".join(sorted(answer.articles)) or REFUSALS.get(Act(answer.act), "refuses")
    return f"{what} {answer.confidence:.0%}"


def as_object(report: Report) -> JSON:
    """The whole report."""
    changes = [each for each in report.comparisons if each.effect is not Effect.SAME]
    return {
        "refused": bool(report.problems),
        "problems": report.problems,
        "remarks": report.remarks,
        **report.figures(),
        "changes": [_change(each) for each in changes],
    }


def _change(comparison: Comparison) -> JSON:
    right = comparison.question.right
    return {
        "effect": comparison.effect,
        "question": comparison.question.text,
        "right": None if right is None else sorted(right),
        "unhelpful": sorted(comparison.question.unhelpful),
        "before": _answer(comparison.before),
        "after": _answer(comparison.after),
    }


def _answer(answer: Answer) -> JSON:
    return {
        "act": answer.act,
        "articles": sorted(answer.articles),
        "text": answer.text,
        "confidence": answer.confidence,
    }


def in_a_line(change: KnowledgeChange) -> str:
    """One change of the record; the time is UTC."""
    shares = [
        f"{name} {_past_shift(each)}" for name, each in change.figures.items() if name in SHARES
    ]
    counts = f"+{change.added} ~{change.changed} -{change.removed}"
    forced = [f'forced: "{change.reason}"'] if change.reason else []
    return "  ".join([f"{change.at:%Y-%m-%d %H:%M}", change.who, counts, *shares, *forced])


def _past_shift(figures: JSON) -> str:
    return f"{figures['before']:.1%} -> {figures['after']:.1%}"


def past_change(change: KnowledgeChange) -> JSON:
    """One change, as JSON."""
    names = ("who", "added", "changed", "removed", "reason", "figures")
    at = change.at.isoformat(timespec="seconds")
    return {"at": at, **{name: getattr(change, name) for name in names}}
