"""Entities of a message: written rules, a learned tagger, Duckling; each in a room of its own."""
