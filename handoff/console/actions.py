"""What agents do in the console. What the desk refuses (Taken, Refused, NotFound) is raised on;
the application answers it with 409 or 404, the `detail` and the `owner`."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from handoff.agents import Agent
from handoff.auth import SignedIn, same_origin
from handoff.console.seen import mark_seen
from handoff.desk import FrontDesk

router = APIRouter(prefix="/console/conversations/{id}", dependencies=[Depends(same_origin)])


class Words(BaseModel):
    """A line to store. `key` is made by the browser: a repeated send is stored once."""

    text: str
    key: Annotated[str, Field(min_length=1, max_length=100)]


class To(BaseModel):
    """The agent who gets the conversation."""

    agent: int


class Typing(BaseModel):
    on: bool


class Looking(BaseModel):
    """That the agent looks at the conversation, and the last line before their eyes."""

    seen: Annotated[int, Field(ge=0)] = 0


def front_desk(request: Request) -> FrontDesk:
    desk: FrontDesk = request.app.state.front_desk
    return desk


Desk = Annotated[FrontDesk, Depends(front_desk)]


@router.post("/reassign")
def reassign(id: int, to: To, desk: Desk, agent: SignedIn) -> None:
    desk.reassign(id, agent, to.agent)


@router.post("/reply")
def reply(id: int, words: Words, desk: Desk, agent: SignedIn) -> None:
    desk.reply(id, agent, words.text, words.key)


@router.post("/note")
def note(id: int, words: Words, desk: Desk, agent: SignedIn) -> None:
    desk.note(id, agent, words.text, words.key)


@router.post("/typing")
def typing(id: int, typing: Typing, desk: Desk, agent: SignedIn) -> None:
    desk.typing(id, agent, typing.on)


@router.post("/looking")
def looking(request: Request, id: int, looking: Looking, desk: Desk, agent: SignedIn) -> None:
    desk.looking(id, agent)
    if looking.seen:
        mark_seen(request.app.state.database, agent.id, id, looking.seen)


@router.post("/{act}")
def act(
    id: int, act: Literal["claim", "release", "resolve", "handback"], desk: Desk, agent: SignedIn
) -> None:
    acts: dict[str, Callable[[int, Agent], None]] = {
        "claim": desk.claim,
        "release": desk.release,
        "resolve": desk.resolve,
        "handback": desk.hand_back,
    }
    acts[act](id, agent)
