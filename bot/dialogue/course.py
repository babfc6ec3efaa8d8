"""The course that one message takes: heard, weighed, and then gone or left.

A message is heard first: slots are filled, and a form that is open reads it. What the assistant
would do then can be weighed against other things before it is done (`go_on`) or not (`set_aside`).
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Literal

import structlog

from bot.dialogue import events
from bot.dialogue.exchange import Exchange, FlowFailedError, Rejected
from bot.dialogue.extraction import extract_slots
from bot.dialogue.fallback import NOT_UNDERSTOOD, TWO_STAGE
from bot.dialogue.forms import ask, ask_again
from bot.dialogue.performing import OWN, is_response, perform
from bot.dialogue.playbook import Playbook
from bot.dialogue.prediction import Prediction
from bot.dialogue.responses import UnknownResponseError
from bot.dialogue.state import Outcome, Step
from bot.domain import Form
from bot.turn import JSON, Reply

MOST_ACTIONS = 10  # in one turn, as in Rasa
ANSWERED = "action_answer_from_knowledge_base"
STOPS = (events.LISTEN, events.SESSION_START)
log = structlog.get_logger()


class Course:
    """What the rules, stories and forms of an assistant make of one message.

    `prediction` is what comes next; None when nothing applies. `failed` says why it can't go on.
    `takes` says that the open form has read the message, `fills` that it got a valid value of it;
    `otherwise` is what the message would lead to if the form, which got nothing, let it go.
    `own_fallback` is the action that the assistant has for when nothing applies.
    """

    def __init__(
        self,
        exchange: Exchange,
        playbook: Playbook,
        own_fallback: str | None = None,
    ) -> None:
        self._exchange = exchange
        self._playbook = playbook
        self._was_open = exchange.tracker.active_loop
        self.own_fallback = own_fallback
        self._begun = self._said = 0
        self._failures = exchange.failures
        self.prediction: Prediction | None = None
        self._first: Prediction | None = None
        self.otherwise: Prediction | None = None
        self.failed: str | None = None
        self.takes = self.fills = False

    @property
    def form(self) -> Form | None:
        """The form that was open when the message came."""
        return self._exchange.domain.forms.get(self._was_open or "")

    @property
    def applies(self) -> bool:
        """Whether a rule or a story says what comes next, or would if it could."""
        return self.failed is not None or (self.prediction is not None and not self.takes)

    @property
    def starts_flow(self) -> bool:
        """Whether a form or an action begins."""
        return self.is_a_flow(self.otherwise if self.takes else self.prediction)

    @property
    def in_context(self) -> bool:
        """Whether what comes next rests on what was said before."""
        return self.prediction is not None and self.prediction.turns > 1

    @property
    def story(self) -> str | None:
        """The rule or story that says what comes first."""
        return self._first.story if self._first else None

    @property
    def fallback(self) -> Literal["rule", "loop"] | None:
        """What the assistant has of its own for a message that isn't understood."""
        if self._was_open == TWO_STAGE:
            return "loop"
        not_understood = self._exchange.tracker.intent == NOT_UNDERSTOOD
        return "rule" if self.prediction and not_understood else None

    def is_a_flow(self, prediction: Prediction | None) -> bool:
        """Whether a form or an action begins, rather than something is just said."""
        if prediction is None or prediction.action in OWN:
            return False
        return not is_response(self._exchange.domain, prediction.action)

    def hear(self, message: JSON, desk: str = "") -> None:
        """Take the message in; nothing that was open is left by it yet."""
        exchange, tracker = self._exchange, self._exchange.tracker
        if tracker.paused:  # a person had the conversation, and handed it back
            exchange.happen({"event": "resume"})
        if desk and "desk" in exchange.domain.slots and tracker.slots.get("desk") != desk:
            exchange.happen(events.slot("desk", desk))
        exchange.happen(message)
        self._begun, self._said = len(tracker.events), len(exchange.replies)
        self._attempt(self._read)
        self._first = self.prediction

    def follow(self, sure: bool) -> Step:
        """Go where the message leads; `sure` says that what was understood can be relied on. If it
        leads nowhere, the open form asks once more."""
        if self.takes and not self.fills and sure and self.is_a_flow(self.otherwise):
            return self.go_elsewhere()
        if self.takes or self.failed or self.fallback or (self.prediction and sure):
            return self.go_on()
        return self.insist()

    def go_on(self) -> Step:
        """Do what was predicted, and what follows, until the assistant listens again."""
        if not self.failed:
            self._attempt(self._run)
        return self._step()

    def go_elsewhere(self) -> Step:
        """Let the open form go, which got nothing of the message, for what it would lead to."""
        self._attempt(self._let_go)
        return self.go_on()

    def insist(self) -> Step:
        """The message was of no use to the open form: ask once more."""
        form = self.form
        if form and not self.takes:
            self._attempt(lambda: ask_again(self._exchange, form))
        self._listen()
        return self._step()

    def leave_form(self) -> Step:
        """Leave the open form as the rules say for this message, or just so."""
        self._attempt(self._let_go)
        if self.prediction:
            return self.go_on()
        self._exchange.happen(events.loop(None))
        self._exchange.happen(events.slot("requested_slot", None))
        self._listen()
        return self._step()

    def fall_back(self) -> Step:
        """Nothing applies: run the assistant's own fallback."""
        self._forget_reading()
        self.prediction = Prediction(self.own_fallback or "action_default_fallback", "fallback")
        return self.go_on()

    def set_aside(self, said: Iterable[Reply]) -> Step:
        """The message was answered otherwise: for rules and stories it never was."""
        self._forget_reading()
        self._exchange.happen(events.action(ANSWERED))
        for reply in said:
            self._exchange.tracker.update(events.bot(reply))
        self._exchange.happen(events.rewound())
        self._listen()
        return self._step()

    def question(self) -> Reply | None:
        """The open form's question once more, after something else was talked about."""
        form, slot = self.form, self._exchange.tracker.requested_slot
        if not form or not slot:
            return None
        self._forget_reading()
        self._attempt(lambda: ask(self._exchange, form, slot))
        asked = self._exchange.replies[self._said :]
        self._forget_reading()
        return asked[-1] if asked else None

    def _read(self) -> None:
        extract_slots(self._exchange)
        self._foresee()
        loop = self._exchange.tracker.loop
        if not self.prediction and self.form and loop:
            # It was left for something else, and nothing says how it goes on: it listens again.
            loop.rejected = False
            extract_slots(self._exchange)
            self.prediction = Prediction(self.form.name, "loop")
        if self.prediction and self.prediction.source == "loop":
            self._let_form_read(self.prediction)

    def _let_form_read(self, prediction: Prediction) -> None:
        with suppress(Rejected):
            self.fills = perform(self._exchange, prediction)
            self.takes = True
        self._foresee()
        if self.takes and not self.fills and self.form:
            self.otherwise = self._peek_elsewhere()

    def _peek_elsewhere(self) -> Prediction | None:
        """What would come if the form had found nothing in the message."""
        tracker = self._exchange.tracker
        read = tracker.events[self._begun :]
        tracker.back_to(self._begun)
        tracker.update(events.rejected(self._was_open or ""))
        found = self._playbook.predict(tracker)
        tracker.back_to(self._begun)
        for event in read:
            tracker.update(event)
        return found

    def _let_go(self) -> None:
        self._forget_reading()
        if self._was_open:
            self._exchange.happen(events.rejected(self._was_open))
        extract_slots(self._exchange)
        self._foresee()

    def _foresee(self) -> None:
        tracker = self._exchange.tracker
        followup, tracker.followup = tracker.followup, None
        if followup and not self._exchange.domain.knows_action(followup):
            raise FlowFailedError(f'the action "{followup}", which is to follow, is unknown')
        self.prediction = (
            Prediction(followup, "followup") if followup else self._playbook.predict(tracker)
        )

    def _run(self) -> None:
        for _ in range(MOST_ACTIONS):
            prediction = self.prediction
            if not prediction or prediction.action == events.LISTEN or self._is_paused():
                break
            with suppress(Rejected):
                perform(self._exchange, prediction)
            if prediction.action in STOPS:
                return
            self._foresee()
        else:
            raise FlowFailedError(f"{MOST_ACTIONS} actions in one turn, without listening")
        rejected = self._exchange.tracker.rejected() - {self._was_open}
        if rejected and not self.prediction:
            raise FlowFailedError(f"{', '.join(sorted(rejected))} gave up")
        self._listen()

    def _is_paused(self) -> bool:
        return self._exchange.tracker.paused

    def _listen(self) -> None:
        newest = self._exchange.tracker.events[-1]
        if (newest["event"], newest.get("name")) != ("action", events.LISTEN):
            self._exchange.happen(events.action(events.LISTEN))

    def _forget_reading(self) -> None:
        """Back to where the message was heard, and nothing had read it."""
        self._exchange.tracker.back_to(self._begun)
        del self._exchange.replies[self._said :]
        self._exchange.failures = self._failures
        self.takes = self.fills = False
        self.failed = None

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (FlowFailedError, UnknownResponseError) as error:
            log.error("flow_failed", why=str(error))
            self.failed = str(error)

    def _step(self) -> Step:
        tracker = self._exchange.tracker
        outcome: Outcome = "listening" if tracker.active_loop else "done"
        if self.failed:
            outcome = "failed"
        elif tracker.paused:
            outcome = "paused"
        elif self._exchange.gave_up:
            outcome = "gave_up"
        elif not tracker.active_loop and "action_deactivate_loop" in self._exchange.ran:
            outcome = "cancelled"
        return self._exchange.step(outcome)
