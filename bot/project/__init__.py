"""A Rasa project as its folder lies there: which file is what, and what its settings mean here."""
