"""An assistant's dialogue: what its rules, stories, forms and actions make of messages."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.dialogue import events
from bot.dialogue.course import Course
from bot.dialogue.exchange import Exchange, FlowFailedError, Rejected, Runner
from bot.dialogue.fallback import NOT_UNDERSTOOD
from bot.dialogue.performing import OWN, begin_session, is_response, perform
from bot.dialogue.playbook import Playbook
from bot.dialogue.prediction import Prediction
from bot.dialogue.responses import UnknownResponseError, render
from bot.dialogue.state import DialogueState
from bot.dialogue.steps import Story, UserSays
from bot.dialogue.telling import unfold
from bot.dialogue.tracker import Tracker, plain
from bot.training import Training
from bot.turn import Reply, Understanding

MINUTE = 60.0


class Dialogue:
    """It keeps nothing between calls, so it may be used from any number of threads."""

    def __init__(self, training: Training, runner: Runner) -> None:
        self.domain = replace(training.domain, end_to_end=_end_to_end(training.stories))
        self._runner = runner
        self._playbook = Playbook(training.rules, training.stories, self.domain)
        fallback = training.config.rules if training.config else None
        self._fallback = fallback.core_fallback_action_name if fallback else None
        self._starting = frozenset(filter(self._begins_flow, training.domain.intents))

    def starts(self, intent: str) -> bool:
        """Whether a message with the intent, said at first, begins a form or an action."""
        return intent in self._starting

    def predict(self, tracker: Tracker) -> Prediction | None:
        """What comes next by the rules, or else by the stories."""
        return self._playbook.predict(tracker)

    @property
    def handles_not_understanding(self) -> bool:
        """Whether a rule or a story says what to do with a message that isn't understood."""
        return self._at_first(NOT_UNDERSTOOD) is not None

    def hear(
        self,
        state: DialogueState,
        heard: Understanding,
        *,
        intent: str | None = None,
        sender: str = "",
        desk: str = "",
        channel: str | None = None,
        at: float = 0.0,
    ) -> Course:
        """Take a message in; the course says what it would lead to, and leads there.

        `intent` is what the message is taken for, if not for the one understood; `desk` becomes the
        slot of that name, if the domain has one; `at` is when it came, in seconds since 1970.
        Never raises for what an action does: a flow that can't go on has the outcome "failed".
        """
        tracker = Tracker.resume(self.domain, state, sender)
        exchange = Exchange(self.domain, self._runner, tracker, at)
        exchange.failures = state.failures
        if not tracker.events or self._has_expired(tracker, at):
            _begin_session(exchange)
        course = Course(exchange, self._playbook, self._own_fallback())
        course.hear(events.user(heard, intent or heard.intent, channel), desk)
        return course

    def respond(
        self, name: str, slots: Mapping[str, object], seed: int = 0, /, **values: object
    ) -> Reply:
        """A response of the domain with its {placeholders} filled; `seed` picks a variation.

        Raises UnknownResponseError.
        """
        return render(self.domain, name, {**slots, **values}, seed)

    def _own_fallback(self) -> str | None:
        """The project's own words or action for when nothing applies."""
        name = self._fallback
        if name == "action_default_fallback" and name not in self.domain.actions:
            return name if "utter_default" in self.domain.responses else None
        return name if name and self.domain.knows_action(name) else None

    def _begins_flow(self, intent: str) -> bool:
        prediction = self._at_first(intent)
        if prediction is None or prediction.action in OWN:
            return False
        return not is_response(self.domain, prediction.action)

    def _at_first(self, intent: str) -> Prediction | None:
        """What comes after a message with the intent, when nothing was said before."""
        tracker = Tracker(self.domain)
        tracker.update(events.action(events.LISTEN))
        tracker.update(events.user(Understanding("", intent, 1.0), intent))
        return self.predict(tracker)

    def _has_expired(self, tracker: Tracker, at: float) -> bool:
        spoken = tracker.latest_message.get("timestamp")
        minutes = self.domain.session_minutes
        return bool(minutes and spoken and at - spoken > minutes * MINUTE)


def _end_to_end(stories: Iterable[Story]) -> frozenset[str]:
    """The customer's words that stories tell as they are, without an intent."""
    return frozenset(
        plain(step.text)
        for _, steps in unfold(stories)
        for step in steps
        if isinstance(step, UserSays) and not step.intent
    )


def _begin_session(exchange: Exchange) -> None:
    """As the project's own `action_session_start` has it. Where that fails the customer, who hasn't
    asked for it, is none the worse."""
    try:
        perform(exchange, Prediction(events.SESSION_START, "followup", hidden=True))
    except (FlowFailedError, Rejected, UnknownResponseError):
        begin_session(exchange)
