"""Carries words between people and the desk."""
