"""Events, presses and commands on their way to the app: signed, over HTTP or Socket Mode, and again
when they weren't taken."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, ParamSpec, Protocol
from urllib.parse import urlencode

import httpx

from tests.fakes.slack.socket_mode import Sockets
from tests.fakes.slack.world import Json

PATH = "/slack/events"
MINUTES_BEFORE_RETRY = (0, 1, 5)

P = ParamSpec("P")
Kind = Literal["events_api", "interactive", "slash_commands"]


class Response(Protocol):
    @property
    def status_code(self) -> int: ...
    @property
    def content(self) -> bytes: ...


class Client(Protocol):
    """Whatever posts to the app: an httpx.Client with a base URL, or a TestClient."""

    def post(self, url: str, *, content: bytes, headers: dict[str, str]) -> Response: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app said to an attempt; `trouble` is the X-Slack-Retry-Reason it gives, if any."""

    status: int = 0
    body: bytes = b""
    trouble: str = ""

    @property
    def json(self) -> Json:
        found = json.loads(self.body or b"{}")
        return found if isinstance(found, dict) else {}


@dataclass(eq=False)
class Delivery:
    """Something that is sent to the app, and what it answered to each attempt."""

    kind: Kind
    payload: Json
    answers: list[Answer] = field(default_factory=list)

    @property
    def is_taken(self) -> bool:
        return not self.answer.trouble

    @property
    def answer(self) -> Answer:
        return self.answers[-1] if self.answers else Answer(trouble="held")

    def body(self) -> tuple[bytes, str]:
        """With its media type."""
        if self.kind == "events_api":
            return json.dumps(self.payload).encode(), "application/json"
        fields = {"payload": json.dumps(self.payload)}
        form = self.payload if self.kind == "slash_commands" else fields
        return urlencode(form).encode(), "application/x-www-form-urlencoded"


class Sender:
    """Slack's side of `/slack/events`. Only events are sent again, after 0, 1 and 5 minutes.

    `minute` is how many seconds one lasts here, and `patience` how many it waits for an answer."""

    def __init__(self, signing_secret: str, sockets: Sockets) -> None:
        self.client: Client | None = None
        self.deliveries: list[Delivery] = []
        self.minute = 0.1
        self.patience = 3.0
        self._secret = signing_secret
        self._sockets = sockets
        self._held: list[Delivery] | None = None
        self._closed = threading.Event()
        self._pool = ThreadPoolExecutor(64, "slack-sender")  # a retry waits in one

    def deliver_to(self, app: Client | str) -> None:
        """To the app at a URL, or by a client whose base URL it is; else they go by Socket Mode."""
        if isinstance(app, str):
            self.client = httpx.Client(base_url=app, timeout=self.patience)
        else:
            self.client = app

    def send(self, kind: Kind, payload: Json) -> Delivery:
        """The first attempt has been made when it returns; others follow by themselves."""
        delivery = Delivery(kind, payload)
        self.deliveries.append(delivery)
        if self._held is not None:
            self._held.append(delivery)
        elif not self.attempt(delivery) and kind == "events_api":
            self._in_background(self._retry, delivery)
        return delivery

    def send_later(self, kind: Kind, payload: Json) -> None:
        """The same, for who can't wait: while the app waits for an answer of ours."""
        self._in_background(self.send, kind, payload)

    @contextmanager
    def held(self) -> Iterator[list[Delivery]]:
        """What is sent within isn't: `attempt` each as often and in what order you like."""
        held: list[Delivery] = []
        self._held = held
        try:
            yield held
        finally:
            self._held = None

    def attempt(self, delivery: Delivery, number: int = 0, reason: str = "") -> bool:
        """Whether it was taken. `number` and `reason` are those of a retry."""
        if self.client:
            answer = self._post(self.client, delivery, number, reason)
        else:
            answer = self._over_socket(delivery, number, reason)
        delivery.answers.append(answer)
        return not answer.trouble

    def signed(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The headers by which Slack proves that a body is its own."""
        stamp = str(int(time.time()) if timestamp is None else timestamp)
        digest = hmac.digest(self._secret.encode(), f"v0:{stamp}:".encode() + body, "sha256")
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest.hex()}"}

    def close(self) -> None:
        self._closed.set()
        self._pool.shutdown(cancel_futures=True)
        if isinstance(self.client, httpx.Client):
            self.client.close()

    def _retry(self, delivery: Delivery) -> None:
        for number, minutes in enumerate(MINUTES_BEFORE_RETRY, 1):
            closed = self._closed.wait(minutes * self.minute)
            if closed or self.attempt(delivery, number, delivery.answer.trouble):
                return

    def _in_background(self, act: Callable[P, object], *args: P.args, **more: P.kwargs) -> None:
        with suppress(RuntimeError):  # closed
            self._pool.submit(act, *args, **more)

    def _post(self, client: Client, delivery: Delivery, number: int, reason: str) -> Answer:
        body, media_type = delivery.body()
        retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        headers = self.signed(body) | {"Content-Type": media_type} | (retry if number else {})
        try:
            response = client.post(PATH, content=body, headers=headers)
        except httpx.TimeoutException:
            return Answer(trouble="http_timeout")
        except httpx.TransportError:
            return Answer(trouble="connection_failed")
        good = 200 <= response.status_code < 300
        return Answer(response.status_code, response.content, "" if good else "http_error")

    def _over_socket(self, delivery: Delivery, number: int, reason: str) -> Answer:
        accepts = delivery.kind != "events_api"
        envelope: Json = {
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": accepts,
        }
        if not accepts:
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        acknowledged = self._sockets.send(envelope, self.patience)
        if acknowledged is None:
            return Answer(trouble="timeout")
        return Answer(200, json.dumps(acknowledged.get("payload") or {}).encode())
