"""Response URLs: by each the app may answer an act up to five times, within half an hour."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.slack import block_kit
from tests.fakes.slack.methods import Refused
from tests.fakes.slack.wire import post_json
from tests.fakes.slack.world import Channel, Json, Post, Team, User

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack

MOST_USES = 5


@dataclass
class _Ticket:
    team: Team
    channel: Channel
    user: User
    post: Post | None
    uses: int = 0


class ResponseUrls:
    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._tickets: dict[str, _Ticket] = {}

    def issue(self, team: Team, channel: Channel, user: User, post: Post | None = None) -> str:
        """For an act of the user in the channel, on a post or anywhere."""
        secret = secrets.token_hex(12)
        self._tickets[secret] = _Ticket(team, channel, user, post)
        return f"{self._slack.url}/actions/{team.id}/{secret}"

    def use(self, secret: str, answer: Json) -> None:
        """Raises Refused as Slack does."""
        ticket = self._tickets.get(secret)
        if ticket is None:
            raise Refused("invalid_url")
        ticket.uses += 1
        if ticket.uses > MOST_USES:
            raise Refused("used_url")
        if found := block_kit.problems(answer.get("blocks") or []):
            raise Refused("invalid_blocks", found)
        self.show(ticket.team, ticket.channel, ticket.user, answer, ticket.post)

    def show(
        self, team: Team, channel: Channel, user: User, answer: Json, post: Post | None = None
    ) -> None:
        """What an answer says, in the place of the post or as a message of its own."""
        if post and answer.get("delete_original"):
            self._delete(post)
        elif post and answer.get("replace_original", post.only_for is not None):
            self._replace(post, answer)
        elif answer.get("text") or answer.get("blocks"):
            in_channel = answer.get("response_type") == "in_channel"
            shown = self._slack.world.post(
                channel,
                team.bot,
                answer.get("text", ""),
                blocks=answer.get("blocks") or [],
                thread_ts=answer.get("thread_ts"),
                only_for=None if in_channel else user,
            )
            if in_channel:
                self._slack.events.posted(shown)

    def _delete(self, post: Post) -> None:
        if post.only_for:
            post.is_deleted = True
        else:
            self._slack.events.deleted(post)

    def _replace(self, post: Post, answer: Json) -> None:
        before = post_json(post, self._slack.url)
        self._slack.world.rewrite(post, answer.get("text", ""), answer.get("blocks") or [])
        if not post.only_for:
            self._slack.events.changed(post, before)
