"""What Rasa's HTTP API takes: events, messages, and intents to trigger."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from bot.turn import JSON

EventName = Literal[
    "action",
    "action_execution_rejected",
    "active_loop",
    "agent",
    "bot",
    "cancel_reminder",
    "entities",
    "export",
    "followup",
    "form",
    "form_validation",
    "loop_interrupted",
    "pause",
    "reminder",
    "reset_slots",
    "restart",
    "resume",
    "rewind",
    "session_started",
    "slot",
    "undo",
    "user",
    "user_featurization",
]


class Found(BaseModel, extra="allow"):
    """An entity."""

    entity: str
    value: Any


class Meant(BaseModel, extra="allow"):
    """An intent."""

    name: str | None = None
    confidence: float = 1.0


class Parsed(BaseModel, extra="allow"):
    """What was understood of a message."""

    text: str | None = None
    intent: Meant = Meant()
    entities: list[Found] = []
    response_selector: dict[str, Any] = {}


class Body(BaseModel):
    """What comes in, if it can be stored and sent: no half characters, and no numbers that are
    none."""

    @model_validator(mode="before")
    @classmethod
    def _is_plain(cls, given: Any) -> Any:
        json.dumps(given, allow_nan=False, ensure_ascii=False).encode()
        return given


class Event(Body, extra="allow"):
    """Something that happened, as Rasa's trackers have it."""

    event: EventName
    timestamp: float | None = None
    metadata: dict[str, Any] | None = None
    name: str | None = None
    text: str | None = None
    value: Any = None
    parse_data: Parsed | None = None
    entities: list[Found] | None = None
    data: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        needed = {"slot": ("name", "value"), "followup": ("name",), "entities": ("entities",)}
        for field in needed.get(self.event, ()):
            if field not in self.model_fields_set or (field == "name" and self.name is None):
                raise ValueError(f'the event "{self.event}" needs "{field}"')
        return self

    def as_json(self) -> JSON:
        """The event as it was given; without times and notes that are none."""
        given = self.model_dump(exclude_unset=True)
        empty = {"timestamp", "metadata"}
        return {k: v for k, v in given.items() if v is not None or k not in empty}


def _as_list(given: Any) -> Any:
    return [given] if isinstance(given, dict) else given


# One alone may come without the list.
Events = Annotated[list[Event], BeforeValidator(_as_list), Field(min_length=1)]


class NewMessage(Body):
    """A message that is noted and not answered; `sender` must be "user"."""

    text: str = ""
    sender: str | None = None
    parse_data: Parsed | None = None


class Trigger(Body):
    """An intent that is acted on as if the user had meant it."""

    name: str | None = None
    entities: list[Found] | dict[str, Any] | None = None

    def slots(self) -> JSON:
        """The entities' values by name."""
        if isinstance(self.entities, list):
            return {each.entity: each.value for each in self.entities}
        return self.entities or {}
