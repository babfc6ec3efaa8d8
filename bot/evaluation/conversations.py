"""Plays scripted conversations to the bot and compares what comes of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.domain import Domain
from bot.engine import Engine, Turn
from bot.evaluation.expectations import FOUND, Seen, buttons
from bot.evaluation.files import EvaluationError
from bot.evaluation.metrics import Figure, known, share
from bot.evaluation.scripts import Expectation, Script, ScriptedTurn
from bot.evaluation.vectors import Progress
from bot.memory import Memory
from bot.settings import Desk
from bot.turn import JSON


@dataclass(frozen=True, slots=True)
class Problem:
    """Something else came than line `line` of the script expects."""

    line: int
    said: str
    what: str
    expected: str | None
    found: list[str | None]


@dataclass(frozen=True, slots=True)
class Played:
    """A script and what went differently."""

    script: Script
    problems: list[Problem]


class Player:
    """Plays scripts to an engine. Actions run for real, on what `bot.actions.services` holds."""

    def __init__(self, engine: Engine, domain: Domain, desks: Mapping[str, Desk]) -> None:
        self._engine = engine
        self._domain = domain
        self._desks = desks

    def play_all(self, scripts: Sequence[Script], progress: Progress) -> list[Played]:
        """Raises EvaluationError for a desk that doesn't exist."""
        played = []
        for done, script in enumerate(scripts):
            progress(done, len(scripts))
            played.append(Played(script, list(self._play(script))))
        return played

    def _play(self, script: Script) -> Iterator[Problem]:
        desk, turn, memory = self._desk(script), None, Memory()
        for scripted in script.turns:
            if turn and turn.handoff:
                found: list[str | None] = [f"a person took over: {turn.handoff}"]
                yield Problem(scripted.line, scripted.says, "turn", "an answer of the bot", found)
                return
            payload = _payload(scripted, turn) if scripted.presses else None
            if scripted.presses and not payload:
                yield Problem(scripted.line, scripted.says, "button", scripted.says, buttons(turn))
                return
            turn = self._engine.respond(scripted.says, payload, memory.dump(), desk, "script")
            seen = Seen(turn, memory, self._domain)
            yield from _problems(scripted, seen)
            memory = seen.after

    def _desk(self, script: Script) -> Desk:
        name = script.desk or next(iter(self._desks))
        if name not in self._desks:
            there_are = ", ".join(self._desks)
            message = f'no desk is called "{name}"; there are: {there_are}'
            raise EvaluationError(f"{script.path}:{script.line}: {message}")
        return self._desks[name]


def _problems(scripted: ScriptedTurn, seen: Seen) -> Iterator[Problem]:
    for expectation in scripted.expected:
        found = FOUND[expectation.what](seen)
        if not _fits(expectation, found):
            yield Problem(
                expectation.line, scripted.says, expectation.what, expectation.value, found
            )


def _fits(expectation: Expectation, found: list[str | None]) -> bool:
    if expectation.what == "contains":
        wanted = _plain(expectation.value)
        return any(wanted in _plain(text) for text in found)
    return expectation.value in (found or [None])


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _payload(scripted: ScriptedTurn, turn: Turn | None) -> str | None:
    """What the button of that title, among those of the last turn, sends."""
    offered = (button for reply in turn.replies for button in reply.buttons) if turn else ()
    return next((each.payload for each in offered if each.title == scripted.says), None)


def figures(played: Sequence[Played]) -> list[Figure]:
    """How many conversations went as scripted."""
    failed = [each for each in played if each.problems]
    return known(
        ("conversations", len(played), "conversations"),
        ("turns", sum(len(each.script.turns) for each in played), "turns of the customer"),
        ("passed", share([not each.problems for each in played]), "went as they should"),
        ("failed", len(failed), "went differently"),
    )


def as_objects(played: Sequence[Played]) -> list[JSON]:
    """Each conversation with its problems, for JSON."""
    return [
        {
            "name": each.script.name,
            "file": str(each.script.path),
            "line": each.script.line,
            "passed": not each.problems,
            "problems": [
                {
                    "line": problem.line,
                    "said": problem.said,
                    "what": problem.what,
                    "expected": problem.expected,
                    "found": problem.found,
                }
                for problem in each.problems
            ],
        }
        for each in played
    ]
