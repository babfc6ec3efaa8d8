"""A page on which one writes to the bot as if it were Telegram on a phone."""

import asyncio
import time
from pathlib import Path
from zlib import crc32

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from tests.fakes.telegram.people import Person
from tests.fakes.telegram.server import FakeTelegram

PATIENCE = 5.0  # seconds that a press waits for its answer


class Phone:
    """The phones of everybody who is named in the page's address."""

    def __init__(self, telegram: FakeTelegram) -> None:
        self._telegram = telegram
        self._people: dict[str, Person] = {}
        self.routes: list[BaseRoute] = [
            Route("/phone/{name}/chat", self.chat),
            Route("/phone/{name}/says", self.says, methods=["POST"]),
            Route("/phone/{name}/edits", self.edits, methods=["POST"]),
            Route("/phone/{name}/presses", self.presses, methods=["POST"]),
            Route("/phone/{name}/sends", self.sends, methods=["POST"]),
            Route("/phone/files/{file_id}", self.file),
            Mount("/", StaticFiles(directory=Path(__file__).parent, html=True)),
        ]

    async def chat(self, request: Request) -> Response:
        """Telegram's own Message objects, which the page renders."""
        chat = self._owner(request).chat
        return JSONResponse(
            {
                "messages": list(chat.messages.values()),
                "typing": chat.typing_until > time.monotonic(),
                "commands": self._telegram.world.commands,
            }
        )

    async def says(self, request: Request) -> Response:
        said = await request.json()
        person = self._owner(request)
        if said.get("reply_to"):
            person.replies(said["reply_to"], said["text"])
        else:
            person.says(said["text"])
        return Response(status_code=204)

    async def edits(self, request: Request) -> Response:
        edit = await request.json()
        person = self._owner(request)
        person.edits(person.chat.messages[edit["message_id"]], edit["text"])
        return Response(status_code=204)

    async def presses(self, request: Request) -> Response:
        press = await request.json()
        person = self._owner(request)
        query = person.presses_again(person.chat.messages[press["message_id"]], press["data"])
        deadline = time.monotonic() + PATIENCE
        while person.was_told(query) is None and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return JSONResponse({"told": person.was_told(query)})

    async def sends(self, request: Request) -> Response:
        person = self._owner(request)
        async with request.form() as form:
            for upload in form.getlist("file"):
                assert not isinstance(upload, str)
                data = await upload.read()
                if (upload.content_type or "").startswith("image/"):
                    person.sends_photo(data)
                else:
                    name = upload.filename or "file"
                    person.sends_document(name, data, upload.content_type or "text/plain")
        return Response(status_code=204)

    async def file(self, request: Request) -> Response:
        file = self._telegram.world.files[request.path_params["file_id"]]
        return Response(file.data, headers={"Content-Disposition": "inline"})

    def _owner(self, request: Request) -> Person:
        name = request.path_params["name"]
        if name not in self._people:
            self._people[name] = self._telegram.user(name, number=crc32(name.encode()))
        return self._people[name]
