"""The live stream of the console: which conversations to look at again, who types, who looks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bot.hints import Hint, Hints, next_hint
from handoff.auth import SignedIn, agent_or_none

KEEP_ALIVE = 15.0  # seconds between signs of life, and between looks whether the agent may stay
GATHER = 0.1  # seconds in which hints are put together

router = APIRouter()


@router.get("/console/events")
async def events(request: Request, agent: SignedIn) -> StreamingResponse:
    """Server-sent events: `changed` {"ids": [...]}, `typing`, `looking` and `signed-out`."""
    return StreamingResponse(
        _stream(request, request.app.state.hints, agent.id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(request: Request, hints: Hints, agent_id: int) -> AsyncIterator[str]:
    async with hints.subscribe(lambda hint: hint.get("agent") != agent_id) as queue:
        yield "retry: 1000\n: listening\n\n"
        checked = time.monotonic()
        while True:
            gathered = await _gather(queue)
            if time.monotonic() - checked >= KEEP_ALIVE:
                checked = time.monotonic()
                if not await run_in_threadpool(agent_or_none, request):
                    yield _event("signed-out", {})
                    return
            yield "".join(_events(gathered)) or ": here\n\n"


async def _gather(queue: "asyncio.Queue[Hint]") -> list[Hint]:
    """The next hints, or none after KEEP_ALIVE."""
    first = await next_hint(queue, KEEP_ALIVE)
    if first is None:
        return []
    await asyncio.sleep(GATHER)
    return [first, *(queue.get_nowait() for _ in range(queue.qsize()))]


def _events(hints: Iterable[Hint]) -> Iterator[str]:
    hints = list(hints)
    changed = sorted({hint["conversation"] for hint in hints if hint["kind"] == "changed"})
    if changed:
        yield _event("changed", {"ids": changed})
    for hint in hints:
        if hint["kind"] in ("typing", "looking"):
            yield _event(hint["kind"], hint)


def _event(name: str, data: dict[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
