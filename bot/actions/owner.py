"""An order is only told of to whoever knows its number and its e-mail address or post code."""

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecutionRejected, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.services import current
from bot.retailer import Order, order_number, own_order

Events = list[dict[str, Any]]
Slots = dict[str, Any]
EMAIL = re.compile(r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,5}")
MOST_LOOKUPS = 3  # wrong pairs in a conversation: guessing must not pay


class OwnerValidation:
    """Checks the slots that prove whose order it is; for a FormValidationAction."""

    async def required_slots(
        self,
        domain_slots: list[str],
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: Slots,
    ) -> list[str]:
        """Either proof is enough; with neither, the e-mail address is asked for."""
        by_postcode = tracker.slots.get("postcode") and not tracker.slots.get("email")
        unneeded = "email" if by_postcode else "postcode"
        return [slot for slot in domain_slots if slot != unneeded]

    def validate_order_number(
        self, value: object, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots
    ) -> Slots:
        return {"order_number": order_number(str(value))}

    def validate_email(
        self, value: object, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots
    ) -> Slots:
        return {"email": checked_email(value)}

    def validate_postcode(
        self, value: object, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots
    ) -> Slots:
        return {"postcode": str(value).strip().upper() or None}


def checked_email(value: object) -> str | None:
    email = str(value).strip().rstrip(".,;")
    return email if EMAIL.fullmatch(email) else None


def find_order(
    action: str, form: str, dispatcher: CollectingDispatcher, tracker: Tracker
) -> tuple[Order | None, Events]:
    """The order that the slots prove to be theirs, or what happens instead.

    A wrong pair sounds like an unknown number, and after three of them a person takes over.
    """
    retailer, slots = current().retailer, tracker.slots
    if retailer is None:
        dispatcher.utter_message(response="utter_not_connected")
        return None, [ActionExecutionRejected(action)]
    order = own_order(retailer, slots["order_number"], slots.get("email"), slots.get("postcode"))
    if order:
        return order, []
    lookups = int(slots.get("failed_lookups") or 0) + 1
    events = [*forget("order_number", "email", "postcode"), SlotSet("failed_lookups", lookups)]
    if lookups >= MOST_LOOKUPS:
        dispatcher.utter_message(response="utter_order_not_found_again")
        return None, [*events, ActionExecutionRejected(action)]
    dispatcher.utter_message(response="utter_order_not_found")
    return None, [*events, FollowupAction(form)]


def forget(*slots: str) -> Events:
    return [SlotSet(slot, None) for slot in slots]
