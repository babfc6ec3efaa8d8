"""The Socket.IO channel, for widgets that were made for Rasa."""
