"""Socket Mode: Slack's events over a WebSocket that we open, for servers that it can't call."""

import asyncio

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError
from starlette.concurrency import run_in_threadpool

from bot.failures import failure

log = structlog.get_logger()

AGAIN = 10.0  # seconds between attempts to connect for the first time; later ones are the library's


class SocketMode:
    """Hands what comes to the Bolt app. What it didn't acknowledge, Slack sends again."""

    def __init__(self, app: App, token: str) -> None:
        self._handler = SocketModeHandler(app, token)
        self._handler.client.on_error_listeners.append(_note)

    async def connect(self) -> None:
        """Returns once connected; from then on the connection is kept up."""
        while True:
            try:
                return await run_in_threadpool(self._handler.connect)
            except Exception as error:
                _note(error)
                await asyncio.sleep(AGAIN)

    async def close(self) -> None:
        await run_in_threadpool(self._handler.close)


def _note(error: Exception) -> None:
    reason = error.response.get("error") if isinstance(error, SlackApiError) else None
    log.warning("slack socket failed", reason=reason, **failure(error))
