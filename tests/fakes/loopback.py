"""A server of our own on a free port of 127.0.0.1, in a thread."""

import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp


class Loopback:
    """Serves `app` between `start` and `stop`, or inside `with`."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Returns once it answers."""
        self._thread.start()
        while self._thread.is_alive() and not self._server.started:
            time.sleep(0.005)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])
