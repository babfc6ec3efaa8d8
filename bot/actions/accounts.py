"""Password reset."""

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import ActionExecutionRejected
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.owner import Events, Slots, checked_email
from bot.actions.services import current


class ValidatePasswordResetForm(FormValidationAction):  # type: ignore[misc]
    def name(self) -> str:
        return "validate_password_reset_form"

    def validate_email(
        self, value: object, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots
    ) -> Slots:
        return {"email": checked_email(value)}


class ActionSendPasswordReset(Action):  # type: ignore[misc]
    """Sends the link; the answer is the same whether there is such an account or not."""

    def name(self) -> str:
        return "action_send_password_reset"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots) -> Events:
        retailer, email = current().retailer, tracker.slots["email"]
        if retailer is None:
            dispatcher.utter_message(response="utter_not_connected")
            return [ActionExecutionRejected(self.name())]
        retailer.send_password_reset(email)
        dispatcher.utter_message(response="utter_password_reset_sent", email=email)
        return []
