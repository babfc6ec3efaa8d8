"""What to do with one message: a pure decision from what is known of it.

Threshold and reason are named separately, so that each decision can be explained. Nothing here
reads a text, a database or a clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.grader import ABUSE, SELF_HARM
from bot.settings import PolicySettings

SMALL_TALK = frozenset(
    {
        *("greet", "goodbye", "thank", "how_are_you", "bot_challenge", "compliment"),
        *("what_can_you_do", "affirm", "deny", "cancel_flow"),
    }
)

# A likelihood of danger that is enough: a needless call to a person costs little.
DANGER = 0.35


class Act(StrEnum):
    """What the bot does in a turn."""

    ANSWER = "answer"
    CHOOSE = "choose"
    FLOW = "flow"
    INTERRUPT = "interrupt"  # answer a question in the middle of a flow, then go on with it
    CANCEL = "cancel"
    SMALL_TALK = "small_talk"
    HELPED = "helped"
    RETRY = "retry"  # an answer didn't help: offer what else there is
    REPHRASE = "rephrase"
    HAND_OVER = "hand_over"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a message has been understood.

    `confidence` is the probability that the best article answers, `answer_from` the least that is
    enough to give it, `lead` how far its score is ahead of the next one's; `alternatives` counts
    the articles worth offering; `intent_confidence` is the intent's probability.

    `applies` says that a rule or a story has something come next, `starts_flow` that this is a form
    or an action, `in_context` that it rests on what was said before, and `fallback` what it is for:
    a message that isn't understood ("rule"), once more ("loop"). `form` says whether a form is
    open, `fills` whether the message gives what it asked for.

    `foreign` means that it is in a language that the desk does not speak, `alarm` that it is abuse
    or speaks of self-harm.
    """

    intent: str = ""
    intent_confidence: float = 0.0
    confidence: float = 0.0
    answer_from: float = 0.5
    lead: float = 1.0
    alternatives: int = 0
    chosen: bool = False
    already_unhelpful: bool = False
    applies: bool = False
    starts_flow: bool = False
    in_context: bool = False
    fallback: Literal["rule", "loop"] | None = None
    form: bool = False
    fills: bool = False
    asked: Literal["helped", "person"] | None = None
    failures: int = 0
    frustration: float = 0.0
    knowledge_empty: bool = False
    foreign: bool = False
    alarm: str | None = None
    attached: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do and why. `handoff` is set when a person takes over."""

    act: Act
    reason: str
    handoff: str | None = None


def decide(facts: Facts, policy: PolicySettings) -> Decision:
    """The first rule that applies decides; there is always one."""
    return next(
        decision
        for rule in (_people_first, _feedback, _in_a_form, _knowledge, _last_resort)
        for decision in rule(facts, policy)
    )


def _people_first(facts: Facts, policy: PolicySettings) -> Iterator[Decision]:
    """Danger, a wish for a person and lost patience come before everything else."""
    sure = facts.intent_confidence >= policy.flow
    if facts.alarm == SELF_HARM:
        yield _hand_over("safety", "person_in_danger")
    if facts.intent == "safety_emergency" and facts.intent_confidence >= DANGER:
        yield _hand_over("safety", "danger_reported")
    # Whatever else was understood of such a message was understood by models of other languages.
    if facts.foreign and not facts.fills:
        yield _hand_over("language", "language_not_spoken")
    if facts.alarm == ABUSE:
        yield _hand_over("abuse", "abusive")
    if facts.intent == "talk_to_human" and sure:
        yield _hand_over("asked_for_person", "asked_for_person")
    if facts.asked == "person" and facts.intent == "affirm" and sure:
        yield _hand_over("asked_for_person", "accepted_offer_of_person")
    if facts.frustration >= policy.frustration:
        yield _hand_over("frustration", "frustration_over_threshold")


def _feedback(facts: Facts, policy: PolicySettings) -> Iterator[Decision]:
    """The reply to "did that help?"."""
    if facts.form or facts.intent_confidence < policy.flow:
        return
    asked = facts.asked == "helped"
    if facts.intent == "helped" or (asked and facts.intent == "affirm"):
        yield Decision(Act.HELPED, "customer_says_it_helped")
    if facts.intent == "not_helped" or (asked and facts.intent == "deny"):
        if facts.failures == 0 and facts.alternatives:
            yield Decision(Act.RETRY, "answer_did_not_help")
        yield _hand_over("loop", "second_answer_did_not_help")


def _in_a_form(facts: Facts, policy: PolicySettings) -> Iterator[Decision]:
    """A form that waits for a value can be cancelled, filled, or interrupted by a question."""
    if not facts.form:
        return
    sure = facts.intent_confidence >= policy.flow
    if facts.intent == "cancel_flow" and sure:
        yield Decision(Act.CANCEL, "customer_cancelled")
    if facts.fills:
        yield Decision(Act.FLOW, "message_fills_form")
    if facts.starts_flow and sure:
        yield Decision(Act.FLOW, "another_flow_asked_for")
    if facts.applies and sure and not _is_mere_small_talk(facts):
        yield Decision(Act.FLOW, "rule_or_story_applies")
    if facts.confidence >= facts.answer_from and not _is_rivalled(facts, policy):
        yield Decision(Act.INTERRUPT, "question_during_form")
    yield Decision(Act.FLOW, "form_asks_again")


def _knowledge(facts: Facts, policy: PolicySettings) -> Iterator[Decision]:
    """Flows, answers, choices and small talk."""
    sure = facts.intent_confidence >= policy.flow
    if facts.chosen:
        yield Decision(Act.ANSWER, "customer_chose_article")
    if facts.starts_flow and sure:
        yield Decision(Act.FLOW, "intent_starts_flow")
    rejects = facts.intent == "deny" and facts.failures  # what was offered before
    if facts.applies and sure and not rejects and not _is_mere_small_talk(facts):
        yield Decision(Act.FLOW, "rule_or_story_applies")
    chats = facts.intent in SMALL_TALK and sure and not rejects
    if chats and facts.confidence < facts.answer_from:
        yield Decision(Act.SMALL_TALK, "small_talk")
    if facts.knowledge_empty:
        yield _hand_over("bot_error", "knowledge_base_is_empty")
    if facts.confidence < facts.answer_from:
        return
    if facts.already_unhelpful:
        if facts.failures == 0 and facts.alternatives:
            yield Decision(Act.RETRY, "answer_did_not_help_before")
        yield _hand_over("loop", "only_answer_did_not_help_before")
    if facts.failures == 0 and _is_rivalled(facts, policy):
        yield Decision(Act.CHOOSE, "articles_too_close")
    yield Decision(Act.ANSWER, "confidence_over_threshold")


def _last_resort(facts: Facts, policy: PolicySettings) -> Iterator[Decision]:
    """Not sure: one choice or rephrase, then a person; at once if the answer may be in a file."""
    if facts.attached:
        yield _hand_over("attachment", "file_attached")
    if facts.fallback == "loop":
        yield Decision(Act.FLOW, "fallback_goes_on")
    if facts.failures:
        yield _hand_over("low_confidence", "low_confidence_twice")
    if facts.fallback:
        yield Decision(Act.FLOW, "fallback_applies")
    if facts.confidence >= policy.choice and facts.alternatives > 1:
        yield Decision(Act.CHOOSE, "confidence_between_thresholds")
    yield Decision(Act.REPHRASE, "confidence_under_threshold")


def _is_rivalled(facts: Facts, policy: PolicySettings) -> bool:
    """Whether another article fits about as well, so that it may be that one that answers."""
    return facts.alternatives > 1 and facts.lead < policy.margin


def _is_mere_small_talk(facts: Facts) -> bool:
    """Whether it is a word in passing: a question that is asked with it matters more."""
    return facts.intent in SMALL_TALK and not facts.in_context


def _hand_over(handoff: str, reason: str) -> Decision:
    return Decision(Act.HAND_OVER, reason, handoff)
