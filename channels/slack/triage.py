"""Agents in Slack: cards to claim, threads that are conversations. The queue is the console's."""

import re
from typing import Any

from slack_bolt import Ack, App
from slack_bolt.context import BoltContext
from slack_sdk import WebClient

from bot.db import Database
from bot.hints import Hints
from bot.settings import Settings
from channels.slack.application import account_of
from channels.slack.cards import OPEN
from channels.slack.chores import Chores
from channels.slack.triage_acts import Acts
from channels.slack.triage_board import Board
from channels.slack.triage_slack import TriageSlack
from channels.slack.web_api import WebApi
from handoff.desk import FrontDesk


class Triage:
    """The triage channels: what is shown there, and what agents do there."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        front_desk: FrontDesk,
        hints: Hints,
        api: WebApi,
        chores: Chores,
    ) -> None:
        slack = TriageSlack(settings, api)
        self._is_on = bool(slack.channels)
        self._board = Board(settings, database, hints, slack)
        self._acts = Acts(database, front_desk, slack, chores)

    def register(self, app: App) -> None:
        """Hear the buttons of the cards, and what is said in their threads. Before other listeners
        to messages: Bolt gives each event to the first that wants it, and to no other."""
        app.action(OPEN)(_ignore)
        app.action(re.compile("^triage_"))(self._press)
        app.event("message", matchers=[self._is_in_a_thread])(self._hear)
        app.event("app_mention", matchers=[self._is_in_a_thread])(_ignore)  # a message, too

    async def run(self) -> None:
        """Keep the cards up to date until cancelled."""
        if self._is_on:
            await self._board.run()

    def _press(
        self, body: dict[str, Any], context: BoltContext, client: WebClient, ack: Ack
    ) -> None:
        self._acts.press(body, account_of(context), client)
        ack()

    def _is_in_a_thread(self, body: dict[str, Any], context: BoltContext) -> bool:
        return self._acts.card_of(body, account_of(context)) is not None

    def _hear(self, body: dict[str, Any], context: BoltContext, client: WebClient) -> None:
        self._acts.hear(body, account_of(context), client)


def _ignore(ack: Ack) -> None:
    ack()
