"""A conversation is its events: kept as JSON, cut short and taken back without any change."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import events, tracker
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.history import applied
from bot.dialogue.scenes import scenes
from bot.dialogue.state import DialogueState
from bot.dialogue.steps import Checkpoint, Either, Run, Story, StoryStep, UserSays
from bot.dialogue.telling import unfold
from bot.dialogue.tracker import Tracker
from bot.domain import Domain
from bot.turn import JSON
from tests.fakes.dialogue import Nothing, heard, training_of

PROJECT = """\
version: "3.1"
intents: [greet, book, deny]
slots:
  size: {type: text, mappings: [{type: custom}]}
  sure: {type: bool, initial_value: false, mappings: [{type: custom}]}
  towns: {type: list, mappings: [{type: custom}]}
forms:
  book_form: {required_slots: [size]}
  other_form: {required_slots: [towns]}
responses:
  utter_hello: [{text: Hello.}]
  utter_ask_size: [{text: "What size?"}]
  utter_ask_towns: [{text: "Where?"}]
rules:
- {rule: hello, steps: [{intent: greet}, {action: utter_hello}]}
- {rule: book, steps: [{intent: book}, {action: book_form}, {active_loop: book_form}]}
"""
FORMS = st.sampled_from(["book_form", "other_form", None])
NAMES = st.sampled_from(
    ["action_listen", "utter_hello", "book_form", "other_form", "action_unknown"]
)
VALUES = st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.text(max_size=3), max_size=2)
SLOTS = st.sampled_from(["size", "sure", "towns", "requested_slot"])
PLAIN = ["restart", "session_started", "rewind", "undo", "reset_slots", "pause", "resume"]


def said(intent: str) -> JSON:
    """A message without what only its own turn needs."""
    event = events.user(heard(intent), intent)
    del event["parse_data"]["intent_ranking"]
    return event


EVENT: st.SearchStrategy[JSON] = st.one_of(
    st.builds(said, st.sampled_from(["greet", "book", "deny"])),
    st.builds(events.action, NAMES),
    st.builds(events.slot, SLOTS, VALUES),
    st.builds(events.loop, FORMS),
    st.builds(events.rejected, st.sampled_from(["book_form", "other_form"])),
    st.builds(lambda kind: {"event": kind}, st.sampled_from(PLAIN)),
    st.builds(lambda name: {"event": "followup", "name": name}, NAMES),
    st.builds(events.interrupted),
)


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    return Dialogue(training_of(tmp_path_factory.mktemp("tracked"), PROJECT), Nothing())


@given(happened=st.lists(EVENT, min_size=1, max_size=30))
def test_whatever_happens_it_is_taken_up_where_it_was_left(
    dialogue: Dialogue, happened: list[JSON]
) -> None:
    before = Tracker.of(dialogue.domain, happened)
    state = DialogueState(**json.loads(json.dumps(asdict(before.state()))))
    after = Tracker.resume(dialogue.domain, state)
    assert after.as_json() == before.as_json()
    assert after.state() == state
    assert dialogue.predict(after) == dialogue.predict(before)


@given(happened=st.lists(EVENT, max_size=30))
def test_what_counts_counts_again(happened: list[JSON]) -> None:
    once = applied(happened)
    assert applied(once) == once
    kept = iter(happened)
    assert all(any(event is other for other in kept) for event in once)  # in order, none made up


@given(happened=st.lists(EVENT, max_size=30), more=st.lists(EVENT, max_size=5))
def test_going_back_is_as_if_it_had_never_happened(
    dialogue: Dialogue, happened: list[JSON], more: list[JSON]
) -> None:
    tracked = Tracker.of(dialogue.domain, happened)
    before, seen = tracked.as_json(), scenes(tracked)
    for event in more:
        tracked.update(event)
    tracked.back_to(len(happened))
    assert scenes(tracked) == seen
    assert tracked.as_json() == before


def test_of_a_long_conversation_the_beginning_is_summed_up(
    dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for a few events only, it goes as with room for all."""

    def play() -> list[tuple[list[str], JSON, str | None]]:
        state, seen = DialogueState(), []
        for intent in ["greet", "book", "deny", "greet", "deny"] * 6:
            step = dialogue.hear(state, heard(intent)).follow(sure=True)
            state = DialogueState(**json.loads(json.dumps(asdict(step.state))))
            said = [reply.text for reply in step.replies]
            seen.append((said, state.slots, state.active_loop))
        assert len(state.events) <= tracker.MOST_EVENTS + 30
        return seen

    whole = play()
    monkeypatch.setattr(tracker, "MOST_EVENTS", 20)
    assert play() == whole


def test_what_another_desk_had_kept_is_taken_up(dialogue: Dialogue) -> None:
    """States from before events were kept hold what they add up to."""
    old = DialogueState(slots={"sure": True}, active_loop="book_form", requested_slot="size")
    step = dialogue.hear(old, heard("deny")).follow(sure=True)
    assert step.state.slots["sure"] is True
    assert step.state.active_loop == "book_form"


STEP: st.SearchStrategy[StoryStep] = st.one_of(
    st.builds(UserSays, st.sampled_from(["greet", "deny"])),
    st.builds(Run, st.just("utter_hello")),
    st.builds(Checkpoint, st.sampled_from("abc")),
    st.builds(
        Either,
        st.lists(
            st.builds(UserSays, st.sampled_from(["greet", "deny"])), min_size=1, max_size=2
        ).map(tuple),
    ),
)


@given(told=st.lists(st.lists(STEP, min_size=1, max_size=4), max_size=4))
def test_the_ways_through_stories_end_even_where_they_go_in_circles(
    told: list[list[StoryStep]],
) -> None:
    stories = [Story(str(place), tuple(steps), Path()) for place, steps in enumerate(told)]
    for story, steps in unfold(stories):
        assert story in stories
        assert not any(isinstance(step, Either) for step in steps)
        joints = [step.name for step in steps if isinstance(step, Checkpoint)]
        assert len(joints) <= len(steps)


def test_an_unknown_event_changes_nothing() -> None:
    tracked = Tracker(Domain())
    tracked.update({"event": "from_the_future", "name": "x"})
    assert tracked.slots == {}
