"""A Rasa 3 domain: what an assistant knows of: intents, entities, slots, forms, responses."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.turn import JSON, Button, Kind

DEFAULT_ACTIONS = frozenset(
    {
        "action_listen",
        "action_restart",
        "action_session_start",
        "action_default_fallback",
        "action_deactivate_loop",
        "action_revert_fallback_events",
        "action_default_ask_affirmation",
        "action_default_ask_rephrase",
        "action_two_stage_fallback",
        "action_unlikely_intent",
        "action_back",
        "action_extract_slots",
    }
)
DEFAULT_INTENTS = frozenset({"restart", "back", "session_start", "nlu_fallback", "out_of_scope"})


@dataclass(frozen=True, slots=True)
class Condition:
    """When a mapping counts: in this form (None: in no form), asking for this slot (None: any)."""

    active_loop: str | None
    requested_slot: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a message fills a slot. `action` is the custom action that a `custom` mapping runs."""

    type: str
    entity: str | None = None
    role: str | None = None
    group: str | None = None
    value: object = None
    action: str | None = None
    intents: frozenset[str] = frozenset()
    not_intents: frozenset[str] = frozenset()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that the assistant remembers.

    `influences` says whether rules and stories see it; a slot of type `any` never does. `values`
    are those of a `categorical`, in lower case; `minimum` and `maximum` the range of a `float`.
    """

    name: str
    type: str = "any"
    initial_value: object = None
    values: tuple[str, ...] = ()
    mappings: tuple[Mapping, ...] = ()
    influences: bool = False
    minimum: float = 0.0
    maximum: float = 1.0


@dataclass(frozen=True, slots=True)
class Form:
    """Slots that are asked for one after the other, until all are filled."""

    name: str
    required_slots: tuple[str, ...]
    ignored_intents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Variation:
    """One way to say a response. `condition` maps slots to the values they must have;
    `channel` is set when the variation is for one channel only. `image` is a URL, `custom` what a
    client of the project's own understands, Rasa's `attachment` and `elements` among it."""

    text: str
    buttons: tuple[Button, ...] = ()
    image: str | None = None
    custom: JSON | None = None
    condition: JSON = field(default_factory=dict)
    channel: str | None = None
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """Everything a domain.yml names. `raw` is the domain as Rasa's actions get to see it.

    `unheard` are the entities that rules and stories don't see with an intent (`use_entities`,
    `ignore_entities`). `retrieval` are the intents that are made of others (`faq` of `faq/hours`),
    each of which has a response of its own (`utter_faq/hours`); `utter_faq` says the one that fits.
    `end_to_end` are the customer's words that stories tell as they are, without an intent.
    """

    intents: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    slots: dict[str, Slot] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    responses: dict[str, tuple[Variation, ...]] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    unheard: dict[str, frozenset[str]] = field(default_factory=dict)
    retrieval: frozenset[str] = frozenset()
    end_to_end: frozenset[str] = frozenset()
    session_minutes: float = 60
    carry_over_slots: bool = True
    raw: JSON = field(default_factory=dict)
    lines: dict[str, tuple[Path, int]] = field(default_factory=dict)

    def knows_action(self, name: str) -> bool:
        """Whether something can be run by that name: an action, a response, or a form."""
        return (
            name in self.actions
            or name in self.responses
            or name in self.forms
            or name in DEFAULT_ACTIONS
            or name.removeprefix("utter_") in self.retrieval
        )

    def initial_slots(self) -> JSON:
        return {name: slot.initial_value for name, slot in self.slots.items()}
