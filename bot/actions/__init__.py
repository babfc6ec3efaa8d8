"""Actions of the demo company, for any Rasa: `python -m rasa_sdk --actions bot.actions`."""
