"""Serving: logs, the socket, and the words an operator reads first."""

import logging
import os
import socket
import sys
from pathlib import Path

import structlog
import uvicorn
from rich.console import Console
from threadpoolctl import threadpool_limits

from bot.action_runner.project_import import has_actions
from bot.settings import Settings
from channels.app import create_app
from channels.setup import sign_in_note

err = Console(stderr=True, highlight=False, soft_wrap=True)


def run(settings: Settings, host: str, port: int) -> None:
    """Serve until stopped; exits with 1 when the address can't be had."""
    configure_logs()
    # One message is little arithmetic: threads of its own would cost more than they bring.
    threadpool_limits(limits=1, user_api="blas")
    listener = _listen(host, port)
    app = create_app(settings)
    _stand_by_actions(settings.data / "training")
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    _welcome(settings, *listener.getsockname()[:2])
    uvicorn.Server(config).run(sockets=[listener])


def _stand_by_actions(project: Path) -> None:
    """Rasa runs a project's actions in the project's folder; files that they open are there."""
    if has_actions(project):
        os.chdir(project)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        err.print(
            f"can't listen on {host}:{port}: {error.strerror or error}. "
            f"Choose another port: firstline serve --port {port + 1}",
            style="red",
        )
        sys.exit(1)
    return listener


def _welcome(settings: Settings, host: str, port: int) -> None:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    err.print(f"Firstline serves {settings.company} on {url}")
    if settings.demo:
        err.print(f"  the shop with its chat    {url}/")
    err.print(f"  the help centre           {url}/help")
    err.print(f"  the agents' console       {url}/console")
    err.print(f"  the API                   {url}/docs")
    note = sign_in_note(settings)
    if settings.demo and note.exists():
        address, password = note.read_text(encoding="utf-8").split()
        err.print(f"Sign in to the console as {address} with the password {password}")


def configure_logs() -> None:
    """One JSON object a line, on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
