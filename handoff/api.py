"""The agents' HTTP API: conversations, transcripts, claims, and a search of the articles."""

from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import undefer

from bot.conversation import Conversation, State
from bot.db import Database
from bot.knowledge import Knowledge
from bot.settings import PUBLIC
from handoff.agents import find_agent
from handoff.attachments import SHOWN, UNKNOWN, Attachment
from handoff.auth import SignedIn, agent_or_none, same_origin
from handoff.channel_names import way_of
from handoff.desk import FrontDesk, NotFound
from handoff.export import as_text, entries
from handoff.markdown import render
from handoff.summary import in_state, summarise
from handoff.ticket import Ticket
from handoff.transcript import PAGE, Line, lines

router = APIRouter(prefix="/api/v1", dependencies=[Depends(same_origin)])
templates = Jinja2Templates(FilePath(__file__).parent / "templates")
templates.env.filters["markdown"] = render  # the bot's quotes; the renderer sanitises
templates.env.filters["way"] = way_of

BIGGEST = 2**31 - 1  # the databases' largest number for a row
Number = Annotated[int, Path(ge=0, le=BIGGEST)]


class Written(BaseModel):
    """A line by an agent: to the customer, or private. A repeated `key` is stored once."""

    text: str
    private: bool = False
    key: str | None = Field(default=None, max_length=100, pattern=r"^[^\x00]*$")


class Assignment(BaseModel):
    """Who shall have the conversation."""

    email: str


def _front_desk(request: Request) -> FrontDesk:
    front_desk: FrontDesk = request.app.state.front_desk
    return front_desk


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Desk = Annotated[FrontDesk, Depends(_front_desk)]
Db = Annotated[Database, Depends(_database)]


@router.get("/conversations")
def list_conversations(
    agent: SignedIn,
    database: Db,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=BIGGEST)] = 0,
) -> dict[str, Any]:
    """Conversations in a state; those that are queued in the queue's order."""
    with database.read() as session:
        found = summarise(session, in_state(state, limit + 1, offset))
    more = offset + limit if len(found) > limit else None
    return {"conversations": found[:limit], "next_offset": more}


@router.get("/conversations/{conversation_id}")
def show_conversation(
    conversation_id: Number,
    agent: SignedIn,
    database: Db,
    after: Annotated[int | None, Query(ge=0, le=BIGGEST)] = None,
    before: Annotated[int | None, Query(ge=0, le=BIGGEST)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = PAGE,
) -> dict[str, Any]:
    """One conversation with its newest lines; `before` and `after` are line numbers."""
    with database.read() as session:
        messages = lines(session, conversation_id, after=after, before=before, limit=limit)
    return _summary(database, conversation_id) | {"messages": messages}


@router.get("/conversations/{conversation_id}/transcript")
def show_transcript(
    request: Request,
    conversation_id: Number,
    agent: SignedIn,
    database: Db,
    format: Literal["text", "json", "html"] = "text",
) -> Response:
    """The whole transcript, for keeping or printing."""
    summary = _summary(database, conversation_id)
    with database.read() as session:
        messages = lines(session, conversation_id)
    if format == "json":
        from fastapi.responses import JSONResponse

        return JSONResponse(summary | {"messages": messages})
    if format == "html":
        context = {"conversation": summary, "entries": entries(messages)}
        return templates.TemplateResponse(request, "transcript.html", context)
    return PlainTextResponse(as_text(entries(messages)))


@router.post("/conversations/{conversation_id}/claim")
def claim(conversation_id: Number, agent: SignedIn, desk: Desk, database: Db) -> dict[str, Any]:
    """Take the conversation; 409 with the owner's name when somebody else has it."""
    desk.claim(conversation_id, agent)
    return _summary(database, conversation_id)


@router.delete("/conversations/{conversation_id}/claim")
def release(conversation_id: Number, agent: SignedIn, desk: Desk, database: Db) -> dict[str, Any]:
    """Put the conversation back into the queue."""
    desk.release(conversation_id, agent)
    return _summary(database, conversation_id)


@router.put("/conversations/{conversation_id}/claim")
def reassign(
    conversation_id: Number, to: Assignment, agent: SignedIn, desk: Desk, database: Db
) -> dict[str, Any]:
    """Give the conversation to a colleague."""
    with database.read() as session:
        colleague = find_agent(session, to.email)
    if not colleague:
        raise NotFound(f"no agent has the address {to.email}")
    desk.reassign(conversation_id, agent, colleague.id)
    return _summary(database, conversation_id)


@router.post("/conversations/{conversation_id}/messages", status_code=201)
def write(conversation_id: Number, written: Written, agent: SignedIn, desk: Desk) -> Line:
    """Reply to the customer, or leave a private note."""
    say = desk.note if written.private else desk.reply
    return say(conversation_id, agent, written.text, written.key)


@router.post("/conversations/{conversation_id}/resolve")
def resolve(conversation_id: Number, agent: SignedIn, desk: Desk, database: Db) -> dict[str, Any]:
    """End the conversation and close its ticket."""
    desk.resolve(conversation_id, agent)
    return _summary(database, conversation_id)


@router.post("/conversations/{conversation_id}/handback")
def hand_back(conversation_id: Number, agent: SignedIn, desk: Desk, database: Db) -> dict[str, Any]:
    """Let the bot answer again."""
    desk.hand_back(conversation_id, agent)
    return _summary(database, conversation_id)


@router.get("/tickets/{number}")
def show_ticket(
    number: Annotated[str, Path(pattern=r"^FL-\d{6}$")], agent: SignedIn, database: Db
) -> dict[str, Any]:
    """The conversation that a ticket was opened for."""
    with database.read() as session:
        found = session.scalar(select(Ticket.conversation_id).where(Ticket.number == number))
    if not found:
        raise NotFound(f"there is no ticket {number}")
    return _summary(database, found)


@router.get("/attachments/{attachment_id}")
def show_attachment(attachment_id: Number, agent: SignedIn, database: Db) -> Response:
    """A file that a customer sent; 404 with the reason while, or because, there is none."""
    with database.read() as session:
        found = session.get(Attachment, attachment_id, options=[undefer(Attachment.data)])
    if not found:
        raise NotFound(f"there is no attachment {attachment_id}")
    if found.data is None:
        raise NotFound(found.refusal or "the file is still being fetched; try again in a moment")
    shown = found.media_type in SHOWN
    name = quote(found.name, safe="")
    headers = {
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}",
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(found.data, media_type=found.media_type if shown else UNKNOWN, headers=headers)


@router.get("/kb/search")
def search_articles(
    request: Request,
    q: Annotated[str, Query(min_length=1, max_length=1000)],
    k: Annotated[int, Query(ge=1, le=50)] = 5,
    audience: str = PUBLIC,
) -> dict[str, Any]:
    """The passages that fit a question best. Other audiences than the public need a token."""
    if audience != PUBLIC and not agent_or_none(request):
        raise HTTPException(
            401, f'Searching for the audience "{audience}" needs an agent\'s token.'
        )
    knowledge: Knowledge = request.app.state.knowledge
    hits = knowledge.search(q, frozenset({audience}), k)
    return {
        "hits": [
            {
                "article_id": hit.article_id,
                "title": hit.title,
                "heading": hit.heading,
                "text": hit.text,
                "audience": hit.audience,
                "url": hit.url or f"/help/{hit.article_id}",
                "score": round(hit.score, 4),
            }
            for hit in hits
        ]
    }


def _summary(database: Database, conversation_id: int) -> dict[str, Any]:
    with database.read() as session:
        found = summarise(session, select(Conversation).where(Conversation.id == conversation_id))
    if not found:
        raise NotFound(f"there is no conversation {conversation_id}")
    return found[0]
