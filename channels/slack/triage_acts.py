"""What agents do in a triage channel: press the buttons of cards, and write in their threads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import select

from bot.conversation import Message
from bot.db import Database
from bot.failures import failure
from channels.slack.cards import CLAIM, HAND_BACK, RELEASE, RESOLVE
from channels.slack.chores import Chores
from channels.slack.events import Envelope, Named, Post
from channels.slack.plain import plain
from channels.slack.triage_agents import Agents
from channels.slack.triage_pace import Place
from channels.slack.triage_slack import TriageSlack
from channels.slack.triage_steps import key_of
from channels.slack.triage_store import SlackCard, card_at
from handoff.agents import Agent
from handoff.desk import FrontDesk, NotFound
from handoff.queue import Refused
from handoff.ticket import Ticket

log = structlog.get_logger()

NOTE = "//"  # begins a line that the customer doesn't get

NOBODY_KNOWS = "Slack didn't say who you are, so nothing was done. Try again."
NO_AGENT = (
    "You aren't an agent here. Whoever runs Firstline can make you one, with the e-mail address of "
    "your Slack profile: `firstline agent add`."
)
IS_OVER = "This ticket is closed. If the customer needs a person again, there will be a new card."
NOT_SENT = f"Not sent to the customer: {{}}. Begin with {NOTE} to leave a note for your colleagues."
NO_FILES = "Files can't be sent to the customer from Slack yet: they did not get yours."
STAYS = "The customer has this line as it was. Write another one to put it right."
NOTE_STAYS = "Your note stays as it was. Write another one to put it right."


@dataclass(frozen=True, slots=True)
class Someone:
    """Who did something, and where they can be told what came of it: in the channel, or in the
    `thread` that they wrote in."""

    place: Place
    user: str
    thread: str | None = None


class Action(BaseModel):
    """A button, and the number of its card's ticket."""

    action_id: str
    value: int


class Press(BaseModel):
    """What Slack says of a press."""

    user: Named
    channel: Named
    actions: list[Action]


class Acts:
    """Everything is done by the front desk, as in the console; whoever can't do what they wanted
    is told so where nobody else sees it. Thread-safe."""

    def __init__(
        self, database: Database, front_desk: FrontDesk, slack: TriageSlack, chores: Chores
    ) -> None:
        self._database = database
        self._front_desk = front_desk
        self._slack = slack
        self._chores = chores
        self._agents = Agents(database)
        self._by_button: dict[str, Callable[[int, Agent], None]] = {
            CLAIM: front_desk.claim,
            RELEASE: front_desk.release,
            RESOLVE: front_desk.resolve,
            HAND_BACK: front_desk.hand_back,
        }

    def press(self, body: dict[str, Any], account: str, client: WebClient) -> None:
        """A button of a card."""
        press = Press.model_validate(body)
        act, ticket_id = self._by_button[press.actions[0].action_id], press.actions[0].value
        who = Someone((account, press.channel.id), press.user.id)
        agent = self._agent(client, who)
        card = self._card(ticket_id, who.place)
        if agent and card:
            self._do(who, card, "{}", lambda: act(card.conversation_id, agent))

    def card_of(self, body: dict[str, Any], account: str) -> SlackCard | None:
        """The card in whose thread an event is; None if it is anywhere else."""
        try:
            event = Envelope.model_validate(body).event
        except ValidationError:
            return None
        post = event.subject()[0] or event.message or event
        if event.channel not in self._slack.channels or not post.thread_ts:
            return None
        with self._database.read() as session:
            return card_at(session, account, event.channel, post.thread_ts)

    def hear(self, body: dict[str, Any], account: str, client: WebClient) -> None:
        """A line in a card's thread, or a change of one."""
        card = self.card_of(body, account)
        envelope = Envelope.model_validate(body)
        post, change = envelope.event.subject()
        if card is None or post is None or not post.is_by_a_person:
            return
        who = Someone((account, card.channel), post.user or "", card.ts)
        agent = self._agent(client, who)
        if agent and change:
            self._explain_change(who, card, post)
        elif agent:
            self._write(who, agent, card, post, plain(post.words, envelope.us))

    def _write(self, who: Someone, agent: Agent, card: SlackCard, post: Post, text: str) -> None:
        if post.files:
            self._tell(who, NO_FILES)
        key, conversation = key_of(card.channel, post.ts), card.conversation_id
        if text.startswith(NOTE):
            words = text.removeprefix(NOTE)
            self._do(
                who, card, "{}", lambda: self._front_desk.note(conversation, agent, words, key)
            )
        elif text:
            self._do(
                who, card, NOT_SENT, lambda: self._front_desk.reply(conversation, agent, text, key)
            )

    def _do(self, who: Someone, card: SlackCard, otherwise: str, act: Callable[[], object]) -> None:
        """Do it; if it can't be done, say why, in the words of `otherwise`."""
        if self._is_over(card):
            return self._tell(who, IS_OVER)
        try:
            act()
        except (Refused, NotFound) as error:
            self._tell(who, otherwise.format(error))

    def _explain_change(self, who: Someone, card: SlackCard, post: Post) -> None:
        """What was stored stays, whatever becomes of it in Slack."""
        with self._database.read() as session:
            stored = session.scalar(
                select(Message).where(
                    Message.conversation_id == card.conversation_id,
                    Message.external_id.endswith(key_of(card.channel, post.ts), autoescape=True),
                )
            )
        if stored:
            self._tell(who, NOTE_STAYS if stored.private else STAYS)

    def _agent(self, client: WebClient, who: Someone) -> Agent | None:
        try:
            agent = self._agents.find(client, who.place[0], who.user)
        except (SlackApiError, OSError) as error:
            log.warning("no profile", **failure(error))
            self._tell(who, NOBODY_KNOWS)
            return None
        if agent is None:
            self._tell(who, NO_AGENT)
        return agent

    def _card(self, ticket_id: int, place: Place) -> SlackCard | None:
        """The card of a ticket, if it is in that channel."""
        with self._database.read() as session:
            card = session.get(SlackCard, ticket_id)
        return card if card and (card.account, card.channel) == place else None

    def _is_over(self, card: SlackCard) -> bool:
        with self._database.read() as session:
            return session.get_one(Ticket, card.ticket_id).closed_at is not None

    def _tell(self, who: Someone, text: str) -> None:
        self._chores.add(self._slack.tell(who.place, who.user, text, who.thread))
