"""The demo shop, and who may be told of an order."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.marked_yaml import read_yaml
from bot.retailer import OrderState, ReturnRefusedError, order_number, own_order
from bot.settings import Settings, SettingsError
from bot.shop import DemoShop, open_retailer

SHOP = Path(__file__).parent.parent / "training_data" / "shop.yml"


@pytest.fixture
def shop(tmp_path: Path) -> DemoShop:
    return DemoShop.create(tmp_path / "shop.db", SHOP)


def test_the_demo_has_orders_in_every_state(shop: DemoShop) -> None:
    orders = [shop.order(order["number"]) for order in read_yaml(SHOP)["orders"]]
    assert {order.state for order in orders if order} == set(OrderState)


def test_days_count_from_the_day_it_is_made(tmp_path: Path) -> None:
    shop = DemoShop.create(tmp_path / "shop.db", SHOP, date(2026, 3, 10))
    order = shop.order("LH-119264")
    assert order
    assert order.delivered == date(2026, 3, 7)


@pytest.mark.parametrize(
    ("number", "email", "postcode", "told"),
    [
        ("LH-204518", "alice@web.example", None, True),
        ("LH-204518", "Alice@Web.Example", None, True),
        ("LH-204518", None, "bs14st", True),
        ("LH-204518", "bob@post.example", None, False),
        ("LH-204518", None, None, False),
        ("LH-204518", "", " ", False),
        ("LH-999999", "alice@web.example", None, False),
        ("LH-999999", "", "", False),
    ],
)
def test_an_order_is_only_for_its_owner(
    shop: DemoShop, number: str, email: str | None, postcode: str | None, told: bool
) -> None:
    assert bool(own_order(shop, number, email, postcode)) is told


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("LH-204518", "LH-204518"),
        ("lh 204518", "LH-204518"),
        ("lh204518", "LH-204518"),
        ("#204518", "LH-204518"),
        ("204518", "LH-204518"),
        ("LH-20451", None),
        ("order", None),
    ],
)
def test_order_numbers_are_normalised(typed: str, number: str | None) -> None:
    assert order_number(typed) == number


def test_a_reset_link_goes_to_accounts_only(shop: DemoShop) -> None:
    shop.send_password_reset("Alice@web.example")
    shop.send_password_reset("nobody@web.example")
    assert shop.password_resets("alice@web.example") == 1
    assert shop.password_resets("nobody@web.example") == 0


@pytest.mark.parametrize(
    ("days", "reason", "resolution", "refused"),
    [
        (30, "changed_mind", "refund", None),
        (31, "changed_mind", "refund", "too_late"),
        (31, "faulty", "refund", "no_refund"),
        (31, "faulty", "exchange", None),
        (731, "faulty", "exchange", "out_of_warranty"),
    ],
)
def test_returns_follow_the_terms(
    tmp_path: Path, days: int, reason: str, resolution: str, refused: str | None
) -> None:
    delivered_three_days_before = date.today() - timedelta(days=days - 3)
    shop = DemoShop.create(tmp_path / "shop.db", SHOP, delivered_three_days_before)
    order = shop.order("LH-119264")
    assert order
    if refused is None:
        assert shop.start_return(order, reason, resolution).number.startswith("RMA-")
    else:
        with pytest.raises(ReturnRefusedError) as raised:
            shop.start_return(order, reason, resolution)
        assert raised.value.why == refused


def test_what_is_under_way_cannot_be_returned(shop: DemoShop) -> None:
    order = shop.order("LH-204518")
    assert order
    with pytest.raises(ReturnRefusedError, match="not_delivered"):
        shop.start_return(order, "faulty", "refund")


def test_an_order_is_returned_once_however_often_it_is_asked(shop: DemoShop) -> None:
    order = shop.order("LH-119264")
    assert order

    def attempt(_: int) -> str:
        try:
            return shop.start_return(order, "faulty", "refund").number
        except ReturnRefusedError as refused:
            return refused.number or ""

    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(attempt, range(8)))
    assert len(numbers) == 1


def test_the_settings_choose_the_shop(tmp_path: Path, shop: DemoShop) -> None:
    assert isinstance(open_retailer(Settings(data=tmp_path)), DemoShop)
    assert open_retailer(Settings(data=tmp_path / "elsewhere")) is None
    with pytest.raises(SettingsError, match="module:callable"):
        open_retailer(Settings(data=tmp_path, retailer="no_such_module:Shop"))


def test_a_failed_call_leaves_no_connection_open(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        DemoShop(tmp_path / "empty.db").order("LH-204518")
    (tmp_path / "empty.db").unlink()
