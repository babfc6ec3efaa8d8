"""Who may use Rasa's HTTP API: it shows and changes what customers say.

As with Rasa, whoever has the token, or a signed one (a JWT) with the role "admin"; with the role
"user" only the conversation that is called as they are. And any agent, with a token of theirs.
"""

import hmac
from typing import Annotated

from fastapi import Depends, Request

from bot.settings import Settings
from channels.rasa.api.errors import RasaError
from channels.rasa.signed import Signed
from handoff.auth import agent_or_none

NOBODY = (
    "User is not authenticated. Send Rasa's token (`?token=`) or a signed one "
    "(`Authorization: Bearer JWT`) where they are set up, or an agent's token."
)


class Access:
    """The keys of an installation. Raises SettingsError for those that can't be used."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.rasa_token and settings.rasa_token.get_secret_value()
        self._signed: Signed | None = None
        if settings.rasa_jwt_secret:
            key, method = settings.rasa_jwt_secret, settings.rasa_jwt_method
            self._signed = Signed(key, method, "rasa_jwt_secret")

    @property
    def is_set_up(self) -> bool:
        """Whether Rasa's own keys are set, so that even what tells of no customer needs one."""
        return bool(self._token or self._signed)

    def check(self, request: Request, conversation: str | None) -> bool:
        """Raise RasaError unless the request may see the conversation, or what belongs to none.

        Returns whether it may see every other one, too.
        """
        given = request.query_params.get("token", "")
        if self._token and hmac.compare_digest(self._token.encode(), given.encode()):
            return True
        header = request.headers.get("authorization")
        claims = self._signed.read(header) if self._signed else None
        if claims is not None:
            return _check_role(claims.get("user"), conversation)
        if header and agent_or_none(request):
            return True
        raise RasaError(401, "NotAuthenticated", NOBODY)


def _check_role(user: object, conversation: str | None) -> bool:
    user = user if isinstance(user, dict) else {}
    if user.get("role") == "admin":
        return True
    is_own = conversation is not None and user.get("username") == conversation
    if user.get("role") != "user" or not is_own:
        raise RasaError(403, "NotAuthorized", "User has insufficient permissions.")
    return False


def may_see_all(request: Request) -> bool:
    """For what is about a conversation: whether the asker may name any; see `Access.check`."""
    access: Access = request.app.state.access
    return access.check(request, request.path_params.get("conversation_id"))


def may_ask(request: Request) -> None:
    """For what tells of no customer: it is open unless Rasa's own keys are set up."""
    access: Access = request.app.state.access
    if access.is_set_up:
        access.check(request, None)


MaySeeAll = Annotated[bool, Depends(may_see_all)]
