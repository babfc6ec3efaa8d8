"""Order status."""

import json
from datetime import date

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.owner import Events, OwnerValidation, Slots, find_order, forget

OPENED_BY = {"order_status_form": "order_status", "return_form": "return_item"}


class ValidateOrderStatusForm(OwnerValidation, FormValidationAction):  # type: ignore[misc]
    def name(self) -> str:
        return "validate_order_status_form"


class ActionAskOrderNumber(Action):  # type: ignore[misc]
    """Asks for the order; the one that was looked up before is a button."""

    def name(self) -> str:
        return "action_ask_order_number"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots) -> Events:
        last, form = tracker.slots.get("last_order"), (tracker.active_loop or {}).get("name")
        buttons = []
        if last and form in OPENED_BY:
            payload = f"/{OPENED_BY[form]}{json.dumps({'order_number': last})}"
            buttons = [{"title": last, "payload": payload}]
        dispatcher.utter_message(response="utter_ask_which_order", buttons=buttons)
        return []


class ActionOrderStatus(Action):  # type: ignore[misc]
    def name(self) -> str:
        return "action_order_status"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots) -> Events:
        order, otherwise = find_order(self.name(), "order_status_form", dispatcher, tracker)
        if not order:
            return otherwise
        dispatcher.utter_message(
            response=f"utter_order_{order.state}",
            order=order.number,
            items=", ".join(order.items),
            placed=in_words(order.placed),
            expected=in_words(order.expected),
            delivered=in_words(order.delivered),
            tracking=order.tracking,
        )
        return [*forget("order_number"), SlotSet("last_order", order.number)]


def in_words(day: date | None) -> str | None:
    """ "Tuesday 3 March", with the year when it isn't this one."""
    if not day:
        return None
    year = "" if day.year == date.today().year else f" {day.year}"
    return f"{day:%A} {day.day} {day:%B}{year}"
