"""What a message means: its intent and entities, and which of its parts are questions.

Of several questions in one message, one that needs something done (danger, a wish for a person,
a flow) decides what the whole is taken for; the others are looked up beside it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.actions.services import can_begin
from bot.dialogue.dialogue import Dialogue
from bot.entities.extractor import EntityExtractor
from bot.intent import IntentModel
from bot.knowledge import Encodes
from bot.memory import Memory
from bot.policy import DANGER, SMALL_TALK
from bot.questions import split
from bot.settings import PolicySettings
from bot.turn import Understanding
from kb_index.classifier import Floats

YES = frozenset({"helped", "affirm", "thank", "compliment"})
NO = frozenset({"not_helped", "deny"})
# `/intent`, `/faq/hours`, `/intent@0.9{"slot": "value"}`, as Rasa's buttons send it.
PAYLOAD = re.compile(
    r"/(?P<intent>[^\s{}@]+)(?:@(?P<confidence>[\d.]+))?\s*(?P<slots>\{.*\})?\s*", re.DOTALL
)
LENT = 0.5  # from here on an intent counts that a project was lent, and didn't declare itself


Ranking = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A message understood, its unit vector [dimension], the questions in it if they are several,
    and whether it was a pressed button."""

    meaning: Understanding
    vector: Floats
    questions: tuple[str, ...]
    pressed: bool


class Listener:
    """Understands texts. Thread-safe."""

    def __init__(
        self,
        encoder: Encodes,
        intents: IntentModel,
        entities: EntityExtractor,
        dialogue: Dialogue,
        policy: PolicySettings,
    ) -> None:
        self._encoder = encoder
        self._intents = intents
        self._entities = entities
        self._dialogue = dialogue
        self._policy = policy

    def listen(self, text: str, payload: str | None, memory: Memory) -> Heard:
        """What is meant by a message, after what was said before."""
        pressed = _parse_payload(payload or text)
        parts = () if pressed or memory.dialogue.active_loop else _several(text)
        (vector, *others) = self._encoder.encode([text, *parts])
        if pressed:
            whole = self._as_retrieved(replace(pressed, text=text))
        else:
            whole = self.understand(text, vector)
        whole = _in_reply(whole, memory)
        meaning, questions = self._take_apart(whole, list(map(self._judge, parts, others)))
        return Heard(meaning, vector, questions, pressed is not None)

    def understand(self, text: str, vector: Floats) -> Understanding:
        """Intent and entities of a text with this unit vector [dimension]."""
        return replace(self._judge(text, vector), entities=self._entities.extract(text))

    def _judge(self, text: str, vector: Floats) -> Understanding:
        (verdict,) = self._intents.judge(vector[np.newaxis], [text])
        ranking, retrieved = self._by_intent(verdict.ranking)
        intent, confidence = next(filter(self._counts, ranking), ranking[0])
        return Understanding(
            text,
            intent,
            confidence,
            ranking,
            in_scope=verdict.in_scope,
            retrieved=retrieved.get(intent),
        )

    def _by_intent(self, ranking: Ranking) -> tuple[Ranking, dict[str, str]]:
        """The ranking with those intents as one that a retrieval intent is made of, and the best
        one of each."""
        shares: dict[str, float] = {}
        best: dict[str, str] = {}
        for name, share in ranking:
            base = name.partition("/")[0]
            intent = base if base in self._dialogue.domain.retrieval else name
            shares[intent] = shares.get(intent, 0.0) + share
            if intent != name:
                best.setdefault(intent, name)
        return tuple(sorted(shares.items(), key=lambda each: -each[1])), best

    def _as_retrieved(self, pressed: Understanding) -> Understanding:
        """A button may press one of the intents that a retrieval intent is made of."""
        base = pressed.intent.partition("/")[0]
        if base == pressed.intent or base not in self._dialogue.domain.retrieval:
            return pressed
        return replace(pressed, intent=base, retrieved=pressed.intent)

    def _counts(self, ranked: tuple[str, float]) -> bool:
        intent, confidence = ranked
        return intent in self._dialogue.domain.intents or confidence >= LENT

    def _take_apart(
        self, whole: Understanding, parts: Sequence[Understanding]
    ) -> tuple[Understanding, tuple[str, ...]]:
        """The message as its most urgent part has it, and the other questions in it."""
        most = max(parts, key=self._urgency, default=whole)
        urgency = self._urgency(most)
        if urgency < self._urgency(whole):
            return whole, ()
        if urgency:
            whole = replace(most, text=whole.text, entities=whole.entities)
        asking = (part for part in parts if self._urgency(part) < max(urgency, 1))
        return whole, tuple(part.text for part in asking if not self._is_small_talk(part))

    def _urgency(self, heard: Understanding) -> int:
        """Danger comes before a wish for a person, that before a flow, and all before questions."""
        if heard.intent == "safety_emergency" and heard.confidence >= DANGER:
            return 3
        if heard.confidence < self._policy.flow:
            return 0
        if heard.intent == "talk_to_human":
            return 2
        return int(self._dialogue.starts(heard.intent) and can_begin(heard.intent))

    def _is_small_talk(self, heard: Understanding) -> bool:
        return heard.intent in SMALL_TALK and heard.confidence >= self._policy.flow


def _several(text: str) -> tuple[str, ...]:
    parts = split(text)
    return parts if len(parts) > 1 else ()


def _in_reply(heard: Understanding, memory: Memory) -> Understanding:
    """After "did that help?" a yes and a thank-you mean the same, and so do all ways to say no."""
    if memory.asked == "helped":
        for intent, family in (("helped", YES), ("not_helped", NO)):
            share = sum(probability for name, probability in heard.ranking if name in family)
            if share > 0.5:
                return replace(heard, intent=intent, confidence=share)
    return heard


def _parse_payload(text: str) -> Understanding | None:
    """What a pressed button means; None for anything else."""
    match = PAYLOAD.fullmatch(text.strip())
    if not match:
        return None
    try:
        slots = json.loads(match["slots"] or "{}")
        confidence = min(float(match["confidence"] or 1.0), 1.0)
    except ValueError:
        return None
    intent = match["intent"]
    return Understanding(text, intent, confidence, ((intent, confidence),), slots=slots)
