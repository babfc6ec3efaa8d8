"""Leaving a form."""

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.owner import Events, Slots, forget


class ActionForgetForm(Action):  # type: ignore[misc]
    """Forgets what the open form has asked, so that the next one begins anew."""

    def name(self) -> str:
        return "action_forget_form"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Slots) -> Events:
        form = (tracker.active_loop or {}).get("name")
        return forget(*domain["forms"].get(form, {}).get("required_slots", []))
