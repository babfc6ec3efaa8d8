"""Our dialogue beside Rasa's own on random conversations.

    python -m benchmarks.dialogue PROJECT... [--rasa build/rasa/bin/python]
                                             [--conversations 100] [--seed 1] [--show]

The messages are those of stories and rules, answers to what forms ask for, and random ones; what
is understood of them is given, so that only rules, stories, forms, slots and responses count.
Custom actions do nothing but say their name, and validations accept everything. Rasa has its
RulePolicy and the project's memoization, but no TED, which alone reads stories told in words. For
each message are compared the actions and the lines in their order, the slots and the open form; a
conversation ends at the first difference.
"same" are also messages for which neither has anything to say, "only ours" those for which Rasa
has nothing and our stories generalise. `--show` prints a project's first differences.
"""

import argparse
import json
import logging
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import structlog

from bot.action_runner.ran import Ran
from bot.dialogue import events
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.forms import MOST_FAILURES
from bot.dialogue.state import DialogueState
from bot.dialogue.steps import Mentioned, UserSays
from bot.dialogue.telling import unfold
from bot.domain import DEFAULT_INTENTS, Domain
from bot.project.config import DEFAULT_POLICIES
from bot.project.layout import find_layout
from bot.training import Training, TrainingError, read_training
from bot.turn import JSON, Entity, Understanding

RASA = Path(__file__).with_name("rasa_dialogue.py")
POLICIES = ("RulePolicy", "MemoizationPolicy", "AugmentedMemoizationPolicy")
REMEMBERS: dict[str, JSON] = {"AugmentedMemoizationPolicy": {"max_history": 10}}
LONGEST = 9  # messages of a conversation
SHOWN = 5
THREE_INVALID = f"{MOST_FAILURES} invalid answers"  # of which Rasa takes any number
SAME, ONLY_OURS = "same", "only ours"


@dataclass(frozen=True, slots=True)
class Turn:
    """What a message led to; `lost`, if that ended where nothing says how to go on."""

    events: Sequence[JSON]
    slots: JSON
    form: str | None
    lost: bool
    message: JSON = field(default_factory=dict)
    failed: str | None = None


class Silent:
    """In place of the project's own actions."""

    def run(self, name: str, tracker: JSON) -> Ran:
        if name == events.SESSION_START:
            return Ran(({"event": "session_started"}, events.action(events.LISTEN)), ())
        validates = name.startswith(("validate_", "action_validate_"))
        return Ran((), () if validates else ({"text": f"[{name}]"},))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("projects", nargs="+", type=Path)
    options.add_argument("--rasa", type=Path, default=Path("build/rasa/bin/python"))
    options.add_argument("--conversations", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--show", action="store_true")
    given = options.parse_args()
    if not given.rasa.exists():
        options.error(f"no Rasa at {given.rasa} (it needs Python 3.8 to 3.10)")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"{'':22} conversations  messages   same  only ours  different")
    for project in given.projects:
        try:
            measure(project.resolve(), given)
        except (TrainingError, RuntimeError) as error:
            print(f"{project.resolve().name:22} can't be trained: {error}", flush=True)


def measure(project: Path, given: argparse.Namespace) -> None:
    training = read_training(project)
    walks = Walks(training, random.Random(given.seed))
    ours = [list(walks.converse()) for _ in range(given.conversations)]
    theirs = by_rasa(given.rasa, job(project, training, ours))
    drawn = frozenset(responses_drawn(training.domain))
    counts: Counter[str] = Counter()
    shown: list[str] = []
    for mine, its in zip(ours, theirs, strict=True):
        for place, (left, right) in enumerate(zip(mine, its, strict=False), start=1):
            found = compare(left, right, drawn)
            counts[found if found in (SAME, ONLY_OURS) else "different"] += 1
            if found not in (SAME, ONLY_OURS):
                shown.append("\n".join([*map(heard, mine[:place]), found]))
            if found != SAME or right.lost:
                break
    figures = f"{counts[SAME]:6} {counts[ONLY_OURS]:10} {counts['different']:10}"
    print(f"{project.name:22} {len(ours):13} {counts.total():9} {figures}", flush=True)
    if given.show and shown:
        print(*shown[:SHOWN], sep="\n\n", end="\n\n")


class Walks:
    """Random conversations with a project, which our dialogue leads."""

    def __init__(self, training: Training, chance: random.Random) -> None:
        self._domain = training.domain
        self._chance = chance
        self._dialogue = Dialogue(training, Silent())
        steps = [*(way for _, way in unfold(training.stories)), *(r.steps for r in training.rules)]
        self._ways = [[each for each in way if isinstance(each, UserSays)] for way in steps]
        self._texts = [each.text for each in training.examples]
        self._intents = [each for each in training.domain.intents if each not in DEFAULT_INTENTS]
        self._annotated = [each for line in training.examples for each in line.entities]

    def converse(self) -> Iterator[Turn]:
        """What the dialogue foresees is done, and not weighed against anything. It ends where
        nothing says how to go on, and where a third invalid answer brings a person."""
        state = DialogueState()
        ahead: list[UserSays] = []
        for _ in range(self._chance.randint(2, LONGEST)):
            said = self._message(state.requested_slot, ahead)
            course = self._dialogue.hear(state, said)
            step = course.go_on()
            if course.failed and THREE_INVALID in course.failed:
                return
            begun = len(state.events)
            state = DialogueState(**json.loads(json.dumps(asdict(step.state))))  # as if stored
            turn = Turn(
                events=state.events[begun:],
                slots={**state.slots, "requested_slot": state.requested_slot},
                form=state.active_loop,
                lost=not (course.prediction or course.takes),
                message=events.user(said, said.intent)["parse_data"],
                failed=course.failed,
            )
            yield turn
            if turn.lost or turn.failed:
                return

    def _message(self, asked: str | None, ahead: list[UserSays]) -> Understanding:
        """`ahead` are the messages of a story that is being followed."""
        if asked and self._chance.random() < 0.5:
            return self._answer(asked)
        if not ahead and self._ways and self._chance.random() < 0.7:
            ahead += self._chance.choice(self._ways)
        if ahead and self._chance.random() < 0.85:
            return self._told(ahead.pop(0))
        return self._any()

    def _answer(self, slot: str) -> Understanding:
        """A message that fills the slot by one of its mappings."""
        spec = self._domain.slots.get(slot)
        if not spec or not spec.mappings:
            return self._any()
        mapping = self._chance.choice(spec.mappings)
        fitting = mapping.intents or {*self._intents} - mapping.not_intents
        filling = []
        if mapping.type == "from_entity" and mapping.entity:
            filling = [self._entity(Mentioned(mapping.entity, None, mapping.role, mapping.group))]
        return self._say(self._chance.choice(sorted(fitting)), filling)

    def _told(self, step: UserSays) -> Understanding:
        entities = [self._entity(each) for each in step.entities]
        if step.intent:
            return self._say(step.intent, entities)
        return replace(self._any(), text=step.text, entities=tuple(entities))

    def _any(self) -> Understanding:
        many = min(len(self._domain.entities), self._chance.choice([0, 0, 1, 2]))
        names = self._chance.sample(self._domain.entities, many)
        return self._say(self._chance.choice(self._intents), map(self._annotated_as, names))

    def _entity(self, wanted: Mentioned) -> Entity:
        found = self._annotated_as(wanted.entity)
        value = found.value if wanted.value is None else wanted.value
        return replace(found, value=value, role=wanted.role, group=wanted.group)

    def _annotated_as(self, name: str) -> Entity:
        """An entity as an example has it, if one does."""
        known = [each for each in self._annotated if each.entity == name]
        return self._chance.choice(known or [Entity(name, "3", 0, 1, "made")])

    def _say(self, intent: str, entities: Iterable[Entity]) -> Understanding:
        """Of `faq` any of its intents, `faq/hours` as it is."""
        text = self._chance.choice(self._texts)
        ranking = ((self._chance.choice(self._intents), 0.1),) if intent == "nlu_fallback" else ()
        base, retrieved = intent.partition("/")[0], None
        if base in self._domain.retrieval:
            answers = [name for name in self._domain.responses if name.startswith(f"utter_{base}/")]
            retrieved = self._chance.choice(answers).removeprefix("utter_")
            intent, retrieved = base, retrieved if intent == base else intent
        return Understanding(text, intent, 1.0, ranking, tuple(entities), retrieved=retrieved)


def job(project: Path, training: Training, conversations: Iterable[Iterable[Turn]]) -> JSON:
    files = find_layout(project).teaching
    domain = project / "domain"
    given = training.config.policies if training.config else DEFAULT_POLICIES
    own = {each.name: each.options or {} for each in given if each.name in POLICIES}
    policies = {"RulePolicy": own.pop("RulePolicy", {}), **(own or REMEMBERS)}
    return {
        "domain": str(domain if domain.is_dir() else files[0]),
        "files": [str(file) for file in files],
        "policies": [{**options, "name": name} for name, options in policies.items()],
        "conversations": [[turn.message for turn in each] for each in conversations],
    }


def by_rasa(python: Path, asked: JSON) -> list[list[Turn]]:
    with tempfile.TemporaryDirectory() as folder:
        job, played = Path(folder) / "job.json", Path(folder) / "played.json"
        job.write_text(json.dumps(asked))
        command = [str(python.absolute()), str(RASA), str(job), str(played)]
        ended = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
        if ended.returncode:
            raise RuntimeError(ended.stderr.strip().splitlines()[-1])
        return [[Turn(**turn) for turn in each] for each in json.loads(played.read_text())]


def responses_drawn(domain: Domain) -> Iterator[str]:
    """Those of which Rasa draws one of several variations."""
    for name, variations in domain.responses.items():
        if len({(str(each.condition), each.channel) for each in variations}) < len(variations):
            yield name


def compare(ours: Turn, theirs: Turn, drawn: Collection[str]) -> str:
    """SAME, ONLY_OURS, or what is different."""
    mine, its = list(done(ours, drawn)), list(done(theirs, drawn))
    if theirs.lost and mine[: len(its)] == its:
        return SAME if mine == its else ONLY_OURS
    if mine != its or theirs.lost or ours.failed:
        ends = f"but failed: {ours.failed}" if ours.failed else ""
        return (
            f"    ours  {mine} {ends}\n    Rasa  {its} {'and then nothing' if theirs.lost else ''}"
        )
    if ours.form != theirs.form:
        return f"    open form: ours {ours.form}, Rasa {theirs.form}"
    names = {*ours.slots, *theirs.slots} - {"session_started_metadata"}
    both = {name: (ours.slots.get(name), theirs.slots.get(name)) for name in sorted(names)}
    unlike = {name: values for name, values in both.items() if values[0] != values[1]}
    return f"    slots, ours and Rasa's: {unlike}" if unlike else SAME


def done(turn: Turn, drawn: Collection[str]) -> Iterator[object]:
    """The actions that ran and what they said, in their order."""
    for event in turn.events:
        if event["event"] == "action" and event["name"] != events.LISTEN:
            yield event["name"] or event["action_text"]
        elif event["event"] == "bot":
            yield line(event, drawn)


def line(said: JSON, drawn: Collection[str]) -> object:
    name, data = said["metadata"].get("utter_action"), said["data"]
    if name in drawn:
        return f"one of {name}"
    buttons = [(b["title"], b.get("payload") or b["title"]) for b in data["buttons"] or ()]
    rest = [part for part in (buttons, data["image"], data["custom"]) if part]
    return [said["text"] or "", *rest]


def heard(turn: Turn) -> str:
    parsed = turn.message
    entities = {each["entity"]: each["value"] for each in parsed["entities"]}
    return f"  {parsed['intent']['name']} {entities or ''} {parsed['text']!r}"


if __name__ == "__main__":
    main()
