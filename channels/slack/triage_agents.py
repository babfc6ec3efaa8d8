"""Which agent somebody in Slack is: the one with the e-mail address of their profile."""

import time

from slack_sdk import WebClient

from bot.db import Database
from channels.slack.profiles import parse_profile
from handoff.agents import Agent, find_agent

PATIENCE = 2  # seconds; Slack waits three for our answer
KNOWN_FOR = 300.0  # seconds in which a profile isn't asked for again


class Agents:
    """Looks up who presses and who writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._emails: dict[tuple[str, str], tuple[str | None, float]] = {}

    def find(self, client: WebClient, account: str, user: str) -> Agent | None:
        """The agent; None for everybody else, guests and people of other companies among them.
        Raises what the client raises."""
        email = self._email(client, account, user)
        if not email:
            return None
        with self._database.read() as session:
            return find_agent(session, email)

    def _email(self, client: WebClient, account: str, user: str) -> str | None:
        email, until = self._emails.get((account, user), (None, 0.0))
        if until < time.monotonic():
            asking = WebClient(client.token, client.base_url, timeout=PATIENCE)
            response = asking.users_info(user=user)
            email = parse_profile(response.get("user") or {}, account).email
            self._emails[account, user] = (email, time.monotonic() + KNOWN_FOR)
        return email
