"""What stands in front of Bolt: only requests that Slack signed, in the shapes that it sends.

Bolt alone answers several of the others with a 500, and loses a command that holds "payload".
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

TOLERANCE = 300  # seconds that a request's time may differ from ours, as Slack asks for
TIME = re.compile(r"[0-9]{1,11}")


class Refused(Exception):
    """The request isn't Slack's, or nothing that it sends; `status` is the HTTP status for it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def check_signature(secret: str, headers: Mapping[str, str], body: bytes, moment: float) -> None:
    """Raise Refused unless Slack signed the body with our secret about now."""
    time = headers.get("x-slack-request-timestamp", "")
    signature = headers.get("x-slack-signature", "")
    if not TIME.fullmatch(time) or abs(moment - int(time)) > TOLERANCE:
        raise Refused(401, "The request's time is missing or more than five minutes off.")
    if not hmac.compare_digest(sign(secret, time, body), signature.encode("utf-8", "replace")):
        raise Refused(401, "The signature is wrong.")


def sign(secret: str, time: str, body: bytes) -> bytes:
    """The signature of a body that was sent at `time`, as Slack writes it."""
    signed = b"v0:" + time.encode() + b":" + body
    return b"v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()


def parse_body(content_type: str, body: bytes) -> dict[str, Any]:
    """An event, an interaction or a command. Raises Refused."""
    try:
        text = body.decode("utf-8")
        match content_type.partition(";")[0].strip().lower():
            case "application/json":
                parsed = json.loads(text)
            case "application/x-www-form-urlencoded":
                parsed = _form(text)
            case _:
                raise Refused(400, "The content type is neither JSON nor a form.")
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body can't be read.") from error
    if not isinstance(parsed, dict) or not _has_known_parts(parsed):
        raise Refused(400, "The body isn't an object as Slack sends it.")
    return parsed


def _form(text: str) -> Any:
    fields = dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100))
    return json.loads(fields["payload"]) if "payload" in fields else fields


def _has_known_parts(body: dict[str, Any]) -> bool:
    """Whether the parts that Bolt looks into are what it takes them for."""
    is_event = body.get("type") == "event_callback"
    objects = ("view", "container", "message", "assistant_thread")
    either = ("team", "user", "channel", "enterprise")
    return (
        isinstance(body.get("type") or body.get("command") or body.get("ssl_check"), str)
        and isinstance(body.get("event"), dict if is_event else dict | None)
        and all(isinstance(body.get(name), dict | None) for name in objects)
        and all(isinstance(body.get(name), dict | str | None) for name in either)
        and _are_objects(body.get("authorizations"))
        and _has_known_actions(body)
    )


def _has_known_actions(body: dict[str, Any]) -> bool:
    """Whether there are actions where something was pressed, with their names where blocks were."""
    actions, kind = body.get("actions"), body.get("type")
    if not actions and kind in ("block_actions", "interactive_message"):
        return False
    if not _are_objects(actions):
        return False
    return kind != "block_actions" or all(
        isinstance(it.get("action_id"), str) for it in actions or ()
    )


def _are_objects(items: object) -> bool:
    return items is None or (
        isinstance(items, list) and bool(items) and all(isinstance(item, dict) for item in items)
    )
