"""People at their Slack: what they do, and what they see."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.slack import interactive
from tests.fakes.slack.in_app import InAppPlaces
from tests.fakes.slack.rendering import visible
from tests.fakes.slack.sending import Delivery
from tests.fakes.slack.wire import post_json
from tests.fakes.slack.world import Channel, Json, Post, Team, Upload, buttons

LINK = re.compile(r"\b(https?://[^\s<>|]+)")


class Person(InAppPlaces):
    """Somebody who does things; each verb returns when the app has been told once."""

    def says(self, channel: Channel, text: str, thread: Post | None = None) -> Post:
        """In the channel or in the thread of a post, as typed; `@Name` mentions somebody."""
        return self._post(channel, self._typed(text), thread)

    def mentions(self, channel: Channel, text: str, thread: Post | None = None) -> Post:
        """`@Firstline text`."""
        return self.says(channel, f"@{self.installation(channel).bot.name} {text}", thread)

    def uploads(
        self,
        channel: Channel,
        name: str,
        data: bytes,
        media_type: str = "image/png",
        text: str = "",
        thread: Post | None = None,
    ) -> Post:
        file = Upload(name, data, media_type, self)
        self.slack.world.uploads[file.id] = file
        return self._post(channel, self._typed(text), thread, subtype="file_share", files=[file])

    def edits(self, post: Post, text: str) -> None:
        before = post_json(post, self.slack.url)
        post.text = self._typed(text)
        post.edited_ts = self.slack.world.clock.ts()
        self.slack.events.changed(post, before)

    def deletes(self, post: Post) -> None:
        self.slack.events.deleted(post)

    def presses(
        self, title: str, channel: Channel | None = None, on: Post | None = None
    ) -> Delivery:
        """The button of that title: of the post, or the last one they see in the channel.

        A post that was changed may still have it on a screen that hasn't caught up.
        """
        if on:
            return self._presses(on, title, on.blocks + on.former_blocks)
        for post in reversed(visible(channel or self.dm, self)):
            if any(button["text"]["text"] == title for _, button in buttons(post.blocks)):
                return self._presses(post, title, post.blocks)
        raise AssertionError(f"{self.name} sees no button {title!r}")

    def asks(self, command: str, text: str = "", channel: Channel | None = None) -> str:
        """A slash command; returns what the app says to it at once."""
        where = channel or self.dm
        team = self.installation(where)
        form = interactive.command(self, team, where, command, text) | {
            "response_url": self.slack.responses.issue(team, where, self),
            "trigger_id": self.slack.issue_trigger(self),
        }
        return self._show_answer(team, where, self.slack.sender.send("slash_commands", form))

    def shortcut(self, callback_id: str, on: Post | None = None) -> Delivery:
        """A global shortcut, or one in the menu of a message."""
        ts = {"action_ts": self.slack.world.clock.ts()}
        if on is None:
            plain = {"type": "shortcut", "callback_id": callback_id}
            return self.interacts(self.team, plain | ts)
        team = self.installation(on.channel)
        url = {"response_url": self.slack.responses.issue(team, on.channel, self, on)}
        payload = interactive.message_shortcut(callback_id, on, self.slack.url)
        return self.interacts(team, payload | url | ts)

    def joins(self, channel: Channel) -> None:
        channel.members.append(self)
        team = self.installation(channel)
        event = {
            "type": "member_joined_channel",
            "user": self.id,
            "channel": channel.id,
            "channel_type": "C",
            "team": self.team.id,
        }
        self.slack.events.send(team, event, channel)

    def sees(self, channel: Channel | None = None, thread: Post | None = None) -> list[str]:
        """Each message in the channel (or one thread) as they read it, with its buttons."""
        root = (thread.thread_ts or thread.ts) if thread else None
        return self.slack.reader.posts(channel or self.dm, self, root)

    def posts(self, channel: Channel | None = None, thread: Post | None = None) -> list[Post]:
        """The same, as they are."""
        root = (thread.thread_ts or thread.ts) if thread else None
        return visible(channel or self.dm, self, root)

    def installs(self, app: Any) -> Any:
        """Follows "Add to Slack" of the app behind the client, and allows it all; returns the page
        that they end on."""
        begun = app.get("/slack/install", follow_redirects=False)
        address = begun.headers.get("location") or authorize_url(begun.text)
        back = self.slack.grants.allow(self, dict(parse_qsl(urlsplit(address).query)))
        cookie = begun.headers.get("set-cookie", "").partition(";")[0]
        parts = urlsplit(back)
        return app.get(f"{parts.path}?{parts.query}", headers={"Cookie": cookie})

    def _post(self, channel: Channel, text: str, thread: Post | None, **more: Any) -> Post:
        root = (thread.thread_ts or thread.ts) if thread else None
        post = self.slack.world.post(channel, self, text, thread_ts=root, **more)
        self.slack.events.posted(post)
        return post

    def _presses(self, post: Post, title: str, blocks: list[Json]) -> Delivery:
        found = (each for each in buttons(blocks) if each[1]["text"]["text"] == title)
        block_id, button = next(found, ("", {}))
        assert button, f"there is no button {title!r}"
        team, ts = self.installation(post.channel), self.slack.world.clock.ts()
        payload = interactive.press(post, block_id, button, self.slack.url, ts)
        url = {"response_url": self.slack.responses.issue(team, post.channel, self, post)}
        return self.interacts(team, payload | url)

    def _show_answer(self, team: Team, channel: Channel, delivery: Delivery) -> str:
        if not delivery.is_taken:
            return f"failed because the app did not respond ({delivery.answer.trouble})"
        try:
            answer = json.loads(delivery.answer.body or b"{}")
        except ValueError:
            answer = {"text": delivery.answer.body.decode()}
        answer = answer if isinstance(answer, dict) else {"text": str(answer)}
        self.slack.responses.show(team, channel, self, answer)
        return str(answer.get("text", ""))

    def _typed(self, text: str) -> str:
        """As Slack keeps it: escaped, with links and people marked."""
        escaped = LINK.sub(r"<\1>", html.escape(text, quote=False))
        users = (user for team in self.slack.world.teams for user in team.users)
        for user in sorted(users, key=lambda user: -len(user.name)):
            escaped = escaped.replace(f"@{user.name}", user.mention)
        return escaped


def authorize_url(page: str) -> str:
    found = re.search(r'https?://[^"\s]+/oauth/v2/authorize\?[^"\s]+', page)
    assert found, f"no way to Slack on this page: {page}"
    return found.group().replace("&amp;", "&")
