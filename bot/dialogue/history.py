"""Which of a conversation's events count: those that nothing has taken back.

A form that is run again and again while it fills counts once, as rules and stories tell it.
"""

from collections.abc import Iterator, Sequence

from bot.turn import JSON


def applied(events: Sequence[JSON]) -> list[JSON]:
    """The events that count, oldest first, as Rasa's `applied_events` has them."""
    loops = {event.get("name") for event in events if event["event"] in ("active_loop", "form")}
    done: list[JSON] = []
    for event in events:
        match event["event"]:
            case "restart" | "session_started":
                done = []
            case "undo":
                _undo_till(done, "action")
            case "rewind":
                _undo_till(done, "user")
                _undo_till(done, "action")
            case "action" if event.get("name") in loops and _goes_on(done, event["name"]):
                _forget_round(done, event["name"])
            case _:
                done.append(event)
    return done


def applied_actions(events: Sequence[JSON]) -> list[str]:
    """The actions that count, oldest first."""
    return [
        event.get("name") or event["action_text"]
        for event in applied(events)
        if event["event"] == "action"
    ]


def _undo_till(done: list[JSON], kind: str) -> None:
    while done and done.pop()["event"] != kind:
        pass


def _goes_on(done: Sequence[JSON], loop: str) -> bool:
    """Whether the loop has run before and nothing else was talked about since."""
    following: str | None = None
    for event in reversed(done):
        kind = event["event"]
        if kind in ("active_loop", "form") and not event.get("name"):
            return False
        if kind == "action_execution_rejected" and event.get("name") == loop:
            return False
        if kind == "user" and following not in (None, loop):
            return False
        if kind == "action":
            following = event.get("name") or event.get("action_text")
            if following == loop:
                return True
    return False


def _forget_round(done: list[JSON], loop: str) -> None:
    """Take out the question and the answer since the loop ran last; the slots stay."""
    kept = list(_since(done, loop))
    del done[len(done) - len(kept) :]
    done += [event for event in reversed(kept) if event["event"] not in ("action", "user")]


def _since(done: Sequence[JSON], loop: str) -> Iterator[JSON]:
    for event in reversed(done):
        if event["event"] == "action" and event.get("name") == loop:
            return
        yield event
