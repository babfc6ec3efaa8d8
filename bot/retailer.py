"""What the bot needs of a shop's back office, and who may be told of an order."""

import hmac
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

NUMBER = re.compile(r"(?:LH)?\W{0,3}(\d{6})", re.IGNORECASE)


class OrderState(StrEnum):
    PLACED = "placed"
    PACKING = "packing"
    SHIPPED = "shipped"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    CANCELLED = "cancelled"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `tracking` is Swiftpost's number; `expected` the promised day of delivery."""

    number: str
    email: str
    postcode: str
    state: OrderState
    items: tuple[str, ...]
    placed: date
    expected: date | None
    delivered: date | None
    tracking: str | None


@dataclass(frozen=True, slots=True)
class Account:
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Return:
    """A return that was registered; `free_label` says whether the customer pays for the post."""

    number: str
    order_number: str
    reason: str
    resolution: str
    free_label: bool


class ReturnRefusedError(Exception):
    """The return can't be made; `why` is a word for it: not_delivered, too_late, no_refund,
    out_of_warranty, returned, or exists (then `number` is the return that there is)."""

    def __init__(self, why: str, number: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.number = number


class Retailer(Protocol):
    """A shop's back office. Numbers come normalised (`order_number`); whoever shows an order to
    a customer proves first that it is theirs (`own_order`)."""

    def order(self, number: str) -> Order | None: ...

    def account(self, email: str) -> Account | None: ...

    def send_password_reset(self, email: str) -> None:
        """Send a link if there is such an account; the caller never learns whether."""

    def start_return(
        self, order: Order, reason: str, resolution: str, item: str | None = None
    ) -> Return:
        """Register a return. Raises ReturnRefusedError."""


def order_number(text: str) -> str | None:
    """The number as the shop writes it ("lh 204518" and "#204518" are LH-204518)."""
    match = NUMBER.fullmatch(text.strip().lstrip("#").strip())
    return f"LH-{match[1]}" if match else None


def own_order(
    retailer: Retailer, number: str, email: str | None, postcode: str | None
) -> Order | None:
    """The order, if the e-mail address or the post code belongs to it. An unknown number and a
    wrong pair are the same to whoever asks."""
    order = retailer.order(number)
    email_fits = _same(email, order.email if order else "")
    postcode_fits = _same(postcode, order.postcode if order else "")
    return order if order and (email_fits or postcode_fits) else None


def _same(given: str | None, known: str) -> bool:
    plain = "".join((given or "").casefold().split())
    expected = "".join(known.casefold().split())
    return hmac.compare_digest(plain.encode(), expected.encode()) and bool(plain)
