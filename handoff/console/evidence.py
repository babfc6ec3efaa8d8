"""The bot's evidence for a turn (bot.evidence), ready to be shown.

Read with care: it may be older than this code. What isn't known here is listed as it is.
"""

from dataclasses import dataclass, field
from typing import Any

from handoff.console.json_values import as_words, mapping, mappings, number, text
from handoff.console.words import act_in_words, reason_in_words, sign_in_words, threshold_in_words

Evidence = dict[str, Any]
SHOWN = {
    *("reason", "act", "confidence", "intent", "in_scope", "ranking", "entities", "article"),
    *("hits", "questions", "frustration", "language", "thresholds"),
}
UNLIKELY = 0.01  # an intent that isn't worth naming beside the first


@dataclass(frozen=True, slots=True)
class Share:
    """Something with a probability in 0..1."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that the search found: `dense` is its likeness in meaning, `lexical` in words,
    `question` the known question that is most like the customer's."""

    title: str
    heading: str
    score: float | None
    dense: float | None
    lexical: float | None
    question: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One of several questions in a message; `title` is the article that answers it, if any."""

    text: str
    confidence: float | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure the bot was, how sure it had to be to answer (`least`), `because` of what, and to
    offer a `choice`. `lead` is the first article's score over the second's, `margin` the least."""

    confidence: float
    least: float | None = None
    because: str = ""
    choice: float | None = None
    lead: float | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """The customer's frustration, what moved it, and from where a person takes over."""

    turn: float | None
    conversation: float | None
    limit: float | None
    moved_by: list[str]


@dataclass(frozen=True, slots=True)
class Why:
    """Why the bot said it. `intents` are the likeliest first, `act_from` is the least probability
    of one that is acted on, `noted` are the entities, `follows` is the earlier question that the
    message was read together with."""

    reason: str | None = None
    decision: str | None = None
    intents: list[Share] = field(default_factory=list)
    act_from: float | None = None
    in_scope: float | None = None
    noted: list[str] = field(default_factory=list)
    follows: str | None = None
    language: str | None = None
    sureness: Sureness | None = None
    hits: list[Hit] = field(default_factory=list)
    questions: list[Asked] = field(default_factory=list)
    patience: Patience | None = None
    rest: list[tuple[str, str]] = field(default_factory=list)


def explain(evidence: Evidence | None) -> Why | None:
    """What the evidence says; None when there is none."""
    if not evidence:
        return None
    reason, act = text(evidence.get("reason")), text(evidence.get("act"))
    thresholds = mapping(evidence.get("thresholds"))
    return Why(
        reason=reason_in_words(reason) if reason else None,
        decision=act_in_words(act) if act else None,
        intents=_intents(evidence),
        act_from=number(thresholds.get("danger" if reason == "danger_reported" else "flow")),
        in_scope=number(evidence.get("in_scope")),
        noted=[
            f"{str(one.get('entity')).replace('_', ' ')}: {as_words(one.get('value'))}"
            for one in mappings(evidence.get("entities"))
        ],
        follows=text(mapping(evidence.get("article")).get("follows")),
        language=text(mapping(evidence.get("language")).get("name")),
        sureness=_sureness(evidence),
        hits=[_hit(one) for one in mappings(evidence.get("hits"))],
        questions=[_asked(one) for one in mappings(evidence.get("questions"))],
        patience=_patience(evidence),
        rest=[
            (str(name).replace("_", " "), as_words(value))
            for name, value in evidence.items()
            if name not in SHOWN and value not in (None, "", [], {})
        ],
    )


def _intents(evidence: Evidence) -> list[Share]:
    """The intent, and what else it may have been."""
    first = _share(mapping(evidence.get("intent")))
    ranking = [share for one in mappings(evidence.get("ranking")) if (share := _share(one))]
    if not first:
        return ranking
    others = (one for one in ranking if one.name != first.name and one.value >= UNLIKELY)
    return [first, *others]


def _share(raw: Evidence) -> Share | None:
    name, value = text(raw.get("name")), number(raw.get("confidence"))
    return Share(name, value) if name and value is not None else None


def _sureness(evidence: Evidence) -> Sureness | None:
    """Of the article where one was looked for, else of what was done."""
    article, thresholds = mapping(evidence.get("article")), mapping(evidence.get("thresholds"))
    confidence = number(article.get("confidence"))
    if confidence is None:
        confidence = number(evidence.get("confidence"))
        return None if confidence is None else Sureness(confidence)
    return Sureness(
        confidence,
        least=number(thresholds.get("answer")),
        because=threshold_in_words(
            text(thresholds.get("answer_by")), number(thresholds.get("max_wrong_answers"))
        ),
        choice=number(thresholds.get("choice")),
        lead=number(article.get("lead")) if len(mappings(evidence.get("hits"))) > 1 else None,
        margin=number(thresholds.get("margin")),
    )


def _hit(raw: Evidence) -> Hit:
    return Hit(
        title=str(raw.get("title") or raw.get("article_id") or ""),
        heading=str(raw.get("heading") or ""),
        score=number(raw.get("score")),
        dense=number(raw.get("dense")),
        lexical=number(raw.get("lexical")),
        question=text(raw.get("question")),
    )


def _asked(raw: Evidence) -> Asked:
    title = text(raw.get("title"))
    return Asked(str(raw.get("question") or ""), number(raw.get("confidence")), title)


def _patience(evidence: Evidence) -> Patience | None:
    levels = mapping(evidence.get("frustration"))
    turn, conversation = number(levels.get("turn")), number(levels.get("conversation"))
    if turn is None and conversation is None:
        return None
    limit = number(mapping(evidence.get("thresholds")).get("frustration"))
    signs = levels.get("evidence")
    moved_by = map(sign_in_words, map(str, signs if isinstance(signs, list) else []))
    return Patience(turn, conversation, limit, list(moved_by))
