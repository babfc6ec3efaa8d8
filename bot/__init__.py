"""Decides what to say, and owns what every conversation needs."""
