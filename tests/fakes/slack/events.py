"""What happens in Slack, told to each workspace's installation of the app that may know of it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.fakes.slack.scopes import SCOPE_OF_MESSAGES
from tests.fakes.slack.sending import Delivery
from tests.fakes.slack.wire import event_json, post_json
from tests.fakes.slack.world import Channel, Json, Post, Team, User, new_id

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack


class Events:
    """Tells what people do before it returns, and what the app itself does right after."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack

    def posted(self, post: Post) -> None:
        event = self._message(post)
        self._tell(post.channel, event, post.author)
        for team in post.channel.teams:
            if team.bot.mention in post.text and post.channel.kind != "im":
                self._mentioned(team, post)

    def changed(self, post: Post, before: Json) -> None:
        """`before` is the message as it was."""
        message = post_json(post, self._slack.url)
        self._tell_of_change(
            post, {"subtype": "message_changed", "message": message, "previous_message": before}
        )

    def previewed(self, post: Post) -> None:
        """A link's preview comes, which Slack tells as a change though no word has changed."""
        before = post_json(post, self._slack.url)
        preview = {"attachments": [{"id": 1, "title": "A page", "from_url": "https://a.example"}]}
        change = {"message": before | preview, "previous_message": before}
        self._tell_of_change(post, {"subtype": "message_changed"} | change)

    def deleted(self, post: Post) -> None:
        """One with replies leaves a tombstone, which Slack tells as a change."""
        before = post_json(post, self._slack.url)
        has_replies = len(post.channel.thread(post.ts)) > 1
        post.is_deleted = True
        gone: Json = {"subtype": "message_deleted", "deleted_ts": post.ts}
        if has_replies:
            tombstone = {
                "type": "message",
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "user": "USLACKBOT",
                "hidden": True,
                "ts": post.ts,
                "thread_ts": post.ts,
            }
            gone = {"subtype": "message_changed", "message": tombstone}
        self._tell_of_change(post, gone | {"previous_message": before})

    def send(self, team: Team, event: Json, channel: Channel | None = None) -> Delivery:
        """Any event, to one workspace's installation."""
        return self._slack.sender.send("events_api", self._envelope(team, event, channel))

    def verify_url(self) -> bool:
        """Whether the app gives the challenge back, as when its address is entered at Slack."""
        challenge = secrets.token_hex(16)
        asked = {"type": "url_verification", "token": "verification-token", "challenge": challenge}
        answer = self._slack.sender.send("events_api", asked).answer
        return challenge.encode() in answer.body and not answer.trouble

    def _mentioned(self, team: Team, post: Post) -> None:
        may_know = team.bot in post.channel.members and "app_mentions:read" in team.scopes
        if may_know and not post.author.is_bot and team.tokens:
            event = self._message(post) | {"type": "app_mention"}
            del event["channel_type"]
            self.send(team, event, post.channel)

    def _message(self, post: Post) -> Json:
        event = post_json(post, self._slack.url) | {
            "channel": post.channel.id,
            "channel_type": post.channel.kind,
            "event_ts": post.ts,
        }
        root = post.channel.find(post.thread_ts) if post.thread_ts else None
        if root:
            event["parent_user_id"] = root.author.id
        return event

    def _tell_of_change(self, post: Post, change: Json) -> None:
        ts = self._slack.world.clock.ts()
        event = change | {
            "type": "message",
            "hidden": True,
            "channel": post.channel.id,
            "channel_type": post.channel.kind,
            "ts": ts,
            "event_ts": ts,
        }
        self._tell(post.channel, event, post.author)

    def _tell(self, channel: Channel, event: Json, author: User) -> None:
        sender = self._slack.sender
        for team in channel.teams:
            may_know = team.bot in channel.members
            if may_know and team.tokens and SCOPE_OF_MESSAGES[channel.kind] in team.scopes:
                send = sender.send_later if author.is_bot else sender.send
                send("events_api", self._envelope(team, event, channel))

    def _envelope(self, team: Team, event: Json, channel: Channel | None) -> Json:
        return event_json(event, team, channel, new_id("Ev"))
