"""Regression check: past questions, replayed on a changed knowledge base before it goes live."""
