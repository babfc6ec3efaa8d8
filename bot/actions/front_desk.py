"""Firstline's API, as an action server elsewhere calls it.

FIRSTLINE_URL says where Firstline is, FIRSTLINE_TOKEN is a token of `firstline agent token`.
"""

import os
from typing import Any

import httpx

PATIENCE = 5.0  # seconds for an attempt
ATTEMPTS = 2  # a handoff that has arrived already isn't made twice


class FrontDeskAway(Exception):
    """Nobody could take over; the message says what to mend, and nothing of the conversation."""


async def take_over(handoff: dict[str, Any]) -> str:
    """Let Firstline's people take over; returns the ticket's number. Raises FrontDeskAway."""
    url, token = os.environ.get("FIRSTLINE_URL"), os.environ.get("FIRSTLINE_TOKEN")
    if not url or not token:
        raise FrontDeskAway(
            "set FIRSTLINE_URL, and FIRSTLINE_TOKEN to a token of `firstline agent token`, where "
            "the action server runs"
        )
    try:
        response = await _post(url, token, handoff)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FrontDeskAway(
            f"Firstline can't be reached ({type(error).__name__}): mend FIRSTLINE_URL, or start it "
            "there"
        ) from error
    return _ticket(response)


async def _post(url: str, token: str, handoff: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE) as firstline:
        for _ in range(ATTEMPTS - 1):
            try:
                response = await firstline.post("/api/v1/handoffs", json=handoff)
            except httpx.TransportError:
                continue
            if response.status_code < 500:
                return response
        return await firstline.post("/api/v1/handoffs", json=handoff)


def _ticket(response: httpx.Response) -> str:
    try:
        answer = response.json()
        if response.status_code == 201:
            return str(answer["ticket"])
        said = str(answer["detail"])  # Firstline's problems repeat nothing that was sent
    except (ValueError, KeyError, TypeError) as error:
        raise FrontDeskAway(
            f"FIRSTLINE_URL answered with status {response.status_code}: is it Firstline's?"
        ) from error
    raise FrontDeskAway(f"Firstline refused: {said}")
