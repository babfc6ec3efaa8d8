"""views.* and assistant.threads.*."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from tests.fakes.slack import block_kit
from tests.fakes.slack.faults import Call
from tests.fakes.slack.methods import (
    Refused,
    channel_of,
    given,
    method,
    structured,
    team_of,
    user_of,
)
from tests.fakes.slack.wire import view_json
from tests.fakes.slack.world import Channel, Json, User, View, named

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack

TRIGGER_SECONDS = 3.0
MOST_PROMPTS = 4


@method("views.publish")
def publish(slack: FakeSlack, call: Call) -> Json:
    user = user_of(slack, call, "user_id")
    if call.get("hash") and user.home and call.get("hash") != user.home.hash:
        raise Refused("hash_conflict")
    content = view_of(call, "home")
    user.home = View(content, id=user.home.id) if user.home else View(content)
    return {"view": view_json(user.home, team_of(call))}


@method("views.open")
def open_view(slack: FakeSlack, call: Call) -> Json:
    user = trigger_of(slack, call)
    user.modal = View(view_of(call, "modal"))
    return {"view": view_json(user.modal, team_of(call))}


@method("views.update")
def update_view(slack: FakeSlack, call: Call) -> Json:
    for user in team_of(call).users:
        for view in (user.modal, user.home):
            if view and view.id == call.get("view_id"):
                view.content = view_of(call, view.content["type"])
                view.hash = secrets.token_hex(6)
                return {"view": view_json(view, team_of(call))}
    raise Refused("not_found")


@method("assistant.threads.setStatus", "chat:write")
def set_status(slack: FakeSlack, call: Call) -> Json:
    channel, thread_ts = channel_of(slack, call, "channel_id"), given(call, "thread_ts")
    if not channel.find(thread_ts):
        raise Refused("invalid_thread_ts")
    channel.statuses[thread_ts] = call.get("status")
    return {}


@method("assistant.threads.setTitle", "assistant:write")
def set_title(slack: FakeSlack, call: Call) -> Json:
    pane_of(slack, call).titles[call.get("thread_ts")] = given(call, "title")
    return {}


@method("assistant.threads.setSuggestedPrompts", "assistant:write")
def set_prompts(slack: FakeSlack, call: Call) -> Json:
    prompts = structured(call, "prompts") or []
    if len(prompts) > MOST_PROMPTS or not all("title" in p and "message" in p for p in prompts):
        raise Refused("invalid_arguments", ["[ERROR] at most 4 prompts with title and message"])
    pane_of(slack, call).prompts[call.get("thread_ts")] = prompts
    return {}


def view_of(call: Call, kind: str) -> Json:
    view: Json = structured(call, "view") or {}
    found = block_kit.problems_of_view(view)
    if found or view["type"] != kind:
        raise Refused("invalid_arguments", found or [f"[ERROR] must be a {kind} view"])
    return view | {"blocks": named(view["blocks"])}


def trigger_of(slack: FakeSlack, call: Call) -> User:
    """Whose act the trigger came from; a trigger is good once and for three seconds."""
    user, made_at = slack.triggers.get(given(call, "trigger_id"), (None, 0.0))
    if user is None:
        raise Refused("invalid_trigger_id")
    if not made_at:
        raise Refused("exchanged_trigger_id")
    if time.monotonic() - made_at > TRIGGER_SECONDS:
        raise Refused("expired_trigger_id")
    slack.triggers[call.get("trigger_id")] = (user, 0.0)
    return user


def pane_of(slack: FakeSlack, call: Call) -> Channel:
    channel = channel_of(slack, call, "channel_id")
    given(call, "thread_ts")
    if channel.kind != "im":
        raise Refused("channel_type_not_supported")
    return channel
