"""Rules and stories told as the events of a conversation: what Rasa trains its policies on."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from bot.dialogue import events
from bot.dialogue.events import NOT_SET
from bot.dialogue.steps import (
    ANYTHING,
    Checkpoint,
    Either,
    Loop,
    Mentioned,
    Rule,
    Run,
    SlotsAre,
    Story,
    StoryStep,
    UserSays,
)
from bot.domain import Domain, Mapping
from bot.turn import JSON

SNIPPET = "..."  # anything may have happened before, or may follow
MOST_WAYS = 500  # ways through one story; more are not told
SAYS_NO_MORE = ("text", "list")  # types of which rules and stories see only whether they are set
NESTED = 12  # joints that one way passes at most

Steps = tuple[StoryStep, ...]


def tell_rule(rule: Rule, domain: Domain) -> Iterator[list[JSON]]:
    """The rule's events; several times where it has an `or`."""
    for steps in _alternatives(rule.steps):
        told = [event for _, event in happen(rule.condition, domain, listen=False)]
        if not rule.conversation_start:
            told.append(events.action(SNIPPET))
        told += (event for _, event in happen(steps, domain, told, listen=False))
        _listen(told) if rule.waits else told.append(events.action(SNIPPET))
        yield [_must_be_empty(event) for event in told]


def tell_story(steps: Steps, domain: Domain) -> list[JSON]:
    """The events of a story without joints and alternatives."""
    return [event for _, event in happen(steps, domain)]


def unfold(stories: Iterable[Story]) -> Iterator[tuple[Story, Steps]]:
    """Every way through the stories: joined at their checkpoints, with one step of each `or`.

    A way doesn't come by one checkpoint twice, so that circles end.
    """
    ways = [(story, steps) for story in stories for steps in _alternatives(story.steps)]
    for story, steps in ways:
        if not (steps and isinstance(steps[0], Checkpoint)):
            yield from ((story, way) for way in _onwards(steps, ways, frozenset()))


def _onwards(
    steps: Steps, ways: Sequence[tuple[Story, Steps]], passed: frozenset[str]
) -> Iterator[Steps]:
    """The steps, and what follows them from the checkpoint that they end at."""
    last = steps[-1] if steps else None
    if not isinstance(last, Checkpoint):
        yield steps
        return
    if last.name in passed or len(passed) > NESTED:
        return
    following = [rest for _, rest in ways if rest and _begins_at(rest[0], last.name)]
    if not following:
        yield steps[:-1]
    for rest in following:
        for more in _onwards(rest[1:], ways, passed | {last.name}):
            yield (*steps[:-1], rest[0], *more)


def _begins_at(step: StoryStep, name: str) -> bool:
    return isinstance(step, Checkpoint) and step.name == name


def _alternatives(steps: Steps) -> Iterator[Steps]:
    choices = [step.alternatives if isinstance(step, Either) else (step,) for step in steps]
    for ways, chosen in enumerate(product(*choices)):
        if ways == MOST_WAYS:
            return
        yield chosen


def happen(
    steps: Iterable[StoryStep], domain: Domain, before: Sequence[JSON] = (), *, listen: bool = True
) -> Iterator[tuple[StoryStep | None, JSON]]:
    """The events of each step, after those `before`; at the end the assistant is to `listen`."""
    last = before[-1] if before else None
    for step in steps:
        for event in _events(step, last, domain):
            yield step, event
            last = event
    if listen and not _is_listen(last):
        yield None, events.action(events.LISTEN)


def _events(step: StoryStep, last: JSON | None, domain: Domain) -> Iterator[JSON]:
    match step:
        case UserSays():
            if not _is_listen(last):
                yield events.action(events.LISTEN)
            yield said(step, domain)
            yield from slots_of_entities(step.entities, domain)
        case Run():
            yield events.action(step.action) | {"line": step.line}
        case Loop():
            yield events.loop(step.name)
        case SlotsAre():
            for name, value in step.slots.items():
                yield events.slot(name, _any_value(name, domain) if value is ANYTHING else value)
        case Checkpoint():
            for name, value in step.slots.items():
                yield events.slot(name, value)


def said(step: UserSays, domain: Domain) -> JSON:
    """The message of a story as it would be understood."""
    base = step.intent.partition("/")[0]
    is_retrieval = base in domain.retrieval and base != step.intent
    intent = base if is_retrieval else step.intent or step.text
    retrieved = step.intent if is_retrieval else None
    entities = [
        {
            "entity": each.entity,
            "value": each.value,
            **({"role": each.role} if each.role else {}),
            **({"group": each.group} if each.group else {}),
        }
        for each in step.entities
    ]
    return {
        "event": "user",
        "text": step.text,
        "parse_data": {
            "text": step.text,
            "intent": {"name": intent, "confidence": 1.0},
            "entities": entities,
            **events.response_selector(retrieved),
        },
    }


def slots_of_entities(entities: Sequence[Mentioned], domain: Domain) -> Iterator[JSON]:
    """The slots that a story's entities fill, where no form has to be open for it."""
    for name, slot in domain.slots.items():
        values = [
            "" if each.value is None else each.value
            for mapping in slot.mappings
            for each in entities
            if _takes(mapping, each) and (each.value is not None or slot.type in SAYS_NO_MORE)
        ]
        if values:
            yield events.slot(name, values if slot.type == "list" else values[-1])


def _takes(mapping: Mapping, entity: Mentioned) -> bool:
    anywhere = not mapping.conditions or mapping.conditions[0].active_loop is None
    same = (mapping.entity, mapping.role, mapping.group)
    return (
        mapping.type == "from_entity"
        and anywhere
        and same == (entity.entity, entity.role, entity.group)
    )


def _any_value(name: str, domain: Domain) -> object:
    """What a slot has that is only named: Rasa knows such a value for these types alone."""
    kind = domain.slots[name].type if name in domain.slots else "text"
    return {"text": "filled", "list": ["filled"]}.get(kind)


def _must_be_empty(event: JSON) -> JSON:
    """Where a rule sets a slot or a form to null, it says that it must be empty."""
    if event["event"] == "slot" and event["value"] is None:
        return event | {"value": NOT_SET}
    if event["event"] == "active_loop" and event["name"] is None:
        return event | {"name": NOT_SET}
    return event


def _listen(told: list[JSON]) -> None:
    if not _is_listen(told[-1] if told else None):
        told.append(events.action(events.LISTEN))


def _is_listen(event: JSON | None) -> bool:
    return event is not None and (event["event"], event.get("name")) == ("action", events.LISTEN)
