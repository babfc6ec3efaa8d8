"""A triage channel with agents in it, and customers whose conversations come there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.settings import load_settings
from channels.app import create_app
from channels.slack.triage_store import SlackCard
from handoff.agents import Role
from tests.conftest import agent_headers
from tests.fakes.browser import until
from tests.fakes.loopback import Loopback
from tests.fakes.people import Customer, Replies, transcript
from tests.fakes.slack import Channel, FakeSlack, Person, Post

Headers = dict[str, str]


@dataclass
class Floor:
    """The agents Maya and Bob, Noah who is none, and the console of both agents."""

    slack: FakeSlack
    app: FastAPI
    client: httpx.Client
    channel: Channel
    maya: Person
    bob: Person
    noah: Person
    console: dict[str, Headers] = field(default_factory=dict)

    def employs(self, name: str) -> None:
        """Somebody becomes an agent."""
        self.console[name] = agent_headers(TestClient(self.app), name, Role.AGENT)

    def escalates(self, name: str = "Carol") -> int:
        """A customer asks for a person; the conversation's number, once its card is there."""
        conversation = Customer(self.client, name).is_handed_over()
        until(lambda: self._is_posted(conversation))
        return conversation

    def cards(self) -> list[Post]:
        ours = (post for post in self.channel.posts if post.author is self.slack.team.bot)
        return [post for post in ours if not post.thread_ts and not post.only_for]

    def card(self) -> str:
        """The newest card, as everybody reads it."""
        return self.slack.reader.post(self.cards()[-1])

    def thread(self) -> list[str]:
        """What is below the newest card."""
        return self.maya.sees(self.channel, self.cards()[-1])[1:]

    def newest(self) -> str:
        """The last message there."""
        return (self.thread() or [""])[-1]

    def claims(self, agent: Person) -> Post:
        """The agent claims the newest card; returns it once its thread has begun."""
        card = self.cards()[-1]
        assert agent.presses("Claim", self.channel, card).is_taken
        until(lambda: any("What you write here" in post for post in self.thread()))
        return card

    def told(self, agent: Person) -> list[str]:
        """What nobody but the agent has been shown."""
        return [post.text for post in self.channel.posts if post.only_for is agent]

    def lines(self, conversation: int, author: str = "agent") -> Replies:
        found = transcript(self.client, self.console["Maya"], conversation)
        return [line for line in found if line["author"] == author]

    def state(self, conversation: int) -> tuple[str, str | None]:
        """The conversation's state, and who has it."""
        url = f"/api/v1/conversations/{conversation}"
        shown = self.client.get(url, headers=self.console["Maya"]).json()
        return shown["state"], shown["owner"] and shown["owner"]["name"]

    def _is_posted(self, conversation: int) -> bool:
        """Whether there is a card, and Slack has told the server what it is called there."""
        cards = select(SlackCard).where(SlackCard.conversation_id == conversation)
        with self.app.state.database.read() as session:
            newest = session.scalar(cards.order_by(SlackCard.ticket_id.desc()).limit(1))
            return bool(newest and newest.ts and not newest.closed)

    def acts(self, agent: str, conversation: int, act: str, **body: object) -> None:
        """What an agent does in the console."""
        url = f"/api/v1/conversations/{conversation}/{act}"
        self.client.post(url, headers=self.console[agent], json=body).raise_for_status()


@contextmanager
def triage_floor(slack: FakeSlack, data: Path, patch: pytest.MonkeyPatch) -> Iterator[Floor]:
    """The server with all desks' escalations coming to the channel "triage"."""
    maya, bob, noah = (slack.person(name) for name in ("Maya", "Bob", "Noah"))
    channel = slack.channel("triage", maya, bob, noah)
    for name, value in {
        "BOT_TOKEN": slack.bot_token,
        "SIGNING_SECRET": slack.signing_secret,
        "API_URL": slack.api_url,
        "TRIAGE_CHANNEL": channel.id,
    }.items():
        patch.setenv(f"FIRSTLINE_SLACK_{name}", value)
    patch.setattr("channels.slack.triage_pace.BURST", 100)  # the fake takes any number
    patch.setattr("channels.slack.triage_agents.PATIENCE", 20)  # the machine may be busy
    slack.sender.patience = 20
    app = create_app(load_settings(data))
    # On a socket: agents do things at once, in Slack and in the console.
    with Loopback(app) as server, httpx.Client(base_url=server.origin, timeout=20) as client:
        slack.deliver_to(server.origin)
        floor = Floor(slack, app, client, channel, maya, bob, noah)
        floor.employs("Maya")
        floor.employs("Bob")
        yield floor
