"""Rasa's HTTP API, as far as clients use it beside the channels."""
