"""A page with a widget made for Rasa: python-socketio's own client, as it comes from PyPI."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import socketio
from socketio.exceptions import ConnectionError

from tests.fakes.browser import until

Json = dict[str, Any]


class Widget:
    """One open page. `heard` is what the bot's event brought, `sessions` what was confirmed."""

    def __init__(
        self, origin: str, bot_message_evt: str = "bot_uttered", namespace: str = "/"
    ) -> None:
        self._origin = origin
        self._namespace = namespace
        self.heard: list[Json] = []
        self.sessions: list[str] = []
        self.client = socketio.Client(reconnection=False)
        self.client.on(bot_message_evt, self.heard.append, namespace=namespace)
        self.client.on("session_confirm", self.sessions.append, namespace=namespace)

    def opens(
        self, session: str | None = None, transport: str = "websocket", **more: Any
    ) -> "Widget":
        """Connect, and ask for the session as widgets do."""
        namespaces = [self._namespace]
        self.client.connect(self._origin, transports=[transport], namespaces=namespaces, **more)
        self.emits("session_request", {"session_id": session})
        until(lambda: bool(self.sessions))
        return self

    def is_refused(self, **more: Any) -> bool:
        try:
            self.client.connect(self._origin, transports=["websocket"], **more)
        except ConnectionError:
            return True
        self.closes()
        return False

    def says(self, message: str, **more: Any) -> None:
        """Returns once it is stored: the server has acknowledged it."""
        said = {"message": message, "session_id": self.session, **more}
        self.client.call("user_uttered", said, namespace=self._namespace, timeout=15)

    def emits(self, event: str, data: Any) -> None:
        self.client.emit(event, data, namespace=self._namespace)

    @property
    def session(self) -> str:
        return self.sessions[-1]

    @property
    def texts(self) -> list[str]:
        return [message.get("text", "") for message in self.heard]

    def hears(self, text: str) -> Json:
        """The first message with the words, once it has come."""
        until(lambda: any(text in each for each in self.texts))
        return next(message for message in self.heard if text in message.get("text", ""))

    def closes(self) -> None:
        if self.client.transport() == "polling":  # it would wait for its last poll to run out
            self.client.eio.disconnect(abort=True)
        else:
            self.client.disconnect()


@contextmanager
def open_widget(origin: str, session: str | None = None, **more: Any) -> Iterator[Widget]:
    """A page until it is closed."""
    widget = Widget(origin).opens(session, **more)
    try:
        yield widget
    finally:
        widget.closes()
