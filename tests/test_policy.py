"""The policy: one decision for whatever is known, and the same one every time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policy import SMALL_TALK, Act, Facts, decide
from bot.settings import PolicySettings
from handoff.ticket import Reason

DEFAULTS = PolicySettings()
SURE = 0.9

shares = st.floats(0, 1)
policies = st.builds(
    PolicySettings, answer=shares, margin=shares, choice=shares, flow=shares, frustration=shares
)
intents = st.sampled_from(
    [
        *("safety_emergency", "talk_to_human", "helped", "not_helped", "affirm", "deny"),
        *("cancel_flow", "greet", "order_status", "ask_refund", "out_of_scope", ""),
    ]
)
facts = st.builds(
    Facts,
    intent=intents,
    intent_confidence=shares,
    confidence=shares,
    answer_from=shares,
    lead=shares,
    alternatives=st.integers(0, 5),
    chosen=st.booleans(),
    already_unhelpful=st.booleans(),
    starts_flow=st.booleans(),
    form=st.booleans(),
    fills=st.booleans(),
    asked=st.sampled_from([None, "helped", "person"]),
    failures=st.integers(0, 5),
    frustration=shares,
    knowledge_empty=st.booleans(),
)


def calm(**known: object) -> Facts:
    return replace(Facts(alternatives=3), **known)  # type: ignore[arg-type]


@given(known=facts, policy=policies)
def test_there_is_always_one_decision_with_a_reason_and_it_is_always_the_same(
    known: Facts, policy: PolicySettings
) -> None:
    decision = decide(known, policy)
    assert decision == decide(known, policy)
    assert decision.reason
    assert (decision.act == Act.HAND_OVER) == (decision.handoff is not None)
    assert decision.handoff is None or decision.handoff in list(Reason)


@given(known=facts, policy=policies)
def test_danger_lost_patience_and_a_wish_for_a_person_come_before_everything(
    known: Facts, policy: PolicySettings
) -> None:
    sure = replace(known, intent_confidence=1.0)
    danger = decide(replace(sure, intent="safety_emergency"), policy)
    assert danger.handoff == "safety"
    assert decide(replace(sure, intent="talk_to_human"), policy).handoff == "asked_for_person"
    angry = decide(replace(known, intent="ask_refund", frustration=1.0), policy)
    assert angry.handoff == "frustration"


@given(known=facts, policy=policies)
def test_nothing_is_answered_below_the_threshold_unless_the_customer_chose_it(
    known: Facts, policy: PolicySettings
) -> None:
    decision = decide(known, policy)
    if decision.act in (Act.ANSWER, Act.INTERRUPT):
        assert known.chosen or known.confidence >= known.answer_from
    if decision.act == Act.CHOOSE:
        assert known.confidence >= min(policy.choice, known.answer_from)
        assert known.alternatives > 1
    if decision.act == Act.RETRY:
        assert known.alternatives


@given(known=facts, policy=policies)
def test_an_answer_beside_one_that_fits_as_well_is_given_only_when_offering_both_has_failed(
    known: Facts, policy: PolicySettings
) -> None:
    rivalled = replace(known, alternatives=2, lead=0.0, chosen=False)
    decision = decide(rivalled, policy.model_copy(update={"margin": 0.1}))
    assert decision.act != Act.INTERRUPT
    assert decision.act != Act.ANSWER or known.failures


@given(known=facts, policy=policies)
def test_threshold_and_margin_are_reasons_of_their_own(
    known: Facts, policy: PolicySettings
) -> None:
    decision = decide(known, policy)
    if decision.reason == "articles_too_close":
        assert known.lead < policy.margin
    if decision.reason in ("articles_too_close", "confidence_over_threshold"):
        assert known.confidence >= known.answer_from
    if decision.reason in ("confidence_between_thresholds", "confidence_under_threshold"):
        assert known.confidence < known.answer_from


@given(known=facts, policy=policies)
def test_nobody_is_asked_to_rephrase_or_choose_twice_in_a_row(
    known: Facts, policy: PolicySettings
) -> None:
    failed_before = replace(known, failures=max(1, known.failures))
    assert decide(failed_before, policy).act not in (Act.REPHRASE, Act.CHOOSE, Act.RETRY)


@given(known=facts, policy=policies, failures=st.integers(0, 3))
def test_with_an_empty_knowledge_base_a_question_goes_to_a_person(
    known: Facts, policy: PolicySettings, failures: int
) -> None:
    question = replace(
        known,
        **{"intent": "ask_refund", "starts_flow": False, "form": False, "chosen": False},  # type: ignore[arg-type]
        knowledge_empty=True,
        frustration=0.0,
        failures=failures,
    )
    if policy.frustration > 0:
        assert decide(question, policy).handoff == "bot_error"


@given(known=facts, policy=policies)
def test_an_open_form_is_left_only_for_a_person_or_by_the_customer(
    known: Facts, policy: PolicySettings
) -> None:
    decision = decide(replace(known, form=True), policy)
    assert decision.act in (Act.FLOW, Act.INTERRUPT, Act.CANCEL, Act.HAND_OVER)


@pytest.mark.parametrize(
    ("known", "act"),
    [
        (calm(confidence=0.95), Act.ANSWER),
        (calm(confidence=0.95, lead=0.01), Act.CHOOSE),
        (calm(confidence=0.95, lead=0.01, alternatives=1), Act.ANSWER),
        (calm(confidence=0.95, lead=0.01, failures=1), Act.ANSWER),
        (calm(confidence=0.95, lead=0.01, already_unhelpful=True), Act.RETRY),
        (calm(confidence=0.95, lead=0.01, chosen=True), Act.ANSWER),
        (calm(confidence=0.95, lead=0.01, form=True), Act.FLOW),
        (calm(confidence=0.4), Act.CHOOSE),
        (calm(confidence=0.4, alternatives=1), Act.REPHRASE),
        (calm(confidence=0.1), Act.REPHRASE),
        (calm(confidence=0.1, failures=1), Act.HAND_OVER),
        (calm(intent="order_status", intent_confidence=SURE, starts_flow=True), Act.FLOW),
        (calm(intent="order_status", intent_confidence=0.2, starts_flow=True), Act.REPHRASE),
        (calm(intent="greet", intent_confidence=SURE), Act.SMALL_TALK),
        (calm(intent="helped", intent_confidence=SURE), Act.HELPED),
        (calm(intent="affirm", intent_confidence=SURE, asked="helped"), Act.HELPED),
        (calm(intent="affirm", intent_confidence=SURE, asked="person"), Act.HAND_OVER),
        (calm(intent="affirm", intent_confidence=SURE), Act.SMALL_TALK),
        (calm(intent="not_helped", intent_confidence=SURE), Act.RETRY),
        (calm(intent="not_helped", intent_confidence=SURE, failures=1), Act.HAND_OVER),
        (calm(intent="not_helped", intent_confidence=SURE, alternatives=0), Act.HAND_OVER),
        (calm(form=True, fills=True), Act.FLOW),
        (calm(form=True, confidence=0.95), Act.INTERRUPT),
        (calm(form=True), Act.FLOW),
        (calm(form=True, intent="cancel_flow", intent_confidence=SURE), Act.CANCEL),
        (calm(confidence=0.95, already_unhelpful=True), Act.RETRY),
        (calm(confidence=0.95, already_unhelpful=True, failures=1), Act.HAND_OVER),
        (calm(chosen=True, confidence=1.0, failures=1), Act.ANSWER),
        (calm(frustration=0.69), Act.REPHRASE),
        (calm(frustration=0.7), Act.HAND_OVER),
    ],
)
def test_by_default_it_decides(known: Facts, act: Act) -> None:
    assert decide(known, DEFAULTS).act == act


def test_small_talk_never_hands_over_by_itself() -> None:
    for intent in SMALL_TALK - {"deny"}:
        known = calm(intent=intent, intent_confidence=SURE, failures=1)
        assert decide(known, DEFAULTS).act == Act.SMALL_TALK


def test_a_no_to_the_choices_offered_brings_a_person() -> None:
    no = calm(intent="deny", intent_confidence=SURE)
    assert decide(no, DEFAULTS).act == Act.SMALL_TALK
    assert decide(replace(no, failures=1), DEFAULTS).handoff == "low_confidence"
