"""What Slack sends, as recorded: all is acknowledged, and people's words become lines once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.fakes.slack import FakeSlack
from tests.fakes.slack_desk import SlackDesk, slack_desk

PAYLOADS = Path(__file__).parent / "payloads" / "slack"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json") if "socket" not in path.stem)
EVENTS = {"event_callback", "url_verification", "app_rate_limited"}
LINES = [
    (None, "my laptop won't wake up"),
    (None, "It is the black one"),
    (None, "Found it: the dock"),
    ("deletion", ""),
    (None, "How do I get a second screen?"),
    (None, "how do I reset my password?"),
    (None, "How do I connect to the VPN from home?"),
    ("edit", "How do I connect to the VPN from abroad?"),
    ("deletion", ""),
    (None, "This is what I see"),
    (None, ""),  # a file and nothing else
    (None, "is waiting"),
    (None, "What does this mean?"),
    (None, "The printer says PC LOAD LETTER"),
    (None, "hello from the other company"),
    (None, "Grid here"),
    (
        None,
        "Hi and @bob, see #news, the page (https://larkhome.example/a?b=1&c=2), "
        "help@larkhome.example now please not ls <dir> @here @it :wave: 1 < 2 & 3",
    ),
    (None, "are you there?"),
    (None, "payroll?"),
]


@pytest.fixture
def desk(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDesk]:
    with FakeSlack() as slack, slack_desk(data, slack, monkeypatch) as desk:
        yield desk


def test_all_is_acknowledged_and_words_become_lines_once(desk: SlackDesk) -> None:
    for _ in range(2):
        assert {name: brings(desk, name) for name in NAMES} == dict.fromkeys(NAMES, 200)
    assert sorted(lines(desk), key=str) == sorted(LINES, key=str)


def test_a_reply_in_a_thread_that_is_not_ours_is_none_of_our_business(desk: SlackDesk) -> None:
    assert brings(desk, "message_thread_reply") == 200
    assert lines(desk) == []


def brings(desk: SlackDesk, name: str) -> int:
    """Post the payload as Slack does; the status of the answer."""
    body, media_type = request(json.loads((PAYLOADS / f"{name}.json").read_text("utf-8")))
    headers = desk.slack.sender.signed(body) | {"Content-Type": media_type}
    return desk.client.post("/slack/events", content=body, headers=headers).status_code


def request(payload: dict[str, Any]) -> tuple[bytes, str]:
    """Events come as JSON, what people do with the app as forms."""
    if payload.get("type") in EVENTS:
        return json.dumps(payload).encode(), "application/json"
    form = payload if "command" in payload else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def lines(desk: SlackDesk) -> list[tuple[str | None, str]]:
    """(kind, text) of each line of a customer's."""
    return [
        (line["kind"], line["text"])
        for conversation in desk.conversations()
        for line in desk.transcript(conversation["id"])
        if line["author"] == "customer"
    ]
