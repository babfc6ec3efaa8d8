"""What follows next by the rules, as Rasa's RulePolicy reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.story_data import ANYTHING, Loop, Rule, Run, SlotsAre, StoryStep, UserSays

Trace = Sequence[UserSays | Run | Loop]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the conditions of a rule look at."""

    active_loop: str | None
    slots: Mapping[str, object]
    fresh: bool = False


class Rulebook:
    """All rules of an assistant."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules

    def next_action(self, trace: Trace, scene: Scene) -> str | None:
        """What runs after the trace; the rule with the most conditions wins, then the first."""
        fitting = [
            (_strictness(rule), action)
            for rule in self._rules
            if _holds(rule, scene) and (action := _after(rule, trace, scene))
        ]
        return max(fitting, key=lambda found: found[0])[1] if fitting else None

    def goes_on(self, trace: Trace, scene: Scene) -> bool:
        """Whether a rule that ends with this trace lets other rules go on from there."""
        return any(
            not rule.waits and _holds(rule, scene) and _ends(rule, trace, scene)
            for rule in self._rules
        )

    def first_action(self, intent: str) -> str | None:
        """What a message with the intent sets off, outside of any form."""
        heard = UserSays(frozenset({intent}))
        return self.next_action([heard], Scene(None, {}))


def _strictness(rule: Rule) -> tuple[bool, bool, int]:
    slots = len(rule.slots.slots) + sum(
        len(step.slots) for step in rule.steps if isinstance(step, SlotsAre)
    )
    return rule.conversation_start, not rule.anywhere, slots


def _holds(rule: Rule, scene: Scene) -> bool:
    if rule.conversation_start and not scene.fresh:
        return False
    if not rule.anywhere and rule.active_loop != scene.active_loop:
        return False
    return _slots_fit(rule.slots, scene)


def _after(rule: Rule, trace: Trace, scene: Scene) -> str | None:
    """The rule's action that comes right after the trace, if the trace is how it begins."""
    rest = _rest(rule, trace, scene)
    return rest[0].action if rest and isinstance(rest[0], Run) else None


def _ends(rule: Rule, trace: Trace, scene: Scene) -> bool:
    return _rest(rule, trace, scene) == ()


def _rest(rule: Rule, trace: Trace, scene: Scene) -> tuple[StoryStep, ...] | None:
    """The steps of the rule after the trace; None when the rule begins differently."""
    steps = list(rule.steps)
    for happened in trace:
        if not _pass_slots(steps, scene) or not steps or not _fits(steps.pop(0), happened):
            return None
    return tuple(steps) if _pass_slots(steps, scene) else None


def _pass_slots(steps: list[StoryStep], scene: Scene) -> bool:
    """Take the leading `slot_was_set` steps off, if they hold now."""
    while steps and isinstance(step := steps[0], SlotsAre):
        if not _slots_fit(step, scene):
            return False
        steps.pop(0)
    return True


def _fits(step: StoryStep, happened: UserSays | Run | Loop) -> bool:
    if isinstance(step, UserSays) and isinstance(happened, UserSays):
        return bool(happened.intents & step.intents) and set(step.entities) <= set(
            happened.entities
        )
    return step == happened


def _slots_fit(wanted: SlotsAre, scene: Scene) -> bool:
    return all(
        scene.slots.get(name) is not None if value is ANYTHING else scene.slots.get(name) == value
        for name, value in wanted.slots.items()
    )
