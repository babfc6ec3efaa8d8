"""A served desk whose customers write on the fake Telegram."""

import json
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
from tests.fakes.telegram import FakeTelegram, Group, Person

SECRET = "between-us_two"
PATH = "/webhooks/telegram/webhook"
Json = dict[str, Any]


@dataclass
class TelegramDesk:
    """The server at `http`, and Telegram, which brings its updates to the webhook."""

    app: FastAPI
    http: httpx.Client
    telegram: FakeTelegram

    def posts(self, update: object, secret: str | bytes = SECRET) -> httpx.Response:
        """An update as Telegram, or somebody else, may bring it."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        return self.http.post(PATH, content=body, headers=headers)  # type: ignore[arg-type]

    def agent(self, name: str) -> "TelegramAgent":
        client = TestClient(self.app)  # its lifespan isn't entered: the server's is
        return TelegramAgent(self.http, agent_headers(client, name, Role.AGENT))


@dataclass
class TelegramAgent:
    """Somebody who answers, over the API."""

    http: httpx.Client
    headers: dict[str, str]

    def conversations(self) -> list[Json]:
        found: list[Json] = self.get("/api/v1/conversations")["conversations"]
        return found

    def transcript(self, conversation: int) -> list[Json]:
        lines: list[Json] = self.get(
            f"/api/v1/conversations/{conversation}/transcript?format=json"
        )["messages"]
        return lines

    def does(self, conversation: int, act: str, **body: str) -> Json:
        url = f"/api/v1/conversations/{conversation}/{act}"
        response = self.http.post(url, json=body, headers=self.headers)
        assert response.is_success, response.text
        done: Json = response.json() if response.content else {}
        return done

    def get(self, url: str) -> Json:
        response = self.http.get(url, headers=self.headers)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found


@contextmanager
def telegram_desk(
    data: Path,
    telegram: FakeTelegram,
    patch: pytest.MonkeyPatch,
    *,
    telegram_mode: str = "webhook",
    derived_secret: bool = False,
) -> Iterator[TelegramDesk]:
    """The desk on its channel. Its webhook is set, unless its secret is `derived_secret`."""
    chosen = {
        "telegram_token": telegram.token,
        "telegram_api_url": telegram.url,
        "telegram_mode": telegram_mode,
        "public_url": "https://desk.example",
    } | ({} if derived_secret else {"telegram_webhook_secret": SECRET})
    for name, value in chosen.items():
        patch.setenv(f"FIRSTLINE_{name.upper()}", value)
    app = create_app(load_settings(data))
    with Loopback(app) as server, httpx.Client(base_url=server.origin, timeout=30) as http:
        until(lambda: http.get("/readyz").status_code == 200)
        if telegram_mode == "webhook" and not derived_secret:
            telegram.webhook.set(server.origin + PATH, SECRET)
        yield TelegramDesk(app, http, telegram)


def answered(who: Person | Group, replies: int = 1) -> list[str]:
    """The bot's words in the chat, once there are that many."""
    until(lambda: len(who.chat.texts) >= replies)
    return who.chat.texts
