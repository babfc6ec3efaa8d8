"""Why the bot did what it did: what it knew of a message, as JSON that is kept with the reply."""

from bot.case import Asked, Case
from bot.policy import DANGER, Act, Decision
from bot.settings import PolicySettings
from bot.turn import JSON
from kb_index.search import Hit

RANKED = 5


def evidence_of(case: Case, decision: Decision, policy: PolicySettings) -> JSON:
    """For agents' eyes: what was understood and found, how sure the bot was of it, how sure it
    had to be, and what was decided. Shares and scores have four digits."""
    heard, frustration = case.heard, case.frustration
    evidence = {
        "act": decision.act,
        "reason": decision.reason,
        "confidence": round(_sureness(case, decision), 4),
        "intent": _share(heard.intent, heard.confidence),
        "in_scope": round(heard.in_scope, 4),
        "ranking": [_share(*each) for each in heard.ranking[:RANKED]],
        "entities": [{"entity": each.entity, "value": each.value} for each in heard.entities],
        "actions": list(case.actions),
        "story": case.course.story,
        "hits": list(map(_hit, case.hits)),
        "questions": list(map(_question, case.questions)),
        "frustration": {
            "turn": round(frustration.turn, 4),
            "conversation": round(frustration.conversation, 4),
            "evidence": list(frustration.evidence),
        },
        "thresholds": {
            **policy.model_dump(),
            "answer": round(case.answer_from, 4),
            "answer_by": case.answer_by,
            "danger": DANGER,
        },
    }
    if case.hits and not case.chosen:
        evidence["article"] = {
            "confidence": round(case.confidence, 4),
            "lead": round(case.lead, 4),
            "follows": case.follows,
        }
    if case.foreign:
        evidence["language"] = case.foreign.as_evidence()
    return evidence


def _sureness(case: Case, decision: Decision) -> float:
    """How sure the bot is of what it does: of the article, or of the intent where that decided."""
    by_intent = (Act.FLOW, Act.SMALL_TALK, Act.CANCEL, Act.HELPED)
    asked_for = decision.handoff in ("asked_for_person", "safety")
    return case.heard.confidence if decision.act in by_intent or asked_for else case.confidence


def _share(name: str, probability: float) -> JSON:
    return {"name": name, "confidence": round(probability, 4)}


def _hit(hit: Hit) -> JSON:
    return {
        "article_id": hit.article_id,
        "title": hit.title,
        "heading": hit.heading,
        "score": round(hit.score, 4),
        "dense": round(hit.dense, 4),
        "lexical": round(hit.lexical, 4),
        "question": hit.question,
    }


def _question(asked: Asked) -> JSON:
    return {
        "question": asked.text,
        "follows": asked.follows,
        "confidence": round(asked.confidence, 4),
        "article_id": asked.article_id if asked.known else None,
        "title": asked.hits[0].title if asked.known else None,
    }
