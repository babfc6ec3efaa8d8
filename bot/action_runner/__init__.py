"""Runs custom actions as Rasa does: a project's own, on its action server, or Firstline's."""
