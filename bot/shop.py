"""The demo shop, in a small SQLite file, and the choice of the shop that the bot asks."""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from bot.marked_yaml import read_yaml
from bot.retailer import Account, Order, OrderState, Retailer, Return, ReturnRefusedError
from bot.settings import Settings, SettingsError

FILE = "shop.db"
RETURN_DAYS = 30
WARRANTY_DAYS = 2 * 365


def open_retailer(settings: Settings) -> Retailer | None:
    """The shop that the settings name as "module:callable" (called without arguments), else the
    demo shop if the data directory has one, else none. Raises SettingsError."""
    if not settings.retailer:
        path = settings.data / FILE
        return DemoShop(path) if path.is_file() else None
    module, _, name = settings.retailer.partition(":")
    try:
        retailer: Retailer = getattr(import_module(module), name)()
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(
            f'retailer = "{settings.retailer}" can\'t be loaded ({error}); write "module:callable"'
        ) from error
    return retailer


class DemoShop:
    """A make-believe shop. Thread-safe: a connection for each call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, yaml: Path, today: date | None = None) -> "DemoShop":
        """Make the database from shop.yml, whose days count from `today`. One that is there
        already is replaced. Raises TrainingError for broken YAML."""
        content = read_yaml(yaml)
        today = today or date.today()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        shop = cls(draft)
        with shop._connection() as connection:
            connection.executescript(SCHEMA)
            connection.executemany(
                "INSERT INTO accounts VALUES (:email, :name)", content["accounts"]
            )
            connection.executemany(
                "INSERT INTO orders VALUES (:number, :email, :postcode, :state, :items,"
                " :placed, :expected, :delivered, :tracking)",
                [_order_row(order, today) for order in content["orders"]],
            )
        os.replace(draft, path)
        return cls(path)

    def order(self, number: str) -> Order | None:
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM orders WHERE number = ?", (number,)).fetchone()
        return _order(row) if row else None

    def account(self, email: str) -> Account | None:
        with self._connection() as connection:
            row = connection.execute(
                "SELECT email, name FROM accounts WHERE email = ?", (email.casefold(),)
            ).fetchone()
        return Account(row["email"], row["name"]) if row else None

    def send_password_reset(self, email: str) -> None:
        with self._connection() as connection:  # the same work for a known and an unknown address
            connection.execute(
                "INSERT INTO password_resets (email, token)"
                " SELECT email, ? FROM accounts WHERE email = ?",
                (secrets.token_urlsafe(), email.casefold()),
            )

    def password_resets(self, email: str) -> int:
        """How many links the address was sent (the demo only counts them)."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT count(*) FROM password_resets WHERE email = ?", (email.casefold(),)
            ).fetchone()
        return int(row[0])

    def start_return(
        self, order: Order, reason: str, resolution: str, item: str | None = None
    ) -> Return:
        _check_returnable(order, reason, resolution, date.today())
        free = reason != "changed_mind"
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT number FROM returns WHERE order_number = ?", (order.number,)
            ).fetchone()
            if row:
                raise ReturnRefusedError("exists", row["number"])
            number = _free_number(connection)
            connection.execute(
                "INSERT INTO returns VALUES (?, ?, ?, ?, ?)",
                (number, order.number, item, reason, resolution),
            )
        return Return(number, order.number, reason, resolution, free)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                yield connection
        finally:
            connection.close()


SCHEMA = """
CREATE TABLE accounts (email TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE orders (
    number TEXT PRIMARY KEY, email TEXT NOT NULL, postcode TEXT NOT NULL, state TEXT NOT NULL,
    items TEXT NOT NULL, placed TEXT NOT NULL, expected TEXT, delivered TEXT, tracking TEXT
);
CREATE TABLE returns (
    number TEXT PRIMARY KEY, order_number TEXT NOT NULL UNIQUE, item TEXT,
    reason TEXT NOT NULL, resolution TEXT NOT NULL
);
CREATE TABLE password_resets (email TEXT NOT NULL, token TEXT NOT NULL);
"""


def _check_returnable(order: Order, reason: str, resolution: str, today: date) -> None:
    """The company's terms: 30 days for anything, then the warranty for what is faulty."""
    if order.state == OrderState.RETURNED:
        raise ReturnRefusedError("returned")
    if order.state != OrderState.DELIVERED or not order.delivered:
        raise ReturnRefusedError("not_delivered")
    days = (today - order.delivered).days
    if days <= RETURN_DAYS:
        return
    if reason != "faulty":
        raise ReturnRefusedError("too_late")
    if days > WARRANTY_DAYS:
        raise ReturnRefusedError("out_of_warranty")
    if resolution == "refund":
        raise ReturnRefusedError("no_refund")


def _free_number(connection: sqlite3.Connection) -> str:
    while True:
        number = f"RMA-{secrets.randbelow(90_000) + 10_000}"
        if not connection.execute("SELECT 1 FROM returns WHERE number = ?", (number,)).fetchone():
            return number


def _order_row(order: dict[str, Any], today: date) -> dict[str, Any]:
    days = {
        name: (today + timedelta(days=order[name])).isoformat() if name in order else None
        for name in ("placed", "expected", "delivered")
    }
    state = OrderState(order["state"]).value
    items = "\n".join(order["items"])
    return {"tracking": None, **order, **days, "state": state, "items": items}


def _order(row: sqlite3.Row) -> Order:
    def day(name: str) -> date | None:
        return date.fromisoformat(row[name]) if row[name] else None

    return Order(
        number=row["number"],
        email=row["email"],
        postcode=row["postcode"],
        state=OrderState(row["state"]),
        items=tuple(row["items"].split("\n")),
        placed=date.fromisoformat(row["placed"]),
        expected=day("expected"),
        delivered=day("delivered"),
        tracking=row["tracking"],
    )
