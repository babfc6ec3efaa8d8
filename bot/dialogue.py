"""A small, faithful interpreter of Rasa's rules and forms: `Dialogue.advance` takes a message."""

from collections.abc import Mapping

import structlog

from bot.dialogue_state import DialogueState, Outcome, Step
from bot.exchange import Exchange, FlowFailedError, Runner
from bot.forms import ask, ask_again, fill_form, follow_rules, would_fill
from bot.responses import UnknownResponseError, render
from bot.rules import Rulebook
from bot.slot_mapping import fillable
from bot.training import Training
from bot.turn import Reply, Understanding

__all__ = ["Dialogue", "DialogueState", "Outcome", "Runner", "Step"]

CANCEL = "cancel_flow"
SURE = 0.5  # below this an intent doesn't lead away from a form that waits for a value
log = structlog.get_logger()


class Dialogue:
    """What the rules, forms and actions of an assistant make of messages.

    It keeps nothing between calls, so it may be used from any number of threads.
    """

    def __init__(self, training: Training, runner: Runner) -> None:
        self._domain = training.domain
        self._rules = Rulebook(training.rules)
        self._starting = frozenset(filter(self._starts, training.domain.intents))
        self._runner = runner

    def starts(self, intent: str) -> bool:
        """Whether a rule begins a form or a custom action for the intent."""
        return intent in self._starting

    def _starts(self, intent: str) -> bool:
        action = self._rules.first_action(intent)
        return action is not None and action not in self._domain.responses

    def fills(self, state: DialogueState, heard: Understanding) -> bool:
        """Whether the message holds a valid value for the open form: the slot it asked for, or
        a correction of another. The form's validation runs for it, so it must change nothing."""
        form = self._domain.forms.get(state.active_loop or "")
        if not form:
            return False
        try:
            return would_fill(self._exchange(state, heard), form)
        except (FlowFailedError, UnknownResponseError) as error:
            log.error("flow_failed", why=str(error))
            return False

    def advance(
        self, state: DialogueState, heard: Understanding, sender_id: str, desk: str
    ) -> Step:
        """Take a message into the open form, or let the rules begin what its intent asks for.

        `desk` becomes the slot of that name, if the domain has one. Never raises for what an
        action does: a flow that can't go on has the outcome "failed".
        """
        exchange = self._exchange(state, heard, sender_id, desk)
        try:
            self._take(exchange)
        except (FlowFailedError, UnknownResponseError) as error:
            log.error("flow_failed", why=str(error))
            return exchange.step("failed")
        return exchange.step()

    def prompt(self, state: DialogueState) -> Reply | None:
        """The open form's question once more, after something else was talked about."""
        form = self._domain.forms.get(state.active_loop or "")
        if not form or not state.requested_slot:
            return None
        exchange = self._exchange(state, Understanding("", "", 0.0))
        try:
            ask(exchange, form, state.requested_slot)
        except (FlowFailedError, UnknownResponseError) as error:
            log.error("flow_failed", why=str(error))
        return exchange.replies[-1] if exchange.replies else None

    def cancel(self, state: DialogueState) -> Step:
        """Leave the open form, as the rule for the intent `cancel_flow` says."""
        step = self.advance(state, Understanding("", CANCEL, 1.0), "", "")
        if step.state.active_loop is None:
            return step
        return Step(DialogueState(state.slots), (), "cancelled")  # no rule says how

    def respond(
        self, name: str, slots: Mapping[str, object], seed: int = 0, /, **values: object
    ) -> Reply:
        """A response of the domain with its {placeholders} filled; `seed` picks a variation.

        Raises UnknownResponseError.
        """
        return render(self._domain, name, {**slots, **values}, seed)

    def _exchange(
        self, state: DialogueState, heard: Understanding, sender: str = "", desk: str = ""
    ) -> Exchange:
        return Exchange(self._domain, self._rules, self._runner, state, heard, sender, desk)

    def _take(self, exchange: Exchange) -> None:
        form = self._domain.forms.get(exchange.active_loop or "")
        candidates = fillable(self._domain, exchange.state, exchange.heard)
        if not form:
            exchange.slots.update(candidates)
            follow_rules(exchange, [exchange.said()], None)
        elif exchange.heard.intent in form.ignored_intents or not fill_form(
            exchange, form, candidates
        ):
            self._leave_or_insist(exchange)

    def _leave_or_insist(self, exchange: Exchange) -> None:
        """The message is no answer: another flow, a few words in between, or just invalid."""
        open_form = exchange.active_loop
        form = self._domain.forms[open_form or ""]
        if self._leads_elsewhere(exchange) and follow_rules(exchange, [exchange.said()], open_form):
            if exchange.active_loop == open_form and exchange.requested_slot:
                ask(exchange, form, exchange.requested_slot)
            return
        ask_again(exchange, form)

    def _leads_elsewhere(self, exchange: Exchange) -> bool:
        sure = exchange.heard.confidence >= SURE
        return sure and self._rules.first_action(exchange.heard.intent) != exchange.active_loop
