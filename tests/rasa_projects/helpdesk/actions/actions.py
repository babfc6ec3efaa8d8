"""Custom actions as a Rasa project has them."""

from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.tickets import OURS, new_number

Events = list[dict[str, Any]]


class ActionOpenTicket(Action):
    def name(self) -> str:
        return "action_open_ticket"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        return [SlotSet("ticket_number", tracker.get_slot("ticket_number") or new_number())]


class ActionAskPriority(Action):
    def name(self) -> str:
        return "action_ask_priority"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        device = tracker.get_slot("device")
        buttons = [
            {"title": "Yes", "payload": "/affirm"},
            {"title": "No", "payload": "/deny"},
        ]
        dispatcher.utter_message(text=f"Is the {device} urgent?", buttons=buttons)
        return []


class ActionTicketStatus(Action):
    def name(self) -> str:
        return "action_ticket_status"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        dispatcher.utter_message(response="utter_ticket")
        return []


class ActionAskAffirmation(Action):
    def name(self) -> str:
        return "action_default_ask_affirmation"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        ranking = tracker.latest_message.get("intent_ranking", [])
        likeliest = [each["name"] for each in ranking if each["name"] != "nlu_fallback"][:2]
        buttons = [{"title": name, "payload": f"/{name}"} for name in likeliest]
        dispatcher.utter_message(text="Did you mean one of these?", buttons=buttons)
        return []


class ValidateTicketForm(FormValidationAction):
    def name(self) -> str:
        return "validate_ticket_form"

    def validate_email(
        self,
        value: str,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> dict[str, Any]:
        if value.endswith(OURS):
            return {"email": value.lower()}
        dispatcher.utter_message(response="utter_bad_email", email=value)
        return {"email": None}
