"""Hand to a person: the conversation of an assistant elsewhere becomes a ticket in Firstline."""

import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, ConversationPaused, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.front_desk import FrontDeskAway, take_over
from bot.actions.owner import Events, Slots
from bot.actions.transcript import handoff_from

HANDED_OVER = "A colleague will take over. Your ticket is {ticket}."
NOT_REACHED = "I can't reach a colleague right now, sorry. Please ask me again in a few minutes."
log = logging.getLogger(__name__)


class ActionHandOver(Action):  # type: ignore[misc]
    """Opens a ticket with all that was said, tells its number, and pauses the assistant: while a
    person has the conversation it must not say one more word.

    Asked again, it adds what is new to the same ticket. In Firstline itself the dialogue hands
    over, and this class isn't run.
    """

    def name(self) -> str:
        return "action_hand_over"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots | None
    ) -> Events:
        try:
            ticket = await take_over(handoff_from(tracker))
        except FrontDeskAway as away:
            log.error("action_hand_over could not hand over: %s", away)
            _say(dispatcher, domain, "utter_hand_over_failed", NOT_REACHED)
            return []
        _say(dispatcher, domain, "utter_handed_over", HANDED_OVER, ticket=ticket)
        noted = [SlotSet("ticket", ticket)] if "ticket" in (domain or {}).get("slots", {}) else []
        # It has to be listening already when somebody lets it speak again.
        return [*noted, ActionExecuted("action_listen"), ConversationPaused()]


def _say(
    dispatcher: CollectingDispatcher, domain: Slots | None, response: str, plain: str, **values: Any
) -> None:
    """In the assistant's own words, if it has any for this."""
    if response in (domain or {}).get("responses", {}):
        dispatcher.utter_message(response=response, **values)
    else:
        dispatcher.utter_message(text=plain.format(**values))
