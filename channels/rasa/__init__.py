"""What clients that were made for Rasa know: its channels and its HTTP API."""
