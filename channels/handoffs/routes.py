"""The call by which another assistant hands over."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from bot.hints import Hints
from channels.handoffs.body import Handoff
from channels.handoffs.intake import take_over
from channels.rest import check_desk
from handoff.auth import SignedIn, same_origin

router = APIRouter(prefix="/api/v1", dependencies=[Depends(same_origin)])


@router.post("/handoffs", status_code=201)
def hand_over(request: Request, handoff: Handoff, agent: SignedIn) -> dict[str, Any]:
    """Open a ticket for a conversation that another assistant had, with all that was said there."""
    check_desk(request, handoff.desk)
    taken = take_over(request.app.state.database, handoff)
    hints: Hints = request.app.state.hints
    hints.changed(taken.conversation_id)
    return taken._asdict()
