"""A served desk whose employees write in the fake Slack, and an agent of the console."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.settings import load_settings
from channels.app import create_app
from handoff.agents import Role
from tests.conftest import agent_headers
from tests.fakes.browser import until
from tests.fakes.loopback import Loopback
from tests.fakes.people import Replies, transcript
from tests.fakes.slack import Channel, FakeSlack, Person, Post

Json = dict[str, Any]

VPN = "How do I set up the VPN?"
VPN_ANSWER = "LarkGate"  # from an article for employees only
GIFT = "How do I return a gift?"
GIFT_ANSWER = "giver's order number"  # from a public one


@dataclass
class SlackDesk:
    """The server that Slack talks to, on a real socket: Slack comes from several threads."""

    slack: FakeSlack
    app: FastAPI
    client: httpx.Client
    maya: dict[str, str]

    def conversations(self) -> list[Json]:
        found: list[Json] = self.get("/api/v1/conversations")["conversations"]
        return sorted(found, key=lambda conversation: int(conversation["id"]))

    def transcript(self, conversation: int) -> Replies:
        return transcript(self.client, self.maya, conversation)

    def said(self, conversation: int, author: str = "customer") -> list[str]:
        """What they wrote, in order."""
        return [each["text"] for each in self.transcript(conversation) if each["author"] == author]

    def person(self, conversation: int) -> Json:
        found: Json = self.get(f"/api/v1/conversations/{conversation}")["person"]
        return found

    def acts(self, conversation: int, act: str, **body: object) -> None:
        """What the agent Maya does in the console."""
        url = f"/api/v1/conversations/{conversation}/{act}"
        self.client.post(url, headers=self.maya, json=body).raise_for_status()

    def get(self, url: str) -> Json:
        response = self.client.get(url, headers=self.maya)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found


@contextmanager
def slack_desk(
    data: Path, slack: FakeSlack, patch: pytest.MonkeyPatch, **settings: str
) -> Iterator[SlackDesk]:
    """The desk, told of its app in the first workspace; `settings` are further or other ones."""
    chosen = {
        "slack_bot_token": slack.bot_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": slack.api_url,
        "public_url": "https://desk.example",
    }
    for name, value in (chosen | settings).items():
        if value:
            patch.setenv(f"FIRSTLINE_{name.upper()}", value)
    app = create_app(load_settings(data))
    with Loopback(app) as server, httpx.Client(base_url=server.origin, timeout=30) as client:
        until(lambda: client.get("/readyz").status_code == 200)
        if "slack_app_token" not in settings:
            slack.deliver_to(client)
        # Her client never starts the server a second time.
        yield SlackDesk(slack, app, client, agent_headers(TestClient(app), "Maya", Role.AGENT))


def sees(
    person: Person, words: str, channel: Channel | None = None, thread: Post | None = None
) -> str:
    """The first message with the words, once it is there."""

    def found() -> list[str]:
        return [text for text in person.sees(channel, thread) if words in text]

    until(lambda: bool(found()))
    return found()[0]
