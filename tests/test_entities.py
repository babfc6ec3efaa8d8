"""Entities: found by regexes and lookup tables, mapped to values, fast on any text."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.entities.extractor import EntityExtractor
from bot.training import read_training

DEMO = Path(__file__).parent.parent / "training_data"


@pytest.fixture(scope="module")
def extractor() -> EntityExtractor:
    return EntityExtractor(read_training(DEMO))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Where is LH-204518?", [("order_number", "LH-204518")]),
        ("order lh 204518 pls", [("order_number", "LH-204518")]),
        ("LH204518", [("order_number", "LH-204518")]),
        ("it's #204518", [("number", "204518")]),
        ("call 01174960142", []),
        ("my ticket fl771203", [("ticket_number", "FL-771203")]),
        ("mail bob.x@web.example.", [("email", "bob.x@web.example")]),
        ("to bs1 4st please", [("postcode", "bs1 4st")]),
        ("my Outdoor  CAMERA", [("product", "Lark Eye Outdoor")]),
        ("the light bulbs", [("product", "Lark Glow")]),
        ("a clock and some blackbirds", []),
        ("hub@web.example", [("email", "hub@web.example")]),
        ("since last Tuesday", [("date", "last Tuesday")]),
        ("on 12/11/2026 or 3 March", [("date", "12/11/2026"), ("date", "3 March")]),
        ("it doesn’t work, money back", [("return_reason", "faulty"), ("resolution", "refund")]),
    ],
)
def test_entities_are_found_and_normalised(
    extractor: EntityExtractor, text: str, found: list[tuple[str, str]]
) -> None:
    assert [(entity.entity, entity.value) for entity in extractor.extract(text)] == found


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_entities_never_overlap(text: str) -> None:
    ends = 0
    for entity in EXTRACTOR.extract(text):
        assert ends <= entity.start < entity.end <= len(text)
        ends = entity.end


@pytest.mark.parametrize(
    "piece", ["a.", "a@", "a.b@c.d ", "1 ", "LH ", "last ", "lark hub ", "a.b-" * 29 + "@ ", " "]
)
def test_no_text_takes_long(extractor: EntityExtractor, piece: str) -> None:
    text = (piece * 4000)[:4000]
    assert min(_seconds(extractor, text) for _ in range(3)) < 0.05  # 1-6 ms on an idle core


def _seconds(extractor: EntityExtractor, text: str) -> float:
    begun = time.perf_counter()
    extractor.extract(text)
    return time.perf_counter() - begun


EXTRACTOR = EntityExtractor(read_training(DEMO))
