"""The bot's evidence for a turn, ready to be shown; what isn't known here is listed as it is."""

from dataclasses import dataclass, field
from typing import Any

from handoff.console.words import WORDS, reason_in_words

Evidence = dict[str, Any]
SHOWN = {
    "reason",
    "kind",
    "act",
    "confidence",
    "intent",
    "ranking",
    "hits",
    "frustration",
    "language",
    "timings",
}
MOST = 8  # rows of a ranking, hits


@dataclass(frozen=True, slots=True)
class Share:
    """Something with a probability or a score in 0..1."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that the search found. `score` is None when the search gave none."""

    article_id: str
    title: str
    heading: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Why:
    """Why the bot said it."""

    reason: str | None = None
    kind: str | None = None
    confidence: float | None = None
    intent: Share | None = None
    ranking: list[Share] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    frustration: list[Share] = field(default_factory=list)
    moved_by: list[str] = field(default_factory=list)
    rest: list[tuple[str, str]] = field(default_factory=list)


def explain(evidence: Evidence | None) -> Why | None:
    """What the evidence says; None when there is none."""
    if not evidence:
        return None
    frustration = evidence.get("frustration")
    if isinstance(frustration, int | float):
        frustration = {"conversation": frustration}
    reason = _text(evidence.get("reason"))
    ranking = _shares(evidence.get("ranking"))
    return Why(
        reason=reason_in_words(reason) if reason else None,
        kind=_text(evidence.get("kind")) or _text(evidence.get("act")),
        confidence=_number(evidence.get("confidence")),
        intent=_intent(evidence.get("intent"), ranking),
        ranking=ranking,
        hits=_hits(evidence.get("hits")),
        frustration=_levels(frustration),
        moved_by=_moved_by(frustration),
        rest=_rest(evidence),
    )


def _intent(raw: Any, ranking: list[Share]) -> Share | None:
    share = _share(raw) if isinstance(raw, dict) else None
    name = _text(raw)
    if share or not name:
        return share
    return next((one for one in ranking if one.name == name), Share(name, 1.0))


def _shares(raw: Any) -> list[Share]:
    """From [{name, probability}], [[name, probability]] or {name: probability}."""
    pairs = list(raw.items()) if isinstance(raw, dict) else raw
    if not isinstance(pairs, list | tuple):
        return []
    return [share for one in pairs[:MOST] if (share := _share(one))]


def _share(raw: Any) -> Share | None:
    if isinstance(raw, dict):
        name = raw.get("name", raw.get("intent"))
        value = _number(raw.get("probability", raw.get("confidence")))
    elif isinstance(raw, list | tuple) and len(raw) == 2:
        name, value = raw[0], _number(raw[1])
    else:
        return None
    return Share(str(name), value) if name is not None and value is not None else None


def _hits(raw: Any) -> list[Hit]:
    if not isinstance(raw, list | tuple):
        return []
    return [_hit(one) for one in raw[:MOST] if isinstance(one, dict)]


def _hit(raw: Evidence) -> Hit:
    article = str(raw.get("article_id") or "")
    return Hit(
        article,
        str(raw.get("title") or article),
        str(raw.get("heading") or ""),
        _number(raw.get("score", raw.get("confidence"))),
    )


def _levels(raw: Any) -> list[Share]:
    if not isinstance(raw, dict):
        return []
    levels = (("this message", raw.get("turn")), ("conversation", raw.get("conversation")))
    return [Share(name, value) for name, level in levels if (value := _number(level)) is not None]


def _moved_by(raw: Any) -> list[str]:
    said = raw.get("evidence") if isinstance(raw, dict) else None
    if not isinstance(said, list | tuple):
        return []
    return [WORDS.get(word, f"“{word}”") for word in map(str, said)]


def _rest(evidence: Evidence) -> list[tuple[str, str]]:
    timings = evidence.get("timings")
    times = timings if isinstance(timings, dict) else {}
    others = {name: value for name, value in evidence.items() if name not in SHOWN}
    return [
        (str(name).replace("_", " "), _plain(value))
        for name, value in {**others, **times}.items()
        if value not in (None, "", [], {}, ())
    ]


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(one) for one in value)
    return str(value)


def _text(raw: Any) -> str | None:
    return raw if isinstance(raw, str) and raw else None


def _number(raw: Any) -> float | None:
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None
