"""What the desk makes of Telegram's updates: recorded ones, and ones that Telegram never sends."""

import json
import secrets
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.postgres import on_both_databases
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_desk import TelegramDesk, telegram_desk

Json = dict[str, Any]
PAYLOADS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "payloads" / "telegram").glob("*.json"))
}

# What is stored of each: its words and its file. Of those that aren't here, nothing.
STORED = {
    "album_photo": ("", "photo.jpg"),
    "animation": ("", "spin.mp4"),
    "audio": ("", "buzzing.mp3"),
    "contact": ("Contact: Dave Fisher, +442079460123", "contact.vcf"),
    "document": ("my invoice", "invoice 2026.pdf"),
    "document_bare": ("", "document"),
    "edited_caption": ("The other plug", "photo.jpg"),
    "edited_message": ("How long is the warranty on a Lark Lamp?", ""),
    "formatted_text": ("It says error 42 at larkhome.example", ""),
    "forwarded": ("Lark Plugs are recalled!", ""),
    "group_command": ("/human", ""),
    "group_mention": ("👋 how do I reset it?", ""),
    "group_reply_to_bot": ("And in winter?", ""),
    "group_text_mention": ("Firstline, how do I reset it?", ""),
    "live_location": ("Location: 51.507351, -0.127758", "location.geojson"),
    "location": ("Location: 51.507351, -0.127758", "location.geojson"),
    "photo": ("This is what it looks like", "photo.jpg"),
    "private_emoji": ("👋🏽 my Lark Plug 🔌 is broken", ""),
    "private_text": ("How long is the warranty on a Lark Plug?", ""),
    "reply": ("But it is only two years old", ""),
    "reply_with_quote": ("Which ones?", ""),
    "start": ("/start", ""),
    "start_with_code": ("/link 483920", ""),
    "sticker": ("😡", ""),
    "topic_message": ("where is my order?", ""),
    "venue": (
        "Larkhome store, 1 Strand, London\nLocation: 51.507351, -0.127758",
        "location.geojson",
    ),
    "video": ("", "blinking.mp4"),
    "video_note": ("", "video-note.mp4"),
    "voice": ("", "voice.ogg"),
}


@pytest.fixture
def desk(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TelegramDesk]:
    with FakeTelegram() as telegram, telegram_desk(data, telegram, monkeypatch) as desk:
        yield desk


def written(desk: TelegramDesk) -> list[tuple[str, str]]:
    """What customers have written, as an agent sees it: words and files."""
    agent = desk.agent(f"Dora{secrets.token_hex(3)}")
    transcripts = [agent.transcript(each["id"]) for each in agent.conversations()]
    lines = [line for lines in transcripts for line in lines if line["author"] == "customer"]
    return sorted((line["text"], _file(line)) for line in lines)


def _file(line: Json) -> str:
    return "".join(file["name"] for file in line["content"].get("attachments", []))


@on_both_databases
def test_recorded_updates_are_stored_once_or_not_at_all(desk: TelegramDesk) -> None:
    for update in PAYLOADS.values():
        assert desk.posts(update).status_code == 200
    assert written(desk) == sorted(STORED.values())
    for update in reversed(PAYLOADS.values()):
        assert desk.posts(update).status_code == 200
    assert written(desk) == sorted(STORED.values())


def test_a_live_location_is_told_once(desk: TelegramDesk) -> None:
    shared = PAYLOADS["live_location"]
    assert desk.posts(shared).status_code == 200
    (_, message), *_ = ((key, value) for key, value in shared.items() if key != "update_id")
    for number in range(3):
        desk.posts({"update_id": 1000 + number, "edited_message": message})
    assert len(written(desk)) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800\x00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def bent(draw: st.DrawFn) -> object:
    """A recorded update in which something is not what Telegram would send."""
    update = deepcopy(draw(st.sampled_from(list(PAYLOADS.values()))))
    for _ in range(draw(st.integers(1, 3))):
        node: Any = update
        while isinstance(node, (dict, list)) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = draw(st.sampled_from(keys))
            if not isinstance(node[key], (dict, list)) or draw(st.booleans()):
                node[key] = draw(JSON)
                break
            node = node[key]
    return update


@on_both_databases
def test_no_update_is_too_strange(desk: TelegramDesk) -> None:
    @settings(
        max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    @given(st.one_of(bent(), JSON))
    def bring(update: object) -> None:
        assert desk.posts(update).status_code == 200

    bring()
