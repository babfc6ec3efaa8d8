"""The composition root: puts settings, database, bot, desk and channels together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.actions.services import Services, use
from bot.conversation import Conversation, State
from bot.credentials import with_own_channels
from bot.db import Database, open_database
from bot.hints import Hints
from bot.settings import Settings
from bot.shop import open_retailer
from bot.trained import load_engine, open_knowledge
from channels import rest
from channels.adapters import Adapter, open_adapters, open_sockets
from channels.files import Files
from channels.handoffs import routes as handoff_routes
from channels.inbox import Inbox
from channels.outbox import Outbox
from channels.presence import Presence
from channels.problems import add_problem_handlers, problem, unexpected
from channels.rasa.api import conversations, model
from channels.rasa.api.access import Access
from channels.turnstile import Turnstile
from channels.web import identity, pages, routes, widget
from channels.web.votes import Votes
from channels.worker import Worker
from handoff import api, console, people_api, ticket
from handoff.console import routes as console_routes
from handoff.desk import FrontDesk
from handoff.metrics import QUEUED

log = structlog.get_logger()

LARGEST_BODY = 256 * 1024
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)


def create_app(settings: Settings) -> FastAPI:
    """The server for a prepared data directory.

    Raises DatabaseUnusable, IndexUnusable, ModelUnusable, ModelError or TrainingError, each with
    a message for the operator.
    """
    settings = with_own_channels(settings)
    database = open_database(settings.database)
    knowledge = open_knowledge(settings)
    engine = load_engine(settings, knowledge)
    hints = Hints(database)
    front_desk = FrontDesk(database, hints, settings, engine)
    turnstile = Turnstile()
    worker = Worker(database, front_desk, turnstile)
    inbox = Inbox(database, hints, turnstile, worker.wake)
    adapters = open_adapters(settings, database, inbox, hints, front_desk, knowledge)
    sockets = open_sockets(settings, database, inbox, hints)
    use(Services(open_retailer(settings), ticket.status_of(database)))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hints.start()
        worker.start()
        async with (
            _running(database, hints, adapters),
            sockets.running() if sockets else nullcontext(),
        ):
            yield
        worker.stop()
        hints.stop()
        database.close()

    app = FastAPIOffline(  # its pages load nothing from elsewhere
        redoc_url=None,
        title="Firstline",
        version=version("firstline"),
        description="First-line support that knows when to hand over.",
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.knowledge = knowledge
    app.state.engine = engine
    app.state.hints = hints
    app.state.front_desk = front_desk
    app.state.inbox = inbox
    app.state.votes = Votes(database)
    app.state.access = Access(settings)
    add_problem_handlers(app)
    app.add_middleware(Shield)
    # The widget works on other sites; it sends a token in a header and never a cookie.
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
    )
    _add_routes(app)
    for adapter in adapters.values():
        if adapter.router:
            app.include_router(adapter.router)
    if sockets:
        app.mount(sockets.path, sockets.app)
    return app


@asynccontextmanager
async def _running(
    database: Database, hints: Hints, adapters: Mapping[str, Adapter]
) -> AsyncIterator[None]:
    """The adapters at work, with what sends and fetches for them."""
    if not adapters:
        yield
        return
    for adapter in adapters.values():
        await adapter.start()
    tasks = [
        asyncio.create_task(work(database, hints, adapters).run())
        for work in (Outbox, Files, Presence)
    ]
    yield
    for task in tasks:  # before their connections are closed: what is on its way may arrive
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for adapter in adapters.values():
        await adapter.stop()


def _add_routes(app: FastAPI) -> None:
    rasa = (rest, model, conversations)
    agents = (api, people_api, handoff_routes, console_routes)
    for part in (*rasa, routes, identity, pages, widget, *agents):
        app.include_router(part.router)
    web = Path(pages.__file__).parent / "static"
    console_static = Path(console.__file__).parent / "static"
    app.mount("/static/web", Assets(directory=web))
    app.mount("/static/console", Assets(directory=console_static))

    @app.get("/healthz", include_in_schema=False)
    def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    def ready(request: Request) -> Response:
        """The database answers and the knowledge base is loaded."""
        try:
            with request.app.state.database.read() as session:
                session.connection()
        except SQLAlchemyError:
            return problem(503, "The database can't be reached.")
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        """Prometheus' text format."""
        with request.app.state.database.read() as session:
            waiting = select(func.count()).where(Conversation.state == State.QUEUED)
            QUEUED.set(session.scalar(waiting) or 0)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/version", tags=["rasa"])
    def show_version() -> dict[str, str]:
        """The versions, in the shape that Rasa gives them."""
        return {"version": app.version, "minimum_compatible_version": "3.0.0"}


class Assets(StaticFiles):
    """Files of which browsers ask each time whether they are still the same, so that a page never
    mixes an old script with a new one."""

    def file_response(self, *args: Any, **more: Any) -> Response:
        response = super().file_response(*args, **more)
        response.headers["Cache-Control"] = "no-cache"
        return response


class Shield:
    """Refuses bodies that are too large, adds the security headers to every response, and answers
    what went wrong unforeseen.

    Left to the server, such an error would be logged with its text: a customer's words, maybe.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        begun, received = False, 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_BODY:
                raise HTTPException(413, f"The request is larger than {LARGEST_BODY:,} bytes.")
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                if not scope["path"].startswith("/docs"):  # Swagger UI brings its own scripts
                    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            await send(message)

        try:
            await self._app(scope, receive_limited, send_with_headers)
        except Exception as error:
            response = unexpected(scope["path"], error)
            if not begun:
                await response(scope, receive, send_with_headers)
