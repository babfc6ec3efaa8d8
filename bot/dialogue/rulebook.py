"""What follows by the rules, as Rasa's RulePolicy reads them: no guess, and never two answers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bot.dialogue import events
from bot.dialogue.detours import Detours
from bot.dialogue.history import applied_actions
from bot.dialogue.prediction import Lesson, Prediction, fits
from bot.dialogue.scenes import Scene, scenes
from bot.dialogue.steps import Rule
from bot.dialogue.telling import SNIPPET, tell_rule
from bot.dialogue.tracker import Tracker
from bot.domain import Domain
from bot.turn import JSON

DEFAULTS = {
    "restart": "action_restart",
    "back": "action_back",
    "session_start": "action_session_start",
}
Told = list[JSON]


class Rulebook:
    """All rules of an assistant. Immutable once it is made."""

    def __init__(self, rules: Iterable[Rule], stories: Sequence[Told], domain: Domain) -> None:
        """`stories` are the events of the stories. They say where a form is left for a while, and
        which turns only rules know of."""
        self.told = [(rule, told) for rule in rules for told in tell_rule(rule, domain)]
        self._lessons: dict[str | None, list[Lesson]] = defaultdict(list)
        for rule, told in self.told:
            for lesson in _lessons(rule, told, domain):
                self._lessons[lesson.scenes[0].action].append(lesson)
        self._detours = Detours([*(told for _, told in self.told), *stories], domain)
        self._in_stories = frozenset(self._used_in(stories, domain))

    def predict(self, tracker: Tracker) -> Prediction | None:
        """What comes next by the rules, if they say."""
        return self._by_default(tracker) or self._within_loop(tracker) or self._by_rule(tracker)

    def come_back(self, tracker: Tracker) -> bool:
        """Whether the open form, if it comes next, comes back from something else."""
        return bool(tracker.active_loop) and self._detours.at(scenes(tracker)[::-1]).interrupts

    def _by_default(self, tracker: Tracker) -> Prediction | None:
        if tracker.latest_action != events.LISTEN or tracker.intent not in DEFAULTS:
            return None
        return self._prediction(DEFAULTS[tracker.intent], "default", tracker.intent)

    def _within_loop(self, tracker: Tracker) -> Prediction | None:
        """A form that is open reads the message, then listens; unless it found nothing in it."""
        form = tracker.active_loop
        if not form or not tracker.loop or tracker.loop.rejected:
            return None
        ran = tracker.latest_action == form
        return self._prediction(events.LISTEN if ran else form, "loop", f"{form} {ran}")

    def _by_rule(self, tracker: Tracker) -> Prediction | None:
        now = scenes(tracker)[::-1]
        lesson = max(self._fitting(now), key=lambda fitting: fitting.size, default=None)
        interrupts = False
        if tracker.active_loop:
            detour = self._detours.at(now)
            if lesson and lesson.leads_back:
                # A rule that knows nothing of the form is over: the form goes on.
                back = self._prediction(tracker.active_loop, "rule", lesson)
                return None if detour.left else back
            interrupts = detour.interrupts
        if not lesson:
            return None
        return self._prediction(lesson.action, "rule", lesson, interrupts)

    def _fitting(self, now: Sequence[Scene]) -> Iterator[Lesson]:
        return (each for each in self._lessons[now[0].action] if fits(each.scenes, now))

    def _prediction(
        self, action: str, source: str, because: Lesson | str, interrupts: bool = False
    ) -> Prediction:
        lesson = because if isinstance(because, Lesson) else None
        return Prediction(
            action,
            source,
            because=because,
            story=lesson.name if lesson else None,
            turns=lesson.turns if lesson else 1,
            interrupts=interrupts,
            hidden=because not in self._in_stories,
        )

    def _used_in(self, stories: Sequence[Told], domain: Domain) -> Iterator[Lesson | str]:
        self._in_stories = frozenset()
        for told in stories:
            for _, event, predicted in self.follow(told, domain):
                if predicted is None:
                    continue
                if predicted.action == event["name"]:
                    yield predicted.because
                elif isinstance(predicted.because, Lesson):
                    self._give_way(predicted.because)

    def _give_way(self, lesson: Lesson) -> None:
        """A rule's end doesn't count where a story goes on and another rule does so, too: what it
        ends with is then only the middle."""
        alike = self._lessons[lesson.scenes[0].action]
        goes_on = any(
            each is not lesson and each.action != lesson.action and fits(lesson.scenes, each.scenes)
            for each in alike
        )
        if lesson.action == events.LISTEN and len(lesson.scenes) == 1 and goes_on:
            alike.remove(lesson)

    def follow(
        self, told: Told, domain: Domain
    ) -> Iterator[tuple[Tracker, JSON, Prediction | None]]:
        """Each action of a rule or story that can be foreseen, with the tracker before it and what
        the rules say. A form gives way where the story has something else come instead."""
        tracker, foreseen = Tracker(domain), False
        for event in told:
            if event["event"] == "action":
                name = str(event["name"])
                if foreseen and name != SNIPPET:
                    yield tracker, event, self._foresee(tracker, name)
                foreseen = name != SNIPPET
            tracker.update(event)

    def _foresee(self, tracker: Tracker, action: str) -> Prediction | None:
        predicted = self.predict(tracker)
        form = tracker.active_loop
        if form and predicted and predicted.action == form != action:
            tracker.update(events.rejected(form))
            predicted = self.predict(tracker)
        return predicted


def _lessons(rule: Rule, told: Told, domain: Domain) -> Iterator[Lesson]:
    """Each action of the rule with the scenes before it, from its `...` on."""
    tracker = Tracker.of(domain, told)
    seen = scenes(tracker, set_only=True)
    for place, action in enumerate(applied_actions(told)):
        before = tuple(_since_snippet(seen[: place + 1]))
        if before and action != SNIPPET:
            yield Lesson(before, action, rule.name, f"{rule.path.name}:{rule.line}")


def _since_snippet(seen: Sequence[Scene]) -> Iterator[Scene]:
    """Newest first, without what comes before a `...`."""
    for scene in reversed(seen):
        if scene.action == SNIPPET:
            return
        yield scene
