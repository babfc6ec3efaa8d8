"""Returns and exchanges."""

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import ActionExecutionRejected, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.orders import in_words
from bot.actions.owner import Events, OwnerValidation, Slots, find_order, forget
from bot.actions.services import current
from bot.retailer import ReturnRefusedError

REASONS = ("changed_mind", "faulty", "wrong_item", "damaged")
RESOLUTIONS = ("refund", "exchange")


class ValidateReturnForm(OwnerValidation, FormValidationAction):  # type: ignore[misc]
    def name(self) -> str:
        return "validate_return_form"

    def validate_return_reason(
        self, value: object, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots
    ) -> Slots:
        return {"return_reason": value if value in REASONS else None}

    def validate_resolution(
        self, value: object, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots
    ) -> Slots:
        return {"resolution": value if value in RESOLUTIONS else None}


class ActionStartReturn(Action):  # type: ignore[misc]
    """Registers the return, or says why it can't be one."""

    def name(self) -> str:
        return "action_start_return"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots) -> Events:
        order, otherwise = find_order(self.name(), "return_form", dispatcher, tracker)
        retailer, slots = current().retailer, tracker.slots
        if not order or not retailer:
            return otherwise or [ActionExecutionRejected(self.name())]
        try:
            started = retailer.start_return(order, slots["return_reason"], slots["resolution"])
        except ReturnRefusedError as refused:
            dispatcher.utter_message(
                response=f"utter_return_{refused.why}",
                order=order.number,
                delivered=in_words(order.delivered),
                rma=refused.number,
            )
        else:
            dispatcher.utter_message(
                response="utter_return_started", order=order.number, rma=started.number
            )
            dispatcher.utter_message(response="utter_return_next")
        done = forget("order_number", "return_reason", "resolution")
        return [*done, SlotSet("last_order", order.number)]
