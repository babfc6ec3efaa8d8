"""One message on its way through the rules, forms and actions of an assistant."""

from typing import Protocol

from bot.action_runner.ran import Ran
from bot.dialogue_state import DialogueState, Outcome, Step
from bot.domain import Domain
from bot.responses import from_action, render
from bot.rules import Rulebook, Scene, Trace
from bot.story_data import Run, UserSays
from bot.turn import JSON, Reply, Understanding

MOST_ACTIONS = 10


class Runner(Protocol):
    """Runs a custom action by its name; bot.action_runner does."""

    def run(self, name: str, tracker: JSON) -> Ran: ...


class FlowFailedError(Exception):
    """The flow can't go on; the message names why, without anything the customer wrote."""


class Exchange:
    """What happens between a message and the moment that the bot listens again.

    `slots`, `active_loop`, `requested_slot` and `failures` change as actions run; `replies`
    collects what is said.
    """

    def __init__(
        self,
        domain: Domain,
        rules: Rulebook,
        runner: Runner,
        state: DialogueState,
        heard: Understanding,
        sender: str = "",
        desk: str = "",
    ) -> None:
        self.domain = domain
        self.rules = rules
        self.heard = heard
        self.state = state
        self.slots: JSON = {**domain.initial_slots(), **state.slots}
        if desk and "desk" in domain.slots:
            self.slots["desk"] = desk
        self.active_loop = state.active_loop
        self.requested_slot = state.requested_slot
        self.failures = state.failures
        self.replies: list[Reply] = []
        self.cancelled = False
        self.followup: str | None = None
        self._runner = runner
        self._sender = sender
        self._ran: list[str] = []

    def said(self) -> UserSays:
        """The message as a rule sees it."""
        entities = (entity.entity for entity in self.heard.entities)
        return UserSays(frozenset({self.heard.intent}), (*entities, *self.heard.slots))

    def next_action(self, trace: Trace, loop: str | None) -> str | None:
        """What the rules, or an action before, want run after the trace. Raises FlowFailedError."""
        action, self.followup = self.followup, None
        if not action:
            action = self.rules.next_action(trace, self._scene(loop))
        if not action and self.rules.goes_on(trace, self._scene(loop)):
            last = next(happened for happened in reversed(trace) if isinstance(happened, Run))
            action = self.rules.next_action([last], self._scene(loop))
        if action:
            self._record(action)
        return action

    def run(self, action: str) -> None:
        """Run a response, one of Rasa's own actions, or a custom one. Raises FlowFailedError."""
        if action in self.domain.responses:
            self.say(action)
        elif action == "action_deactivate_loop":
            self.cancelled = self.active_loop is not None
            self.leave_form()
        elif action == "action_restart":
            self.slots = self.domain.initial_slots()
            self.leave_form()
        else:
            self.call(action)

    def call(self, action: str, candidates: JSON | None = None) -> Ran:
        """Run a custom action: say what it says, then let its events count.

        `candidates` are slot values for a form's validation. Raises FlowFailedError.
        """
        try:
            ran = self._runner.run(action, self._tracker(candidates or {}))
        except Exception as error:
            raise FlowFailedError(f"{action} raised {type(error).__name__}") from error
        self.replies += [
            from_action(self.domain, message, self.slots, self.failures) for message in ran.messages
        ]
        self._apply(ran.events)
        if ran.rejected:
            raise FlowFailedError(f"{action} gave up")
        return ran

    def say(self, response: str, seed: int | None = None) -> None:
        seed = self.failures if seed is None else seed
        self.replies.append(render(self.domain, response, self.slots, seed))

    def leave_form(self) -> None:
        self.active_loop = self.requested_slot = None
        self.failures = 0

    def step(self, outcome: Outcome | None = None) -> Step:
        """Where the exchange has led."""
        if outcome == "failed":
            self.leave_form()
        state = DialogueState(self.slots, self.active_loop, self.requested_slot, self.failures)
        if not outcome:
            finished: Outcome = "cancelled" if self.cancelled else "done"
            outcome = "listening" if self.active_loop else finished
        return Step(state, tuple(self.replies), outcome, tuple(self._ran))

    def _scene(self, loop: str | None) -> Scene:
        slots = {**self.slots, "requested_slot": self.requested_slot}
        return Scene(loop, slots, fresh=self.state == DialogueState())

    def _apply(self, events: tuple[JSON, ...]) -> None:
        """Let an action's events change slots and form."""
        for event in events:
            match event["event"]:
                case "slot" if event["name"] == "requested_slot":
                    self.requested_slot = event["value"]
                case "slot":
                    self.slots[event["name"]] = event["value"]
                case "reset_slots":
                    self.slots = self.domain.initial_slots()
                case "active_loop":
                    self.active_loop = event["name"]
                    self.requested_slot = None
                case "followup":
                    self.followup = event["name"]

    def _record(self, action: str) -> None:
        self._ran.append(action)
        if len(self._ran) > MOST_ACTIONS:
            raise FlowFailedError(f"{action} would be the {MOST_ACTIONS + 1}th action in one turn")

    def _tracker(self, candidates: JSON) -> JSON:
        """The conversation as Rasa tells an action server of it."""
        message = {
            "text": self.heard.text,
            "intent": {"name": self.heard.intent, "confidence": self.heard.confidence},
            "intent_ranking": [
                {"name": name, "confidence": probability}
                for name, probability in self.heard.ranking
            ],
            "entities": [
                {"entity": found.entity, "value": found.value} for found in self.heard.entities
            ],
        }
        spoke = {"event": "user", "text": self.heard.text, "parse_data": message}
        asked = [
            {"event": "slot", "name": name, "value": value} for name, value in candidates.items()
        ]
        return {
            "sender_id": self._sender,
            "slots": {**self.slots, **candidates, "requested_slot": self.requested_slot},
            "latest_message": message,
            "events": [spoke, *asked],
            "paused": False,
            "followup_action": None,
            "active_loop": {"name": self.active_loop} if self.active_loop else {},
            "latest_action_name": self.active_loop or "action_listen",
        }
