"""Rasa's end-to-end test stories, played as `rasa test` plays them.

Each message is understood anew, and each action predicted from what the story says happened before:
what went differently is noted, and the story goes on as it is written. Actions aren't run; the
slots and forms that they set are those that the story names.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.dialogue import events
from bot.dialogue.fallback import NOT_UNDERSTOOD
from bot.dialogue.steps import Checkpoint, Either, Story, StoryStep, UserSays
from bot.dialogue.telling import happen, unfold
from bot.dialogue.tracker import Tracker
from bot.domain import Domain
from bot.engine import Engine
from bot.evaluation.conversations import Played, Problem
from bot.evaluation.scripts import Script, ScriptedTurn
from bot.evaluation.vectors import Progress
from bot.marked_yaml import read_yaml
from bot.policy import SMALL_TALK
from bot.project.doubts import Doubts
from bot.story_data import StepReader, read_story, sections
from bot.turn import JSON, Understanding


def read_test_stories(path: Path, domain: Domain) -> list[Story]:
    """The stories of a file, or of the test files in a folder and below: those that are called
    `test_...`, as Rasa has it. Raises TrainingError."""
    files = [path] if path.is_file() else sorted({*path.rglob("*.yml"), *path.rglob("*.yaml")})
    return [story for file in files if _is_test(file) for story in _stories(file, domain)]


def _is_test(file: Path) -> bool:
    return file.name.startswith("test_")


def _stories(file: Path, domain: Domain) -> Iterator[Story]:
    reader = StepReader(file, domain, Doubts())
    for line, item in sections(file, read_yaml(file), "stories"):
        yield read_story(reader, line, item)


class StoryPlayer:
    """Plays test stories to an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialogue = engine.dialogue
        self._domain = engine.dialogue.domain

    def play_all(self, stories: Sequence[Story], progress: Progress) -> list[Played]:
        """Each way through the stories."""
        ways = list(unfold(stories))
        played = []
        for done, (story, steps) in enumerate(ways):
            progress(done, len(ways))
            played.append(Played(_script(story, steps), list(self._play(steps))))
        return played

    def _play(self, steps: Sequence[StoryStep]) -> Iterator[Problem]:
        tracker, said, line = Tracker(self._domain), "", 0
        for step, event in happen(steps, self._domain):
            if step and not isinstance(step, (Either, Checkpoint)):
                line = step.line
            if event["event"] == "action" and tracker.events:
                yield from self._act(tracker, event, line, said)
            elif isinstance(step, UserSays) and event["event"] == "user":
                said = step.text or step.intent
                yield from self._hear(tracker, step, event)
            else:
                tracker.update(event)

    def _hear(self, tracker: Tracker, step: UserSays, event: JSON) -> Iterator[Problem]:
        if step.text and not step.text.startswith("/"):  # and not a button
            heard, _ = self._engine.understand(step.text)
            wanted, found = step.intent, self._intent(heard, step.intent)
            if wanted and found != wanted:
                yield Problem(step.line, step.text, "intent", wanted, [found])
            elif heard.retrieved:
                event["parse_data"] |= events.response_selector(heard.retrieved)
            yield from _entity_problems(step, heard)
        tracker.update(event)

    def _intent(self, heard: Understanding, wanted: str) -> str:
        """What the message is taken for, as finely as the story says."""
        if not self._engine.relies_on(heard):
            return NOT_UNDERSTOOD
        return heard.retrieved if heard.retrieved and "/" in wanted else heard.intent

    def _act(self, tracker: Tracker, event: JSON, line: int, said: str) -> Iterator[Problem]:
        expected = event["name"]
        found, hidden = self._predicted(tracker, expected)
        if found != expected and found == tracker.active_loop:
            tracker.update(events.rejected(found))  # the form may have found nothing
            found, hidden = self._predicted(tracker, expected)
        if found != expected:
            yield Problem(line, said, "action", expected, [found])
        tracker.update(event | {"hide_rule_turn": hidden and found == expected})

    def _predicted(self, tracker: Tracker, expected: str) -> tuple[str, bool]:
        """The action that comes next, and whether stories don't tell of it."""
        prediction = self._dialogue.predict(tracker)
        if prediction is None:
            return self._without_rule(tracker), False
        action = prediction.action
        retrieves = action.removeprefix("utter_") in self._domain.retrieval
        if retrieves and action != expected and tracker.retrieved:
            action = f"utter_{tracker.retrieved}"
        return action, prediction.hidden

    def _without_rule(self, tracker: Tracker) -> str:
        """What the policy does where neither a rule nor a story says it."""
        if tracker.latest_action != events.LISTEN:
            return events.LISTEN
        chat = f"utter_{tracker.intent}"
        talks = tracker.intent in SMALL_TALK and chat in self._domain.responses
        return chat if talks else "action_default_fallback"


def _entity_problems(step: UserSays, heard: Understanding) -> Iterator[Problem]:
    wanted = {f"{each.entity}={each.value}" for each in step.entities}
    found = {f"{each.entity}={each.value}" for each in heard.entities}
    if wanted != found:
        expected = ", ".join(sorted(wanted)) or None
        yield Problem(step.line, step.text, "entities", expected, [*sorted(found)])


def _script(story: Story, steps: Sequence[StoryStep]) -> Script:
    said = [step for step in steps if isinstance(step, UserSays)]
    turns = [ScriptedTurn(step.line, step.text or step.intent) for step in said]
    return Script(story.name, story.path, story.line, None, turns)
