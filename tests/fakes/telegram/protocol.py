"""The Bot API over HTTP: whose call it is, what goes wrong with it, and the answer's envelope."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from tests.fakes.telegram.faults import Call, Faults
from tests.fakes.telegram.methods import LARGEST_DOWNLOAD, Methods
from tests.fakes.telegram.parameters import Parameters
from tests.fakes.telegram.refusal import Refusal
from tests.fakes.telegram.webhook import Webhook
from tests.fakes.telegram.world import Json, World

CONFLICT = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
TWO_POLL = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


class Protocol:
    """Calls come in, are recorded, and go wrong as they are told to."""

    def __init__(self, world: World, webhook: Webhook, faults: Faults) -> None:
        self._world = world
        self._webhook = webhook
        self._faults = faults
        self._methods = Methods(world, webhook)
        self._polls = 0
        self.routes: list[BaseRoute] = [
            Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self._download),
        ]

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            self._admit(request.path_params["token"])
            parameters = await Parameters.of(request)
            call = Call(method, parameters.raw, time.monotonic())
            self._faults.calls.append(call)
            fault = self._faults.next(call)
            if fault and fault.refusal:
                raise fault.refusal
            if fault:
                await asyncio.sleep(fault.seconds)
            result = await self._answer(method, parameters)
        except Refusal as refusal:
            return JSONResponse(refusal.body(), refusal.status)
        if fault and fault.kind == "drop":
            return Broken()
        return JSONResponse({"ok": True, "result": result})

    def _admit(self, token: str) -> None:
        if token != self._world.token:
            raise Refusal(401, "Unauthorized") if ":" in token else Refusal(404, "Not Found")

    async def _answer(self, method: str, parameters: Parameters) -> object:
        if method.lower() == "getupdates":
            return await self._get_updates(parameters)
        return self._methods.answer(method, parameters)

    async def _get_updates(self, given: Parameters) -> list[Json]:
        self._polls += 1
        mine, deadline = self._polls, time.monotonic() + given.integer("timeout")
        with self._world.lock:
            if (allowed := given.parsed("allowed_updates")) is not None:
                self._world.updates.allowed = allowed
            self._world.updates.confirm(given.integer("offset"))
        while True:
            if self._webhook.url:
                raise Refusal(409, CONFLICT)
            if mine != self._polls:
                raise Refusal(409, TWO_POLL)
            with self._world.lock:
                batch = self._world.updates.batch(given.integer("limit") or 100)
            if batch or time.monotonic() >= deadline:
                return batch
            await asyncio.sleep(0.02)

    async def _download(self, request: Request) -> Response:
        if request.path_params["token"] != self._world.token:
            return JSONResponse(Refusal(401, "Unauthorized").body(), 401)
        path = request.path_params["path"]
        file = next((file for file in self._world.files.values() if file.path == path), None)
        if not file or file.size > LARGEST_DOWNLOAD:
            return JSONResponse(Refusal(404, "Not Found").body(), 404)
        return Response(file.data, media_type="application/octet-stream")


class Broken(Response):
    """A response that breaks off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
