"""Frustration: how a line sounds, what happened before it, and how patience runs out.

A turn's score is how its line sounds (bot.grader) and what happened: it was said before, the
last answer failed. The conversation's score keeps part of what was, rises with bad turns and
falls when things go well. Each score keeps the evidence that moved it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from bot.cues import heated_words
from bot.grader import Grader, Sound
from kb_index.wording import Floats

KEPT = 0.7  # the share of the anger before that is left a turn later
CALM = 0.25  # calm lines score less: only what is above it adds up over the turns
EVENTS = {
    "repeat": 0.25,
    "rephrase": 0.15,
    "failed_answer": 0.12,
    "not_helped": 0.15,
    "talk_to_human": 0.1,
    "giving_up": 0.1,
    "waiting": 0.1,
    "shorter": 0.05,
}
ALARM = 1.0  # what a line is worth that brings a person at once
COMPARED = 3  # lines that a new one is compared with
REPEAT = 88  # rapidfuzz token-sort ratio, 0..100, from which a line counts as said before
REPHRASE = 0.72  # cosine from which a line of some length means the same as an earlier one
FEW, MANY = 3, 8  # words of a reply grown short, and of what was written before
ANSWER = 25  # characters from which a bot's line is an answer, not "Done." or "Anything else?"
MISUNDERSTOOD = re.compile(
    r"(?:did not|didn't|do not|don't|not sure i) (?:quite )?(?:get|got|catch|understand|understood|"
    r"follow)|rephrase|in other words|another way|not sure what you mean|don't have an answer",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line of a transcript."""

    speaker: Literal["customer", "agent", "bot"]
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """What a customer wrote, and its unit vector [dimension]."""

    text: str
    vector: Floats


@dataclass(frozen=True, slots=True)
class Frustration:
    """Scores in 0..1 for the turn and for the conversation after it, and what moved them.

    `alarm` is "abuse" or "self_harm" where a person is needed at once, whatever the scores.
    """

    turn: float
    conversation: float
    evidence: tuple[str, ...]
    alarm: str | None = None


def follow(
    turns: Sequence[Spoken], grader: Grader, encode: Callable[[Sequence[str]], Floats]
) -> list[tuple[int, Frustration]]:
    """Frustration after each customer turn of a transcript: its index in `turns`, and the scores
    with their evidence. `encode` gives unit vectors [n, dimension] (an encoder's method)."""
    places = [place for place, turn in enumerate(turns) if turn.speaker == "customer"]
    texts = [turns[place].text for place in places]
    followed: list[tuple[int, Frustration]] = []
    lines: list[Line] = []
    score = 0.0
    for place, line in zip(places, map(Line, texts, encode(texts)), strict=True):
        events = ["failed_answer"] if lines and _failed(turns[:place]) else []
        judged = judge(grader.hear(line.vector, line.text), line, lines, score, events)
        followed.append((place, judged))
        lines = [*lines, line][-COMPARED:]
        score = judged.conversation
    return followed


def judge(
    sound: Sound, line: Line, earlier: Sequence[Line], before: float, events: Iterable[str] = ()
) -> Frustration:
    """The scores after a line that sounds like this, given the customer's `earlier` lines, the
    conversation's score `before` it and the `events` (keys of EVENTS) since their last."""
    behaviour = _behaviour(sound, line, earlier, before) if earlier else ()
    happened = dict.fromkeys([*events, *behaviour])
    turn = min(1.0, sound.grade + sum(EVENTS[event] for event in happened))
    if sound.alarm:
        turn = ALARM
    conversation = min(1.0, max(turn, KEPT * before + max(0.0, turn - CALM)))
    evidence = dict.fromkeys([*sound.signs, *heated_words(line.text), *happened])
    return Frustration(turn, conversation, tuple(evidence), sound.alarm)


def _behaviour(sound: Sound, line: Line, earlier: Sequence[Line], before: float) -> Iterable[str]:
    """What a line does in its place after others; a first line has no answer to be cross with."""
    if again := _said_again(line, earlier):
        yield again
    yield from (sign for sign in sound.signs if sign in EVENTS)
    if before > CALM and _words(line) <= FEW and _words(earlier[-1]) >= MANY:
        yield "shorter"


def _said_again(line: Line, earlier: Sequence[Line]) -> str | None:
    """Whether a line says what an earlier one said, in the same words or in others."""
    said = line.text.casefold()
    if len(said) > 8 and any(
        fuzz.token_sort_ratio(said, each.text.casefold()) >= REPEAT for each in earlier
    ):
        return "repeat"
    same = any(_words(each) > FEW and line.vector @ each.vector >= REPHRASE for each in earlier)
    return "rephrase" if same and _words(line) > FEW else None


def _words(line: Line) -> int:
    return len(line.text.split())


def _failed(turns: Sequence[Spoken]) -> bool:
    """Whether the last answer was none: the bot did not understand, or said the same again."""
    answers = [turn.text for turn in turns if turn.speaker != "customer"]
    if not answers or turns[-1].speaker == "customer":
        return False
    again = len(answers[-1]) >= ANSWER and answers[-1] in answers[:-1]
    return again or bool(MISUNDERSTOOD.search(answers[-1]))
