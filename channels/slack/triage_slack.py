"""The triage channels in Slack: where they are, and what is written there."""

import asyncio
import re
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.settings import Settings, SettingsError
from channels.base import SendError
from channels.slack.triage_pace import Pace, Place
from channels.slack.triage_steps import Step
from channels.slack.triage_store import SlackCard
from channels.slack.web_api import WebApi, send_errors

log = structlog.get_logger()

PAUSE = 5.0  # seconds after a failure that may pass
LONG_PAUSE = 60.0  # seconds after one that somebody has to mend
CHANNEL_ID = re.compile(r"([TE][A-Z0-9]+/)?[CG][A-Z0-9]+")
TRIES = 3  # of a word to an agent, when Slack asks to wait
GONE = {"message_not_found", "cant_update_message", "thread_not_found"}  # somebody deleted it
UNFIT = {"invalid_blocks", "msg_too_long", "msg_blocks_too_long"}


class TriageSlack:
    """Writes as fast as each channel allows, and waits there as long as Slack says."""

    def __init__(self, settings: Settings, api: WebApi) -> None:
        self._api = api
        self._account: str | None = None
        default = settings.slack_triage_channel
        named = {name: desk.triage_channel or default for name, desk in settings.desks.items()}
        self._names = {desk: name for desk, name in named.items() if name}
        for name in self._names.values():
            _check(name, may_be_short=not settings.slack_client_id)
        self.channels = {name.rpartition("/")[2] for name in self._names.values()}
        self.pace = Pace()

    async def places(self) -> dict[str, Place]:
        """Each desk's triage channel. Raises SendError while Slack can't say in which workspace."""
        return {desk: await self._place(name) for desk, name in self._names.items()}

    async def carry_out(self, shown: SlackCard, step: Step) -> dict[str, Any]:
        """Take the step; returns what to note of it, which is nothing if it has to wait."""
        if step.posting is None:
            return step.done
        try:
            with send_errors():
                return await self._write(shown, step)
        except SendError as error:
            pause = LONG_PAUSE if error.permanent else error.retry_after or PAUSE
            self.pace.pause((shown.account, shown.channel), pause)
            if error.retry_after is None:
                log.warning("triage waits", channel=shown.channel, reason=str(error))
            return {}

    async def tell(self, place: Place, user: str, text: str, thread: str | None) -> None:
        """Say something that nobody but the user sees. Raises SendError."""
        account, channel = place
        client = await self._api.client(account)
        for _ in range(TRIES):
            try:
                with send_errors():
                    await client.chat_postEphemeral(
                        channel=channel, user=user, text=text, thread_ts=thread
                    )
                return
            except SendError as error:
                if error.retry_after is None:
                    raise
                await asyncio.sleep(error.retry_after)

    async def _write(self, shown: SlackCard, step: Step) -> dict[str, Any]:
        try:
            return step.done | await self._send(shown, step)
        except SlackApiError as error:
            code = error.response.get("error")
            if code in GONE:
                return {"closed": True}
            if code in UNFIT and shown.ts:
                log.error("Slack can't show it", ticket=shown.ticket_id, code=code)
                return step.done
            raise

    async def _send(self, shown: SlackCard, step: Step) -> dict[str, Any]:
        assert step.posting
        client = await self._api.client(shown.account)
        text, blocks = step.posting.text, step.posting.blocks
        if step.replaces:
            await client.chat_update(
                channel=shown.channel, ts=step.replaces, text=text, blocks=blocks
            )
            return {}
        sent = await client.chat_postMessage(
            channel=shown.channel,
            thread_ts=step.thread,
            text=text,
            blocks=blocks,
            unfurl_links=False,
            unfurl_media=False,
        )
        return {} if step.thread else {"ts": sent["ts"]}

    async def _place(self, name: str) -> Place:
        """The channel that the settings call so: CHANNEL, or WORKSPACE/CHANNEL where the app may be
        installed in several."""
        account, _, channel = name.rpartition("/")
        return account or await self._only_account(), channel

    async def _only_account(self) -> str:
        if self._account is None:
            with send_errors():
                client = await self._api.client("")
                self._account = str((await client.auth_test())["team_id"])
        return self._account


def _check(name: str, *, may_be_short: bool) -> None:
    """Raise SettingsError for a triage channel that Slack's messages wouldn't name so."""
    if not CHANNEL_ID.fullmatch(name):
        raise SettingsError(
            f'triage channel "{name}": give its id, such as C0123ABCDEF; Slack shows it at the '
            "bottom of the channel's details"
        )
    if "/" not in name and not may_be_short:
        raise SettingsError(
            f'triage channel "{name}": the app may be installed in several workspaces, so write '
            f"the workspace's id before it: T0123ABCDEF/{name}"
        )
