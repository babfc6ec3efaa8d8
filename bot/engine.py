"""The bot's turn: understand, look up, decide, speak. It reads no database and no clock."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.actions.services import can_begin
from bot.case import Case
from bot.confidence import Confidence
from bot.dialogue import Dialogue
from bot.entities.extractor import EntityExtractor
from bot.evidence import evidence_of
from bot.frustration import EVENTS, Frustration, Line, judge
from bot.grader import Grader, Sound
from bot.intent import IntentModel
from bot.knowledge import Knowledge
from bot.language import LanguageDetector, languages, notice
from bot.listening import Heard, Listener
from bot.lookup import Lookup
from bot.memory import Memory
from bot.policy import Act, Facts, decide
from bot.questions import is_vague
from bot.settings import Desk, PolicySettings
from bot.speech import Speech
from bot.turn import JSON, Reply, Understanding
from kb_index.classifier import Floats


@dataclass(frozen=True, slots=True)
class Turn:
    """What the bot does with one message. `handoff` names the reason when a person takes over."""

    replies: tuple[Reply, ...]
    memory: JSON
    frustration: float
    evidence: JSON
    handoff: str | None = None

    @classmethod
    def failed(cls, memory: JSON, error: str) -> "Turn":
        """The turn of a bot that broke: nothing is said, a person takes over."""
        evidence = {"act": Act.HAND_OVER, "reason": "bot_error", "error": error, "confidence": 0.0}
        return cls((), memory, float(memory.get("frustration", 0.0)), evidence, "bot_error")

    @classmethod
    def without_words(cls, memory: JSON) -> "Turn":
        """The turn after a message that is nothing but a file: a person has to look at it."""
        evidence = {"act": Act.HAND_OVER, "reason": "nothing_but_a_file", "confidence": 0.0}
        return cls((), memory, float(memory.get("frustration", 0.0)), evidence, "attachment")


class Engine:
    """Everything that was trained, put together. Thread-safe: a turn changes nothing here."""

    def __init__(
        self,
        knowledge: Knowledge,
        intents: IntentModel,
        grader: Grader,
        confidence: Callable[[], Confidence],
        entities: EntityExtractor,
        dialogue: Dialogue,
        detector: LanguageDetector,
        policy: PolicySettings,
    ) -> None:
        self._knowledge = knowledge
        self._listener = Listener(knowledge.encoder, intents, entities, self._starts_flow, policy)
        self._grader = grader
        self._lookup = Lookup(knowledge, confidence, policy)
        self._dialogue = dialogue
        self._detector = detector
        self._speech = Speech(knowledge, dialogue)
        self._policy = policy

    def respond(
        self,
        text: str,
        payload: str | None,
        stored: JSON,
        desk: Desk,
        sender: str,
        *,
        attached: bool = False,
    ) -> Turn:
        """The bot's turn after a message; `stored` is the memory that the last turn left, and
        `attached` says that a file came with it, which the bot can't read."""
        case = self._listen(text, payload, Memory.load(stored), desk, sender)
        case.attached = attached
        decision = decide(self._facts(case), self._policy)
        case.handoff = decision.handoff
        self._speech.carry_out(decision.act, case)
        case.memory.remember(Line(text, case.vector))
        case.memory.frustration = case.frustration.conversation
        return Turn(
            replies=tuple(case.replies),
            memory=case.memory.dump(),
            frustration=case.frustration.conversation,
            evidence=evidence_of(case, decision, self._policy),
            handoff=case.handoff,
        )

    def understand(self, text: str) -> tuple[Understanding, Floats]:
        """Intent, entities and unit vector [dimension] of a text."""
        vector = self._knowledge.encoder.encode([text])[0]
        return self._listener.understand(text, vector), vector

    def sounds(self, text: str, vector: Floats) -> float:
        """How frustrated a single line sounds, 0..1."""
        return self._grader.hear(vector, text).grade

    def handoff_notice(
        self,
        reason: str,
        *,
        ticket: str,
        position: int,
        hours: str,
        staffed: bool,
        foreign: str | None = None,
    ) -> str:
        """What the customer is told, once, when a person takes over; in the language with the
        code `foreign` if they write in one that the desk doesn't speak."""
        if foreign:
            return notice(languages()[foreign], ticket=ticket, hours=hours, staffed=staffed)
        return self._speech.handoff_notice(
            reason, ticket=ticket, position=position, hours=hours, staffed=staffed
        )

    def _listen(
        self, text: str, payload: str | None, memory: Memory, desk: Desk, sender: str
    ) -> Case:
        heard = self._listener.listen(text, payload, memory)
        frustration = self._judge(heard, memory)
        case = Case(heard.meaning, heard.vector, frustration, memory, desk, sender, heard.questions)
        if not heard.pressed:
            case.foreign = self._detector.foreign(text, desk.languages, memory.recent)
        self._lookup.look_up(case)
        return case

    def _judge(self, heard: Heard, memory: Memory) -> Frustration:
        meaning = heard.meaning
        events = ["failed_answer"] if memory.failures else []
        if meaning.intent in EVENTS and meaning.confidence >= self._policy.flow:
            events.append(meaning.intent)
        line = Line(meaning.text, heard.vector)
        sound = Sound() if heard.pressed else self._grader.hear(line.vector, line.text)
        earlier = [] if heard.pressed or memory.dialogue.active_loop else memory.lines()
        return judge(sound, line, earlier, memory.frustration, events)

    def _starts_flow(self, intent: str) -> bool:
        return self._dialogue.starts(intent) and can_begin(intent)

    def _facts(self, case: Case) -> Facts:
        memory, heard = case.memory, case.heard
        active = memory.dialogue.active_loop is not None
        return Facts(
            intent=heard.intent,
            intent_confidence=heard.confidence,
            confidence=case.confidence,
            answer_from=case.answer_from,
            lead=case.lead,
            alternatives=len(case.hits),
            chosen=case.chosen,
            already_unhelpful=_has_not_helped(case),
            starts_flow=self._starts_flow(heard.intent) and not is_vague(heard.text),
            form=active,
            fills=active and self._dialogue.fills(memory.dialogue, heard),
            asked=memory.asked,
            failures=memory.failures,
            frustration=case.frustration.conversation,
            knowledge_empty=not self._knowledge.index.articles,
            foreign=case.foreign is not None,
            alarm=case.frustration.alarm,
            attached=case.attached,
        )


def _has_not_helped(case: Case) -> bool:
    """Whether the best article is one that was no help: the customer said so, or says the same
    again right after it."""
    best = [hit.article_id for hit in case.hits[:1]]
    again = "repeat" in case.frustration.evidence and best == case.memory.answered[-1:]
    return bool(best) and (again or best[0] in case.memory.unhelpful)
