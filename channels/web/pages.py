"""The pages that everyone may see: the demo shop and the help centre.

An agent who is signed in may open the articles for employees, too: the console links to them.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from lucide.jinja import lucide

from bot.hours import describe
from bot.settings import PUBLIC as PUBLIC_AUDIENCE
from bot.settings import Settings
from channels.web.demo import CONTACT, FEATURED, PRODUCTS
from channels.web.snippet import mark, snippet
from channels.web.topics import by_topic, topic_of
from handoff.auth import agent_or_none
from handoff.markdown import headings, render_page
from kb_index.articles import Article
from kb_index.search import Hit

PUBLIC = frozenset({PUBLIC_AUDIENCE})
DESK = "customers"
RESULTS = 10
LEAST_SCORE = 0.2  # hits below it have next to nothing to do with the query
RELATED = 4
LONGEST_QUERY = 200  # characters; what is beyond is not searched for

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent
_STATIC = {
    "/static/web/": _HERE / "static",
    "/static/console/": _HERE.parents[1] / "handoff" / "console" / "static",
}


class Knowledge(Protocol):
    def articles(self, audiences: frozenset[str]) -> list[Article]: ...
    def article(self, article_id: str, audiences: frozenset[str]) -> Article | None: ...
    def search(self, query: str, audiences: frozenset[str], k: int) -> list[Hit]: ...


class Votes(Protocol):
    def record(self, article_id: str, helpful: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Site:
    """Whose pages these are. `contact` is where "ask us" leads without JavaScript."""

    name: str
    demo: bool
    hours: str
    contact: str

    @classmethod
    def of(cls, settings: Settings) -> "Site":
        desk = settings.desks.get(DESK)
        contact = CONTACT if settings.demo else "/help"
        return cls(settings.company, settings.demo, describe(desk) if desk else "", contact)


@router.get("/")
def shop(request: Request) -> Response:
    """The demo shop; an installation of one's own begins with the help centre."""
    if not _settings(request).demo:
        return RedirectResponse("/help")
    return _page(request, "shop.html", products=PRODUCTS)


@router.get("/favicon.ico", include_in_schema=False)
def favicon() -> Response:
    """What browsers ask for on pages that name no icon, such as a transcript as text."""
    return RedirectResponse("/static/console/icon.svg")


@router.get("/help")
def help_centre(request: Request) -> Response:
    articles = _knowledge(request).articles(PUBLIC)
    by_id = {article.id: article for article in articles}
    featured = [by_id[article_id] for article_id in FEATURED if article_id in by_id]
    return _page(request, "help.html", topics=by_topic(articles), featured=featured)


@router.get("/help/search")
def search(request: Request, q: Annotated[str, Query()] = "") -> Response:
    query = " ".join(q.split())[:LONGEST_QUERY]
    if not query:
        return RedirectResponse("/help")
    found = _knowledge(request).search(query, PUBLIC, RESULTS)
    hits = [hit for hit in found if hit.score >= LEAST_SCORE]
    return _page(request, "search.html", query=query, hits=hits, mark=mark, snippet=snippet)


@router.get("/help/{article_id}")
def article(request: Request, article_id: str, voted: str = "") -> Response:
    found = _find(request, article_id)
    if found is None:
        return not_found(request)
    response = _page(
        request,
        "article.html",
        is_public=found.audience in PUBLIC,
        article=found,
        topic=topic_of(found),
        body=render_page(found.text),
        headings=headings(found.text),
        related=_related(request, found),
        voted=voted,
    )
    if found.audience not in PUBLIC:
        response.headers["Cache-Control"] = "no-store"
    return response


@router.post("/help/{article_id}/vote")
def vote(
    request: Request, article_id: str, helpful: Annotated[Literal["yes", "no"], Form()]
) -> Response:
    found = _find(request, article_id)
    if found is None:
        return not_found(request)
    votes: Votes = request.app.state.votes
    votes.record(found.id, helpful == "yes")
    thanks = f"/help/{found.id}?{urlencode({'voted': helpful})}#feedback"
    return RedirectResponse(thanks, HTTPStatus.SEE_OTHER)


def not_found(request: Request) -> Response:
    """The page for an address that leads nowhere, with ways on."""
    return _page(request, "not_found.html", status=HTTPStatus.NOT_FOUND)


def _find(request: Request, article_id: str) -> Article | None:
    """A public article; for an agent who is signed in, one that any desk may use."""
    found = _knowledge(request).article(article_id, PUBLIC)
    if found is None and agent_or_none(request):
        desks = _settings(request).desks.values()
        audiences = frozenset[str]().union(*(desk.audiences for desk in desks))
        return _knowledge(request).article(article_id, audiences)
    return found


def _related(request: Request, article: Article) -> list[Hit]:
    hits = _knowledge(request).search(article.title, PUBLIC | {article.audience}, RELATED + 1)
    return [hit for hit in hits if hit.article_id != article.id][:RELATED]


def _knowledge(request: Request) -> Knowledge:
    knowledge: Knowledge = request.app.state.knowledge
    return knowledge


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _page(
    request: Request, template: str, status: HTTPStatus = HTTPStatus.OK, **context: Any
) -> Response:
    context["site"] = Site.of(_settings(request))
    return _templates().TemplateResponse(request, template, context, status_code=status)


@cache
def _templates() -> Jinja2Templates:
    templates = Jinja2Templates(_HERE / "templates")
    templates.env.globals.update(icon=_icon, asset=_asset)
    templates.env.trim_blocks = templates.env.lstrip_blocks = True
    return templates


@cache
def _icon(name: str, size: int = 20) -> str:
    return lucide(name, size=size, aria_hidden="true")


@cache
def _asset(url: str) -> str:
    """A static file's address with a mark of its content, so that an update is seen at once."""
    folder, name = url.rsplit("/", 1)
    content = (_STATIC[folder + "/"] / name).read_bytes()
    return f"{url}?v={hashlib.sha256(content).hexdigest()[:10]}"
