"""A project's action server, called as Rasa calls it."""

import json
import time
from typing import Any
from urllib.parse import urljoin

import httpx

from bot.action_runner.call import call_for, ran
from bot.action_runner.endpoint import Endpoint
from bot.action_runner.ran import ActionFailedError, Ran, UnknownActionError
from bot.turn import JSON

CONNECT, ANSWER = 2.0, 10.0  # seconds; Rasa waits five minutes, which no customer does
LARGEST = 1024 * 1024  # bytes of an answer


class ActionServer:
    """Runs actions by calling `endpoint`. Thread-safe; connections are kept open between calls.

    The domain goes with every call, so that the server never has to ask for it (status 449).
    """

    def __init__(self, endpoint: Endpoint, domain: JSON, answer: float = ANSWER) -> None:
        """Raises OSError when the endpoint's certificates can't be read."""
        self._endpoint = endpoint
        self._domain = domain
        self._answer = answer
        self._client = httpx.Client(
            params=dict(endpoint.params),
            headers=dict(endpoint.headers),
            auth=endpoint.basic_auth,
            verify=_verify(endpoint),
            timeout=httpx.Timeout(answer, connect=CONNECT),
            trust_env=False,
        )

    def run(self, name: str, tracker: JSON) -> Ran:
        """Run one. Raises ActionFailedError, as UnknownActionError where the server has none."""
        status, body = self._ask(name, call_for(name, tracker, self._domain))
        answer = _parsed(body)
        about = answer.get("action_name") if isinstance(answer, dict) else None
        if status == 400 and about:
            return Ran((), (), rejected=True)
        if status == 404 and about:
            raise UnknownActionError(f"{self._at} has no action called {name}")
        if status != 200:
            raise ActionFailedError(f"{name} failed: {self._at} {_meaning(status)}")
        if not isinstance(answer, dict):
            raise ActionFailedError(
                f"{name} failed: {self._at} answered with something else than "
                '{"events": [...], "responses": [...]}'
            )
        return ran(name, answer.get("events", []), answer.get("responses", []))

    def names(self) -> frozenset[str] | None:
        """The actions that the server says it has; None when it doesn't say, or isn't there."""
        try:
            response = self._client.get(urljoin(self._endpoint.url, "actions"))
            return frozenset(each["name"] for each in response.json())
        except (httpx.HTTPError, ValueError, TypeError, KeyError):
            return None

    def _ask(self, name: str, call: JSON) -> tuple[int, bytes]:
        try:
            return self._send(name, call)
        except httpx.ConnectError as error:
            raise ActionFailedError(
                f"{name} failed: {self._at} can't be reached; start it, as with "
                "`python -m rasa_sdk --actions actions`, or mend action_endpoint.url"
            ) from error
        except httpx.TimeoutException as error:
            raise self._too_slow(name) from error
        except httpx.HTTPError as error:
            raise ActionFailedError(
                f"{name} failed: {self._at} broke off ({type(error).__name__}); see its log"
            ) from error

    def _send(self, name: str, call: JSON) -> tuple[int, bytes]:
        """The status and the body, neither too large nor too slow in coming."""
        until = time.monotonic() + self._answer
        body = bytearray()
        with self._client.stream("POST", self._endpoint.url, json=call) as response:
            for part in response.iter_bytes():
                body += part
                if len(body) > LARGEST:
                    raise ActionFailedError(
                        f"{name} failed: {self._at} answered with more than {LARGEST:,} bytes"
                    )
                if time.monotonic() > until:
                    raise self._too_slow(name)
        return response.status_code, bytes(body)

    def _too_slow(self, name: str) -> ActionFailedError:
        return ActionFailedError(
            f"{name} failed: {self._at} took longer than {self._answer:g} seconds"
        )

    @property
    def _at(self) -> str:
        return f"the action server at {self._endpoint.name}"


def _verify(endpoint: Endpoint) -> Any:
    if not endpoint.cafile:
        return True
    import ssl

    return ssl.create_default_context(cafile=endpoint.cafile)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _meaning(status: int) -> str:
    meanings = {
        401: "wants other credentials (401): mend token, headers or basic_auth in endpoints.yml",
        403: "wants other credentials (403): mend token, headers or basic_auth in endpoints.yml",
        404: "has nothing at that path (404): action_endpoint.url usually ends in /webhook",
    }
    return meanings.get(status, f"answered with status {status}; its log says why")
