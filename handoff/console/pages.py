"""The console's page and its fragments. Each thing is rendered by one template, whole or live."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from bot.settings import Settings
from handoff.agents import Agent
from handoff.auth import SignedIn, agent_or_none
from handoff.console.context import Opened, colleagues, context, find
from handoff.console.items import items
from handoff.console.presence import presence_of
from handoff.console.rendering import page, zone_of
from handoff.console.seen import last_opened
from handoff.console.thread import Thread
from handoff.console.views import Scope, View, count, ids_found, ids_in

PAGE = 50
MOST = 1_000  # items in the list; beyond that one searches
FRUSTRATED = 0.7  # the share of the handover's threshold from which it shows in the view

router = APIRouter()


def viewer(request: Request) -> Agent:
    """The agent who asks for a page; whoever isn't signed in is sent to do so."""
    agent = agent_or_none(request)
    if not agent:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise HTTPException(303, headers={"Location": f"/console/sign-in?next={quote(path)}"})
    return agent


Viewer = Annotated[Agent, Depends(viewer)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list shows. Words in `q` search all views."""

    view: View = View.QUEUE
    desk: str = ""
    q: str = ""
    limit: int = PAGE

    @property
    def query(self) -> str:
        """The part of an address that keeps the list as it is."""
        kept = {"view": self.view.value, "desk": self.desk, "q": self.q}
        return "?" + urlencode({name: value for name, value in kept.items() if value})


def wanted(
    view: View = View.QUEUE,
    desk: Annotated[str, Query(max_length=100)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1)] = PAGE,
) -> Wanted:
    return Wanted(view, desk, q.strip(), min(limit, MOST))


Want = Annotated[Wanted, Depends(wanted)]


@router.get("/console")
def console(request: Request, want: Want, agent: Viewer) -> HTMLResponse:
    with request.app.state.database.read() as session:
        shown = _list(session, request, want, agent)
        last = last_opened(session, agent.id)
        return page("console.html", **shown, pane="list", opened=None, last=last)


@router.get("/console/conversations/{id}")
def conversation(request: Request, id: int, want: Want, agent: Viewer) -> HTMLResponse:
    """The console with the conversation open."""
    with request.app.state.database.read() as session:
        opened = find(session, id, agent)
        shown = _list(session, request, want, agent, id)
        if not opened:
            return page("console.html", 404, **shown, pane="thread", opened=None, last=None)
        pane = _pane(session, request, opened, agent)
        return page("console.html", **(shown | pane), pane="thread")


@router.get("/console/list")
def list_fragment(request: Request, want: Want, agent: SignedIn, open: int = 0) -> HTMLResponse:
    """The views with their counts, and the items; `open` is marked as the current one."""
    with request.app.state.database.read() as session:
        return page("list.html", **_list(session, request, want, agent, open))


@router.get("/console/palette")
def palette(
    request: Request, agent: SignedIn, q: Annotated[str, Query(max_length=200)] = ""
) -> HTMLResponse:
    """The conversations that the palette offers for what is typed."""
    scope = _scope(request, agent, "")
    ids = ids_found(q.strip(), scope) if q.strip() else ids_in(View.OPEN, scope)
    with request.app.state.database.read() as session:
        found, _ = items(session, ids, agent.id, 8)
    return page("palette.html", items=found, zone=zone_of(request))


@router.get("/console/conversations/{id}/pane")
def pane(request: Request, id: int, agent: SignedIn) -> HTMLResponse:
    """Everything about one conversation: its thread and what stands beside it."""
    with request.app.state.database.read() as session:
        opened = _found(session, id, agent)
        return page("pane.html", **_pane(session, request, opened, agent))


@router.get("/console/conversations/{id}/thread")
def thread(
    request: Request, id: int, agent: SignedIn, since: int | None = None, before: int | None = None
) -> HTMLResponse:
    """The lines from `since` on, or a page of those before `before`, or the last page."""
    zone = zone_of(request)
    with request.app.state.database.read() as session:
        opened = _found(session, id, agent)
        lines = Thread(session, id, opened.name, zone)
        part = lines.since(since) if since is not None else lines.latest(before)
    threshold = request.app.state.settings.policy.frustration
    return page("thread.html", part=part, zone=zone, threshold=threshold)


@router.get("/console/conversations/{id}/context")
def context_fragment(request: Request, id: int, agent: SignedIn) -> HTMLResponse:
    """What changes around the thread: its head, the composer's notice, the right pane."""
    with request.app.state.database.read() as session:
        opened = _found(session, id, agent)
        return page("around.html", **_around(session, request, opened, agent))


def _found(session: Session, id: int, agent: Agent) -> Opened:
    opened = find(session, id, agent)
    if not opened:
        raise HTTPException(404, "There is no such conversation.")
    return opened


def _scope(request: Request, agent: Agent, desk: str) -> Scope:
    settings: Settings = request.app.state.settings
    return Scope(agent.id, FRUSTRATED * settings.policy.frustration, desk or None)


def _list(
    session: Session, request: Request, want: Wanted, agent: Agent, open: int = 0
) -> dict[str, Any]:
    scope = _scope(request, agent, want.desk)
    ids = ids_found(want.q, scope) if want.q else ids_in(want.view, scope)
    found, more = items(session, ids, agent.id, want.limit)
    settings: Settings = request.app.state.settings
    return {
        "agent": agent,
        "zone": zone_of(request),
        "want": want,
        "views": list(View),
        "counts": count(session, scope),
        "items": found,
        "more": more and want.limit < MOST,
        "next_limit": want.limit + PAGE,
        "open": open,
        "desks": {name: desk.name for name, desk in settings.desks.items()},
        "threshold": settings.policy.frustration,
    }


def _pane(session: Session, request: Request, opened: Opened, agent: Agent) -> dict[str, Any]:
    zone = zone_of(request)
    part = Thread(session, opened.id, opened.name, zone).latest()
    return {"part": part, **_around(session, request, opened, agent)}


def _around(session: Session, request: Request, opened: Opened, agent: Agent) -> dict[str, Any]:
    settings: Settings = request.app.state.settings
    desk = opened.conversation.desk
    return {
        "opened": opened,
        "agent": agent,
        "zone": zone_of(request),
        "desk_name": settings.desks[desk].name if desk in settings.desks else desk,
        "context": context(session, opened),
        "colleagues": colleagues(session),
        "looking": presence_of(request.app).others(opened.id, agent.id),
        "threshold": settings.policy.frustration,
    }
