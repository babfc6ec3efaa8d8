"""What people do in the app's own places: the Home tab, modals and the Assistant pane."""

from __future__ import annotations

from typing import Literal

from tests.fakes.slack import interactive
from tests.fakes.slack.actor import Actor
from tests.fakes.slack.sending import Delivery
from tests.fakes.slack.wire import view_json
from tests.fakes.slack.world import Channel, Json, Post, View, buttons


class InAppPlaces(Actor):
    def opens_home(self, tab: Literal["home", "messages"] = "home") -> str:
        """Returns the Home tab as it is by now."""
        event: Json = {
            "type": "app_home_opened",
            "user": self.id,
            "channel": self.dm.id,
            "tab": tab,
            "event_ts": self.slack.world.clock.ts(),
        }
        if self.home and tab == "home":
            event["view"] = view_json(self.home, self.team)
        self.slack.events.send(self.team, event)
        return self.sees_home()

    def sees_home(self) -> str:
        return self._sees_view(self.home)

    def sees_modal(self) -> str:
        return self._sees_view(self.modal)

    def enters(self, action_id: str, value: str) -> Delivery | None:
        """Into a field of the modal or else the Home tab; told at once if the field says so."""
        view = self._view()
        for block in view.content["blocks"]:
            for element in [block.get("element", {}), *block.get("elements", [])]:
                if element.get("action_id") != action_id:
                    continue
                state = {"type": element["type"], "value": value}
                view.values.setdefault(block["block_id"], {})[action_id] = state
                tells = block.get("dispatch_action") or block["type"] == "actions"
                ts = self.slack.world.clock.ts()
                where = {"action_id": action_id, "block_id": block["block_id"], "action_ts": ts}
                return self._acts_in(view, state | where) if tells else None
        raise AssertionError(f"{self.name} sees no field {action_id!r}")

    def presses_in_view(self, title: str) -> Delivery:
        """A button of the modal or else the Home tab."""
        view = self._view()
        for block_id, button in buttons(view.content["blocks"]):
            if button["text"]["text"] == title:
                ts = self.slack.world.clock.ts()
                return self._acts_in(view, interactive.pressed(block_id, button, ts))
        raise AssertionError(f"{self.name} sees no button {title!r}")

    def submits(self) -> Delivery:
        """The modal, which closes if the app takes it without a word."""
        assert self.modal, f"{self.name} sees no modal"
        view = view_json(self.modal, self.team)
        delivery = self.interacts(self.team, {"type": "view_submission", "view": view})
        if delivery.is_taken and not delivery.answer.body.strip(b"{} "):
            self.modal = None
        return delivery

    def opens_assistant(self, looking_at: Channel | None = None) -> Post:
        """The Assistant pane, which begins a thread; returns its first post."""
        root = self.slack.world.post(
            self.dm, self.team.bot, "New Assistant Thread", subtype="assistant_app_thread"
        )
        root.thread_ts = root.ts
        self._tells_assistant("assistant_thread_started", root, looking_at)
        return root

    def looks_at(self, channel: Channel, pane: Post) -> None:
        """Another channel, while the Assistant pane is open."""
        self._tells_assistant("assistant_thread_context_changed", pane, channel)

    def _acts_in(self, view: View, action: Json) -> Delivery:
        return self.interacts(self.team, interactive.act_in_view(view, action, self.team))

    def _tells_assistant(self, event_type: str, pane: Post, looking_at: Channel | None) -> None:
        seen = {"channel_id": looking_at.id, "team_id": self.team.id} if looking_at else {}
        thread = {
            "user_id": self.id,
            "context": seen,
            "channel_id": pane.channel.id,
            "thread_ts": pane.ts,
        }
        event = {
            "type": event_type,
            "assistant_thread": thread,
            "event_ts": self.slack.world.clock.ts(),
        }
        self.slack.events.send(self.team, event)

    def _view(self) -> View:
        view = self.modal or self.home
        assert view, f"{self.name} sees no view"
        return view

    def _sees_view(self, view: View | None) -> str:
        return "\n".join(self.slack.reader.blocks(view.content["blocks"])) if view else ""
