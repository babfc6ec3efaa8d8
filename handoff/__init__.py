"""Decides who speaks, and keeps the record."""
