"""What the actions need of the world: the retailer, and a look at tickets."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.retailer import Retailer
from bot.shop import FILE, DemoShop

# Flows that look into the retailer's systems. Without a retailer they don't begin: the knowledge
# base answers instead, or a person.
ASK_RETAILER = frozenset({"order_status", "return_item", "reset_password"})


def _no_tickets(number: str, sender_id: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Services:
    """`retailer` is None when no shop is connected. `ticket_status(number, sender_id)` gives a
    line that the customer may read, None when the ticket is unknown or not theirs."""

    retailer: Retailer | None = None
    ticket_status: Callable[[str, str], str | None] = _no_tickets


_used: Services | None = None


def use(services: Services) -> None:
    """Let the actions of this process work with these services."""
    global _used
    _used = services


def current() -> Services:
    """The services in use; without any, the demo shop in FIRSTLINE_DATA if there is one."""
    return _used or _of_environment()


def can_begin(intent: str) -> bool:
    """Whether what the intent's flow asks of the world is there."""
    return intent not in ASK_RETAILER or current().retailer is not None


def _of_environment() -> Services:
    path = Path(os.environ.get("FIRSTLINE_DATA", "data")) / FILE
    return Services(DemoShop(path) if path.is_file() else None)
