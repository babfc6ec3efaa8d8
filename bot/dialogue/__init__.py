"""Dialogue as Rasa's documentation defines it: rules, stories, forms, slots and actions."""
