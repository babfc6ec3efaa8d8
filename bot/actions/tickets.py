"""Ticket status."""

import re

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.owner import Events, Slots, forget
from bot.actions.services import current

NUMBER = re.compile(r"(?:FL)?\W{0,3}(\d{5,8})", re.IGNORECASE)


class ValidateTicketStatusForm(FormValidationAction):  # type: ignore[misc]
    def name(self) -> str:
        return "validate_ticket_status_form"

    def validate_ticket_number(
        self, value: object, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots
    ) -> Slots:
        match = NUMBER.fullmatch(str(value).strip())
        return {"ticket_number": f"FL-{match[1]}" if match else None}


class ActionTicketStatus(Action):  # type: ignore[misc]
    """Tells how a ticket stands, to the person who has it."""

    def name(self) -> str:
        return "action_ticket_status"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots) -> Events:
        number = tracker.slots["ticket_number"]
        status = current().ticket_status(number, tracker.sender_id)
        if status:
            dispatcher.utter_message(response="utter_ticket_status", status=status)
        else:
            dispatcher.utter_message(response="utter_ticket_unknown", ticket=number)
        return forget("ticket_number")
