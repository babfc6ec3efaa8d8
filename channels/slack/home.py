"""The app's Home tab: one's own tickets, and a search in the help centre."""

from typing import Any

from pydantic import BaseModel
from slack_sdk.models.blocks import (
    Block,
    DividerBlock,
    HeaderBlock,
    InputBlock,
    MarkdownTextObject,
    PlainTextInputElement,
    SectionBlock,
)
from slack_sdk.models.views import View
from starlette.concurrency import run_in_threadpool

from bot.conversation import Identity
from bot.db import Database
from bot.settings import PUBLIC, Settings
from channels.slack.blocks import small
from channels.slack.cards import literal
from channels.slack.chores import Chores
from channels.slack.events import CHANNEL, Id, Named
from channels.slack.mrkdwn import escape, from_markdown, link
from channels.slack.reception import Reception
from channels.slack.sections import sections
from channels.slack.site import Site
from channels.slack.web_api import WebApi
from handoff.ticket import status_line, tickets_of
from kb_index.search import Hit

SEARCH = "home_search"
MOST_TICKETS = 10
MOST_HITS = 5
LONGEST_HIT = 600  # characters of an article that a search shows
LONGEST_QUERY = 200


class Opened(BaseModel):
    """Somebody looks at the app; `tab` may also be the direct messages."""

    user: Id
    tab: str = "home"


class Typed(BaseModel):
    value: str | None = None


class Searched(BaseModel):
    """Something was typed into the search, and sent."""

    user: Named
    actions: list[Typed]


class Home:
    """Publishes the tab anew each time that somebody looks at it or searches."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        reception: Reception,
        site: Site,
        api: WebApi,
        chores: Chores,
    ) -> None:
        self._desk = settings.desk(settings.slack_desk)
        self._database = database
        self._reception = reception
        self._site = site
        self._api = api
        self._chores = chores

    def open(self, body: dict[str, Any], account: str) -> None:
        opened = Opened.model_validate(body["event"])
        if opened.tab == "home":
            self._chores.add(self._publish(account, opened.user, None))

    def search(self, body: dict[str, Any], account: str) -> None:
        searched = Searched.model_validate(body)
        query = (searched.actions[0].value or "")[:LONGEST_QUERY].strip()
        self._chores.add(self._publish(account, searched.user.id, query or None))

    async def _publish(self, account: str, user: str, query: str | None) -> None:
        profile = await self._reception.profile(account, user)
        is_member = profile is not None and profile.is_member
        blocks = await run_in_threadpool(self._blocks, account, user, query, is_member)
        client = await self._api.client(account)
        await client.views_publish(user_id=user, view=View(type="home", blocks=blocks))

    def _blocks(self, account: str, user: str, query: str | None, is_member: bool) -> list[Block]:
        found = self._found(query, is_member) if query else []
        return [
            HeaderBlock(text=literal(self._desk.name[:150])),
            _search_field(query),
            *found,
            DividerBlock(),
            HeaderBlock(text=literal("My tickets")),
            *(small(escape(line)) for line in self._tickets(account, user)),
        ]

    def _found(self, query: str, is_member: bool) -> list[Block]:
        """What the person may read, of what the search finds."""
        audiences = self._desk.audiences if is_member else self._desk.audiences & {PUBLIC}
        hits = self._site.knowledge.search(query, audiences, MOST_HITS)
        if not hits:
            return [small("Nothing found. Write to me under Messages: I'll look, or get a person.")]
        return [self._result(hit) for hit in hits]

    def _result(self, hit: Hit) -> Block:
        title = link(self._site.address(hit.url or f"/help/{hit.article_id}"), hit.title)
        extract = next(sections(from_markdown(hit.text, self._site.address), LONGEST_HIT))
        return SectionBlock(text=MarkdownTextObject(text=f"*{title}*\n{extract}", verbatim=True))

    def _tickets(self, account: str, user: str) -> list[str]:
        with self._database.read() as session:
            identity = session.get(Identity, (CHANNEL, account, user))
            if identity is None:
                return ["None yet."]
            person = identity.person_id
            numbers = tickets_of(session, person, MOST_TICKETS)
            lines = [status_line(session, number, person) for number in numbers]
        return [line for line in lines if line] or ["None yet."]


def _search_field(query: str | None) -> InputBlock:
    return InputBlock(
        label=literal("Search the help centre"),
        element=PlainTextInputElement(
            action_id=SEARCH,
            initial_value=query,
            placeholder=literal("Such as: VPN on the train"),
        ),
        dispatch_action=True,
    )
