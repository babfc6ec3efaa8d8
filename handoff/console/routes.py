"""The console's routes, as one router."""

from fastapi import APIRouter

from handoff.console import actions, events, pages, sign_in

router = APIRouter(include_in_schema=False)
for part in (sign_in, pages, actions, events):
    router.include_router(part.router)
