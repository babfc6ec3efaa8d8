"""What all that people do has in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.slack import interactive
from tests.fakes.slack.sending import Delivery
from tests.fakes.slack.world import Channel, Json, Team, User

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack


@dataclass(eq=False)
class Actor(User):
    """A user of the fake, in whose name it tells the app what they do."""

    slack: FakeSlack = field(kw_only=True)

    @property
    def dm(self) -> Channel:
        """Their direct messages with the app's bot."""
        return self.slack.world.dm(self, self.team)

    def installation(self, channel: Channel) -> Team:
        """The workspace whose app is told of what they do in the channel."""
        return self.team if self.team in channel.teams and self.team.tokens else channel.teams[0]

    def interacts(self, team: Team, payload: Json) -> Delivery:
        """Tell the app of a press, a shortcut or a submitted modal."""
        trigger = {"trigger_id": self.slack.issue_trigger(self)}
        shared = interactive.actor(self, team) | trigger
        return self.slack.sender.send("interactive", shared | payload)
