"""One message on its way through an assistant's rules, stories, forms and actions."""

from collections.abc import Iterable
from typing import Protocol

from bot.action_runner.ran import Ran
from bot.dialogue import events
from bot.dialogue.responses import from_action
from bot.dialogue.state import Outcome, Step
from bot.dialogue.tracker import Tracker
from bot.domain import Domain
from bot.turn import JSON, Reply


class Runner(Protocol):
    """Runs a custom action by its name; bot.action_runner does."""

    def run(self, name: str, tracker: JSON) -> Ran: ...


class FlowFailedError(Exception):
    """The flow can't go on; the message names why, without anything the customer wrote."""


class Rejected(Exception):
    """The action doesn't want to run now: something else may come instead."""


class Exchange:
    """What happens between a message and the moment that the bot listens again: actions run, which
    changes the `tracker`, and say something, which is collected in `replies`. `gave_up`: the
    assistant has asked twice and still doesn't understand."""

    def __init__(self, domain: Domain, runner: Runner, tracker: Tracker, at: float) -> None:
        """`at` is when the message came, in seconds since 1970."""
        self.domain = domain
        self.tracker = tracker
        self.replies: list[Reply] = []
        self.reminders: list[JSON] = []
        self.ran: list[str] = []
        self.failures = 0
        self.gave_up = False
        self._runner = runner
        self._at = at

    def happen(self, event: JSON) -> None:
        """Let an event happen now; a line of the bot is said."""
        event = {"timestamp": self._at, **event}
        self.tracker.update(event)
        if event["event"] == "bot":
            self.replies.append(events.reply(event))
        elif event["event"] in ("reminder", "cancel_reminder"):
            self.reminders.append(event)

    def say(self, response: str) -> None:
        """Say a response of the domain, in other words than the last time."""
        self.happen(self._worded({"response": response}))

    def say_if_worded(self, response: str) -> None:
        """Say a response, if the domain has it."""
        if response in self.domain.responses:
            self.say(response)

    def call(self, action: str, candidates: Iterable[JSON] = ()) -> list[JSON]:
        """Run a custom action; returns what comes of it, which has not happened yet: its lines,
        then its events.

        `candidates` are slot events for a validation. Raises FlowFailedError, Rejected.
        """
        try:
            ran = self._runner.run(action, self.tracker.as_json(candidates))
        except Exception as error:
            name = f"{action} raised {type(error).__name__}"
            raise FlowFailedError(f"{name}: {error}" if _is_ours(error) else name) from error
        if ran.rejected and not ran.events:
            raise Rejected(action)
        return [*map(self._worded, ran.messages), *ran.events]

    @property
    def channel(self) -> str | None:
        """Where the message came from, as responses name it."""
        channel = self.tracker.latest_message.get("input_channel")
        return str(channel) if channel else None

    def step(self, outcome: Outcome) -> Step:
        """Where the exchange has led."""
        if outcome == "failed" and self.tracker.active_loop:
            self.happen(events.loop(None))
            self.happen(events.slot("requested_slot", None))
            self.failures = 0
        return Step(
            self.tracker.state(self.failures),
            tuple(self.replies),
            outcome,
            tuple(self.ran),
            tuple(self.reminders),
        )

    def _worded(self, message: JSON) -> JSON:
        """The line that a message as rasa_sdk has it comes to."""
        response = message.get("response")
        seed = self.tracker.times_said(response) if response else 0
        said = from_action(self.domain, message, self.tracker.slots, seed, self.channel)
        return events.bot(said, response)


def _is_ours(error: Exception) -> bool:
    """Whether the error's words are ours; others may hold the customer's."""
    return type(error).__module__.partition(".")[0] == "bot"
