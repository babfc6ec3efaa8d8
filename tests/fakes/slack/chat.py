"""chat.* and reactions.add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.slack import block_kit
from tests.fakes.slack.faults import Call
from tests.fakes.slack.methods import (
    Refused,
    channel_of,
    given,
    joined_channel_of,
    method,
    structured,
    team_of,
    user_of,
)
from tests.fakes.slack.wire import post_json
from tests.fakes.slack.world import Channel, Json, Post

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack

LONGEST_TEXT = 40_000


@method("chat.postMessage", "chat:write")
def post_message(slack: FakeSlack, call: Call) -> Json:
    channel = joined_channel_of(slack, call)
    text, blocks = words(call)
    bot = team_of(call).bot
    metadata = structured(call, "metadata")
    thread_ts = call.get("thread_ts") or None
    post = slack.world.post(
        channel, bot, text, blocks=blocks, thread_ts=thread_ts, metadata=metadata
    )
    channel.statuses.pop(thread_ts or "", None)  # an answer ends "is thinking..."
    slack.events.posted(post)
    return {"channel": channel.id, "ts": post.ts, "message": post_json(post, slack.url)}


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(slack: FakeSlack, call: Call) -> Json:
    channel = joined_channel_of(slack, call)
    user = user_of(slack, call)
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks = words(call)
    thread_ts = call.get("thread_ts") or None
    bot = team_of(call).bot
    post = slack.world.post(channel, bot, text, blocks=blocks, thread_ts=thread_ts, only_for=user)
    return {"message_ts": post.ts}


@method("chat.update", "chat:write")
def update(slack: FakeSlack, call: Call) -> Json:
    post = own_post(slack, call, "cant_update_message")
    before = post_json(post, slack.url)
    text, blocks = words(call)
    slack.world.rewrite(post, text, blocks)
    slack.events.changed(post, before)
    message = post_json(post, slack.url)
    return {"channel": post.channel.id, "ts": post.ts, "text": post.text, "message": message}


@method("chat.delete", "chat:write")
def delete(slack: FakeSlack, call: Call) -> Json:
    post = own_post(slack, call, "cant_delete_message")
    slack.events.deleted(post)
    return {"channel": post.channel.id, "ts": post.ts}


@method("chat.getPermalink")
def permalink(slack: FakeSlack, call: Call) -> Json:
    channel = channel_of(slack, call)
    post = channel.find(given(call, "message_ts"))
    if post is None:
        raise Refused("message_not_found")
    return {"channel": channel.id, "permalink": link_to(slack, channel, post)}


@method("reactions.add", "reactions:write")
def react(slack: FakeSlack, call: Call) -> Json:
    post = channel_of(slack, call).find(given(call, "timestamp"))
    if post is None:
        raise Refused("message_not_found")
    if call.get("name") in post.reactions:
        raise Refused("already_reacted")
    post.reactions.append(given(call, "name"))
    return {}


def link_to(slack: FakeSlack, channel: Channel, post: Post) -> str:
    link = f"{slack.url}/archives/{channel.id}/p{post.ts.replace('.', '')}"
    return f"{link}?thread_ts={post.thread_ts}&cid={channel.id}" if post.thread_ts else link


def words(call: Call) -> tuple[str, list[Json]]:
    """The text and the blocks, as Slack takes them."""
    text, blocks = call.get("text"), structured(call, "blocks") or []
    if found := block_kit.problems(blocks):
        raise Refused("invalid_blocks", found)
    if len(text) > LONGEST_TEXT:
        raise Refused("msg_too_long")
    if not text.strip() and not blocks and not structured(call, "attachments"):
        raise Refused("no_text")
    return text, blocks


def own_post(slack: FakeSlack, call: Call, otherwise: str) -> Post:
    post = channel_of(slack, call).find(given(call, "ts"))
    if post is None:
        raise Refused("message_not_found")
    if post.author is not team_of(call).bot:
        raise Refused(otherwise)
    return post
