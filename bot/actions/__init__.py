"""Firstline's actions for any Rasa: `python -m rasa_sdk --actions bot.actions`.

The demo company's flows, and `action_hand_over`, which hands a conversation to a person.
"""
