"""The people of the tests: customers on two channels, and what they get back."""

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi.testclient import TestClient

Replies = list[dict[str, Any]]
Event = tuple[str, dict[str, Any]]
WANTS_A_PERSON = "/talk_to_human"


@dataclass
class Customer:
    """Somebody who writes through the REST channel."""

    client: TestClient | httpx.Client
    name: str
    desk: str = "customers"
    headers: dict[str, str] = field(default_factory=dict)

    def says(self, text: str, **metadata: str) -> Replies:
        response = self.writes(text, **metadata)
        assert response.status_code == 200, response.text
        replies: Replies = response.json()
        return replies

    def writes(self, text: str, **metadata: str) -> Any:
        body = {
            "sender": self.name,
            "message": text,
            "metadata": {"desk": self.desk, **metadata},
        }
        return self.client.post("/webhooks/rest/webhook", json=body, headers=self.headers)

    def is_handed_over(self) -> int:
        """The number of the conversation that waits for a person now."""
        *_, notice = self.says(WANTS_A_PERSON)
        return int(notice["custom"]["conversation_id"])


@dataclass
class Visitor:
    """Somebody in front of the web widget."""

    client: Any  # TestClient or httpx.Client
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def writes(self, text: str, id: str | None = None, **more: str) -> Any:
        body = {"id": id or secrets.token_hex(8), "text": text, **more}
        return self.client.post("/web/messages", json=body, headers=self.headers)

    def says(self, text: str, id: str | None = None, **more: str) -> str:
        """The line's number, `<conversation>-<seq>`."""
        response = self.writes(text, id, **more)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def sees(self, limit: int = 200) -> dict[str, Any]:
        response = self.client.get(f"/web/messages?limit={limit}", headers=self.headers)
        assert response.status_code == 200, response.text
        seen: dict[str, Any] = response.json()
        return seen

    def reads(self) -> list[str]:
        return [line["text"] for line in self.sees()["messages"]]

    @contextmanager
    def follows(self, cursor: str = "") -> Iterator[Iterator[Event]]:
        """What comes over the live stream after the cursor: (event, data)."""
        url = "/web/events" + (f"?cursor={cursor}" if cursor else "")
        with self.client.stream("GET", url, headers=self.headers, timeout=8) as response:
            assert response.status_code == 200
            yield _events(response.iter_lines())


def _events(lines: Iterable[str]) -> Iterator[Event]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def transcript(
    client: TestClient | httpx.Client, agent: dict[str, str], conversation: int
) -> Replies:
    """Every line, as an agent gets it."""
    url = f"/api/v1/conversations/{conversation}/transcript?format=json"
    lines: Replies = client.get(url, headers=agent).json()["messages"]
    return lines


def is_problem(response: Any, status: int) -> bool:
    """Whether the response is a problem detail (RFC 9457) of that status."""
    problem = response.json()
    return bool(
        response.status_code == status
        and response.headers["content-type"] == "application/problem+json"
        and problem["status"] == status
        and problem["title"]
        and problem["detail"]
    )
