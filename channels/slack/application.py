"""The Bolt app: what comes from Slack, by whichever transport, finds its listener here.

Each listener stores what came and returns; Bolt acknowledges after that. Signatures are checked
before (`channels.slack.guard`), or by the socket that Slack opened for us.
"""

import logging
from collections.abc import Callable
from typing import Any

import structlog
from pydantic import ValidationError
from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.authorize import Authorize
from slack_bolt.context import BoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk import WebClient
from sqlalchemy.exc import DataError

from bot.failures import failure
from channels.slack.installations import Installations

log = structlog.get_logger()

Body = dict[str, Any]
TRY_AGAIN = 503  # Slack does, at once and after one and five minutes
# What nobody listens to, what has an unknown shape, and what could never be stored.
UNTAKEN = (BoltUnhandledRequestError, ValidationError, DataError)


def build_app(api_url: str, installations: Installations) -> App:
    """A Bolt app without listeners, which never calls Slack by itself."""
    app = App(
        process_before_response=True,  # or Bolt would acknowledge what isn't stored yet
        authorize=_Installed(installations),  # type: ignore[arg-type]  # it takes both
        client=WebClient(base_url=api_url),
        logger=_silent_logger(),
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,  # it would have to ask Slack who we are
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
        raise_error_for_unhandled_request=True,
    )
    app.error(_answer_error)
    return app


def deliver(app: App, body: Body) -> BoltResponse:
    """The answer to what came over HTTP. Bolt is told of a socket, so that it takes the body as it
    was parsed: its own parser loses commands that speak of a "payload"."""
    try:
        request = BoltRequest(body=body, mode="socket_mode")
    except (AttributeError, TypeError):  # it looks for ids in parts that aren't what Slack sends
        return BoltResponse(status=400)
    return app.dispatch(request)


def listener(take: Callable[[Body, str], str | None]) -> Callable[..., None]:
    """`take`, which is given the body and its account, as a listener of Bolt's. It is acknowledged
    once it was taken; what `take` returns is said to whoever did it, and nobody else sees it."""

    def listen(body: Body, context: BoltContext, ack: Ack) -> None:
        words = take(body, account_of(context))
        ack(text=words) if words else ack()

    return listen


def account_of(context: BoltContext) -> str:
    """The installation that a request came to: a workspace, or a whole organisation."""
    installed = context.enterprise_id if context.is_enterprise_install else context.team_id
    return installed or ""


class _Installed(Authorize):
    """Says that a request may go on, without asking Slack: who we are stands in the envelope."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    def __call__(
        self,
        *,
        context: BoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        **_: str | None,
    ) -> AuthorizeResult | None:
        account = account_of(context)
        token = self._installations.token(account) if account else None
        if not token:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, user_id=user_id, bot_token=token
        )


def _answer_error(error: Exception, body: Body) -> BoltResponse:
    if isinstance(error, UNTAKEN):
        event = body.get("event") or {}
        kinds = {"type": body.get("type"), "event_type": event.get("type")}
        log.info("slack sent what nobody takes", **kinds)
        return BoltResponse(status=200)
    log.error("slack request failed", **failure(error))
    return BoltResponse(status=TRY_AGAIN)


def _silent_logger() -> logging.Logger:
    """Bolt logs whole requests, with people's words in them; we log what went wrong ourselves."""
    logger = logging.getLogger("firstline.slack")
    logger.setLevel(logging.CRITICAL + 1)
    return logger
