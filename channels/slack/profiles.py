"""Who writes in Slack: their name, their address, and whether they are a full member."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

FRESH = 24 * 3600.0  # seconds for which a profile is believed
MOST = 20_000  # profiles that are remembered
OUTSIDERS = (
    "is_restricted",
    "is_ultra_restricted",
    "is_stranger",
    "is_bot",
    "is_workflow_bot",
    "deleted",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """`is_member`: a full member of the workspace or organisation that installed the app: no guest,
    nobody from another company. `email` is a member's address, unless Slack says that it isn't
    confirmed."""

    name: str | None
    email: str | None
    is_member: bool


class Profiles:
    """What Slack said of people, for a day. Used in one thread only to write, in many to read."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[float, Profile]] = OrderedDict()

    def known(self, account: str, user: str) -> Profile | None:
        """None for somebody who has to be looked up (again)."""
        looked, profile = self._known.get((account, user), (float("-inf"), None))
        return profile if time.monotonic() - looked < FRESH else None

    async def look_up(self, client: AsyncWebClient, account: str, user: str) -> Profile:
        """Ask Slack. Raises what the client raises."""
        response = await client.users_info(user=user)
        profile = parse_profile(response.get("user") or {}, account)
        self._known[account, user] = time.monotonic(), profile
        self._known.move_to_end((account, user))
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return profile


def parse_profile(user: dict[str, Any], account: str) -> Profile:
    """A user as Slack describes them to the installation `account`."""
    profile = user.get("profile") or {}
    is_member = _belongs_to(user, account) and not any(user.get(sign) for sign in OUTSIDERS)
    is_confirmed = is_member and user.get("is_email_confirmed", True)
    return Profile(
        name=profile.get("real_name") or user.get("real_name") or user.get("name"),
        email=profile.get("email") if is_confirmed else None,
        is_member=is_member,
    )


def _belongs_to(user: dict[str, Any], account: str) -> bool:
    organisation = (user.get("enterprise_user") or {}).get("enterprise_id")
    return account in (user.get("team_id"), organisation)
