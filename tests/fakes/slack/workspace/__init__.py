"""A page on which one works in the fake Slack: as anybody, in every place that they can see."""

from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from tests.fakes.slack.people import Person
from tests.fakes.slack.rendering import visible
from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.wire import file_json, view_json
from tests.fakes.slack.world import Channel, Json, Post, View

NOT_TAKEN = "Firstline didn't take it: is the server up?"


class Workspace:
    """What the page shows and does. `shortcuts` are the app's in a message's menu: name -> id."""

    def __init__(self, slack: FakeSlack, people: list[Person], shortcuts: dict[str, str]) -> None:
        self._slack = slack
        self._people = {person.handle: person for person in people}
        self._shortcuts = shortcuts
        self.routes: list[BaseRoute] = [
            Route("/people", self.people),
            Route("/people/{name}", self.look),
            Route("/people/{name}/{act}", self.act, methods=["POST"]),
            Route("/files/{user}/{file_id}/{name}", self.file),
            Mount("/", StaticFiles(directory=Path(__file__).parent, html=True)),
        ]

    async def people(self, request: Request) -> Response:
        names = {handle: person.name for handle, person in self._people.items()}
        return JSONResponse({"people": names, "shortcuts": self._shortcuts})

    async def look(self, request: Request) -> Response:
        """Everything that the person sees."""
        person = self._people[request.path_params["name"]]
        channels = [person.dm, *self._slack.world.channels]
        seen = {each.id: each for each in channels if person in each.members}
        users = [user for team in self._slack.world.teams for user in team.users]
        return JSONResponse(
            {
                "channels": [self._channel(each, person) for each in seen.values()],
                "names": {user.id: user.name for user in users}
                | {channel.id: channel.name for channel in seen.values()},
                "home": _view(person.home, person),
                "modal": _view(person.modal, person),
            }
        )

    async def act(self, request: Request) -> Response:
        """Do what the page asks for; `told` is what the app has to say to it at once."""
        person = self._people[request.path_params["name"]]
        act = request.path_params["act"]
        if act == "uploads":
            return await self._upload(person, request)
        wish = await request.json()
        told = await run_in_threadpool(getattr(self, f"_{act}"), person, wish)
        return JSONResponse({"told": told or ""})

    async def file(self, request: Request) -> Response:
        file = self._slack.world.uploads[request.path_params["file_id"]]
        headers = {"Content-Disposition": "inline", "Content-Security-Policy": "sandbox"}
        return Response(file.data, media_type=file.media_type, headers=headers)

    async def _upload(self, person: Person, request: Request) -> Response:
        async with request.form() as form:
            channel, thread = self._place(dict(form))
            for upload in form.getlist("file"):
                assert not isinstance(upload, str)
                data, kind = await upload.read(), upload.content_type or "text/plain"
                name = upload.filename or "file"
                args = (channel, name, data, kind, "", thread)
                await run_in_threadpool(person.uploads, *args)
        return JSONResponse({"told": ""})

    def _says(self, person: Person, wish: Json) -> str | None:
        channel, thread = self._place(wish)
        if wish["text"].startswith("/"):
            command, _, words = wish["text"].partition(" ")
            person.asks(command, words.strip(), channel)
        else:
            person.says(channel, wish["text"], thread)
        taken = self._slack.sender.deliveries[-1].is_taken
        return None if taken else NOT_TAKEN

    def _edits(self, person: Person, wish: Json) -> None:
        person.edits(self._post(wish), wish["text"])

    def _deletes(self, person: Person, wish: Json) -> None:
        person.deletes(self._post(wish))

    def _presses(self, person: Person, wish: Json) -> str | None:
        delivery = person.presses(wish["title"], on=self._post(wish))
        return None if delivery.is_taken else NOT_TAKEN

    def _shortcut(self, person: Person, wish: Json) -> str | None:
        taken = person.shortcut(wish["shortcut"], on=self._post(wish)).is_taken
        return None if taken else NOT_TAKEN

    def _home(self, person: Person, wish: Json) -> None:
        person.opens_home()

    def _assistant(self, person: Person, wish: Json) -> None:
        person.opens_assistant()

    def _enters(self, person: Person, wish: Json) -> None:
        person.enters(wish["action_id"], wish["value"])

    def _presses_in_view(self, person: Person, wish: Json) -> None:
        person.presses_in_view(wish["title"])

    def _submits(self, person: Person, wish: Json) -> None:
        person.submits()

    def _closes(self, person: Person, wish: Json) -> None:
        person.modal = None

    def _place(self, wish: dict[str, Any]) -> tuple[Channel, Post | None]:
        channel = self._slack.world.channel(wish["channel"])
        assert channel
        thread = wish.get("thread")
        return channel, channel.find(thread) if thread else None

    def _post(self, wish: Json) -> Post:
        channel, _ = self._place(wish)
        return next(post for post in channel.posts if post.ts == wish["ts"])

    def _channel(self, channel: Channel, person: Person) -> Json:
        return {
            "id": channel.id,
            "name": channel.name,
            "kind": channel.kind,
            "posts": [self._shown(post, person) for post in visible(channel, person)],
            "statuses": channel.statuses,
            "prompts": channel.prompts,
            "titles": channel.titles,
        }

    def _shown(self, post: Post, person: Person) -> Json:
        files = [file_json(file, post.author.team, self._slack.url) for file in post.files]
        return {
            "ts": post.ts,
            "thread": post.thread_ts,
            "author": post.author.name,
            "is_mine": post.author is person,
            "is_private": post.only_for is not None,
            "is_edited": post.edited_ts is not None,
            "text": post.text,
            "blocks": post.blocks,
            "files": [{"name": each["name"], "url": each["permalink"]} for each in files],
        }


def _view(view: View | None, person: Person) -> Json | None:
    return view_json(view, person.team) if view else None
