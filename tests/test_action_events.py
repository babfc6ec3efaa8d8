"""Every event of rasa_sdk is applied or refused by name, and none is half understood."""

import inspect
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from rasa_sdk import events

from bot.action_runner.events import APPLIED, REFUSED, RENAMED, checked_events
from bot.action_runner.ran import UnsupportedEventError
from bot.turn import JSON

FILLED = {"trigger_date_time": datetime(2026, 1, 1, tzinfo=UTC), "is_interrupted": True}
# What Rasa 3.6 knows by name (rasa.shared.core.events), whether rasa_sdk has a function for it.
RASA_36 = frozenset(
    {
        *("user", "bot", "slot", "restart", "rewind", "reset_slots", "reminder", "agent", "undo"),
        *("cancel_reminder", "export", "followup", "pause", "resume", "action", "active_loop"),
        *("form", "loop_interrupted", "form_validation", "action_execution_rejected"),
        *("session_started", "entities", "user_featurization"),
    }
)


def of_rasa_sdk() -> Iterator[JSON]:
    """What each function of rasa_sdk.events makes."""
    for name, make in inspect.getmembers(events, inspect.isfunction):
        if name[0].isupper() and make.__module__ == events.__name__:
            needed = [
                each.name
                for each in inspect.signature(make).parameters.values()
                if each.default is inspect.Parameter.empty
            ]
            with warnings.catch_warnings(action="ignore"):
                yield make(**{each: FILLED.get(each, "x") for each in needed})


def test_every_event_is_in_one_of_the_tables() -> None:
    made = {event["event"] for event in of_rasa_sdk()}
    known = APPLIED.keys() | REFUSED.keys() | RENAMED.keys()
    assert len(made) > 15
    assert made <= known
    assert known >= RASA_36
    assert not APPLIED.keys() & REFUSED.keys()


@pytest.mark.parametrize("event", tuple(of_rasa_sdk()), ids=lambda event: event["event"])
def test_what_rasa_sdk_makes_is_applied_or_refused_by_name(event: JSON) -> None:
    if event["event"] in REFUSED:
        with pytest.raises(UnsupportedEventError, match=f'action_x returned .*"{event["event"]}"'):
            checked_events("action_x", [event])
    else:
        assert checked_events("action_x", [event]) == (event,)


def test_the_words_of_rasa_1_are_understood() -> None:
    form, ended, again, over = checked_events(
        "action_x",
        [
            {"event": "form", "name": "order_form"},
            {"event": "form", "name": None},
            {"event": "form_validation", "validate": True},
            {"event": "form_validation", "validate": False},
        ],
    )
    assert form == {"event": "active_loop", "name": "order_form"}
    assert ended["name"] is None
    assert (again["event"], again["is_interrupted"]) == ("loop_interrupted", False)
    assert over["is_interrupted"] is True


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"event": "slot", "name": "x"}, 'event "slot" without its "value"'),
        ({"event": "slot", "value": 1}, 'event "slot" without its "name"'),
        ({"event": "slot", "name": ["x"], "value": 1}, 'event "slot" with a wrong "name"'),
        ({"event": "followup"}, 'event "followup" without its "name"'),
        ({"event": "followup", "name": ""}, 'event "followup" with a wrong "name"'),
        ({"event": "active_loop", "name": 5}, 'event "active_loop" with a wrong "name"'),
        ({"event": "reminder", "intent": "x"}, 'event "reminder" without its "date_time"'),
        ({"event": "reminder", "intent": "x", "date_time": "soon"}, 'wrong "date_time"'),
        ({"event": "user", "text": "a", "parse_data": {"intent": 5}}, 'wrong "parse_data"'),
        ({"event": "user", "text": "a", "parse_data": {"entities": [5]}}, 'wrong "parse_data"'),
        ({"event": "bot", "text": "a", "data": []}, 'event "bot" with a wrong "data"'),
        ({"event": "pause", "timestamp": "now"}, 'event "pause" with a wrong "timestamp"'),
        ({"event": "loop_interrupted"}, '"loop_interrupted" without its "is_interrupted"'),
        ({"event": "teleport"}, 'unknown event "teleport"; known are: slot, '),
        ({"name": "x", "value": 1}, 'something without an "event"'),
        ("slot", 'something without an "event"'),
    ],
)
def test_a_wrong_shape_is_refused_by_name(wrong: Any, named: str) -> None:
    with pytest.raises(UnsupportedEventError) as refused:
        checked_events("action_x", [wrong])
    assert "action_x returned" in str(refused.value)
    assert named in str(refused.value)
