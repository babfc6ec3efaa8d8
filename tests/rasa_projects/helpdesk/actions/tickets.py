"""The tickets of the help desk, as its own actions keep them."""

from itertools import count

OURS = "@acme.example"
_numbers = count(1)


def new_number() -> str:
    return f"T-{next(_numbers)}"
