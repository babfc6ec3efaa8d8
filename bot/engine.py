"""The bot's turn: understand, look up, decide, speak. It reads no database and no clock."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.actions.services import can_begin
from bot.case import Case
from bot.confidence import Confidence
from bot.dialogue.course import Course
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.fallback import NOT_UNDERSTOOD
from bot.domain import Domain
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
from bot.project.config import ProjectConfig
from bot.questions import is_vague
from bot.settings import Desk, PolicySettings
from bot.speech import Speech, audience_of
from bot.turn import JSON, Reply, Understanding
from kb_index.classifier import Floats


@dataclass(frozen=True, slots=True)
class Turn:
    """What the bot does with one message. `handoff` names the reason when a person takes over;
    `reminders` are rasa_sdk's events that set or cancel one."""

    replies: tuple[Reply, ...]
    memory: JSON
    frustration: float
    evidence: JSON
    handoff: str | None = None
    reminders: tuple[JSON, ...] = ()

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
        project: ProjectConfig | None = None,
    ) -> None:
        """`project` is the configuration of a Rasa project that has moved in."""
        self._knowledge = knowledge
        self._listener = Listener(knowledge.encoder, intents, entities, dialogue, policy)
        self._grader = grader
        self._lookup = Lookup(knowledge, confidence, policy)
        self.dialogue = dialogue
        self._detector = detector
        self._speech = Speech(knowledge, dialogue)
        self._policy = policy
        self._project = project

    def respond(
        self,
        text: str,
        payload: str | None,
        stored: JSON,
        desk: Desk,
        sender: str,
        *,
        channel: str | None = None,
        at: float = 0.0,
        attached: bool = False,
    ) -> Turn:
        """The bot's turn after a message; `stored` is the memory that the last turn left, `at`
        when it came (seconds since 1970), and `attached` says that a file came with it, which the
        bot can't read."""
        heard = self._listener.listen(text, payload, memory := Memory.load(stored))
        case = Case(
            heard.meaning,
            heard.vector,
            self._judge(heard, memory),
            memory,
            desk,
            self._hear(heard.meaning, memory, desk, sender, channel, at),
            self.relies_on(heard.meaning),
            heard.questions,
            attached=attached,
        )
        if not heard.pressed:
            case.foreign = self._detector.foreign(text, desk.languages, memory.recent)
        self._lookup.look_up(case)
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
            reminders=case.reminders,
        )

    @property
    def domain(self) -> Domain:
        """What the assistant knows of."""
        return self.dialogue.domain

    def understand(self, text: str) -> tuple[Understanding, Floats]:
        """Intent, entities and unit vector [dimension] of a text."""
        vector = self._knowledge.encoder.encode([text])[0]
        return self._listener.understand(text, vector), vector

    def relies_on(self, heard: Understanding) -> bool:
        """Whether the intent is sure enough for a rule or a story to follow it, and, where a Rasa
        project asks for that, far enough ahead of the next one."""
        fallback = self._project.fallback if self._project else None
        ahead = fallback.ambiguity_threshold if fallback else 0.0
        others = [share for name, share in heard.ranking if name != heard.intent]
        lead = heard.confidence - max(others, default=0.0)
        return heard.confidence >= self._policy.flow and lead >= ahead

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

    def _hear(
        self,
        meaning: Understanding,
        memory: Memory,
        desk: Desk,
        sender: str,
        channel: str | None,
        at: float,
    ) -> Course:
        """What the rules and stories make of it; of what isn't understood, if they say so."""
        falls_back = not self.relies_on(meaning) and self.dialogue.handles_not_understanding
        return self.dialogue.hear(
            memory.dialogue,
            meaning,
            intent=NOT_UNDERSTOOD if falls_back else None,
            sender=sender,
            desk=audience_of(desk),
            channel=channel,
            at=at,
        )

    def _judge(self, heard: Heard, memory: Memory) -> Frustration:
        meaning = heard.meaning
        events = ["failed_answer"] if memory.failures else []
        if meaning.intent in EVENTS and meaning.confidence >= self._policy.flow:
            events.append(meaning.intent)
        line = Line(meaning.text, heard.vector)
        sound = Sound() if heard.pressed else self._grader.hear(line.vector, line.text)
        earlier = [] if heard.pressed or memory.dialogue.active_loop else memory.lines()
        return judge(sound, line, earlier, memory.frustration, events)

    def _facts(self, case: Case) -> Facts:
        memory, heard, course = case.memory, case.heard, case.course
        return Facts(
            intent=heard.intent,
            intent_confidence=heard.confidence,
            confidence=case.confidence,
            answer_from=case.answer_from,
            lead=case.lead,
            alternatives=len(case.hits),
            chosen=case.chosen,
            already_unhelpful=_has_not_helped(case),
            applies=course.applies and self._may_begin(heard),
            starts_flow=course.starts_flow and self._may_begin(heard),
            in_context=course.in_context,
            fallback=course.fallback,
            form=course.form is not None,
            fills=course.fills,
            asked=memory.asked,
            failures=memory.failures,
            frustration=case.frustration.conversation,
            knowledge_empty=not (self._knowledge.index.articles or self._project),
            foreign=case.foreign is not None,
            alarm=case.frustration.alarm,
            attached=case.attached,
        )

    def _may_begin(self, heard: Understanding) -> bool:
        """A flow needs what it asks of the world, and a message that says what it is about."""
        return can_begin(heard.intent) and not is_vague(heard.text)


def _has_not_helped(case: Case) -> bool:
    """Whether the best article is one that was no help: the customer said so, or says the same
    again right after it."""
    best = [hit.article_id for hit in case.hits[:1]]
    again = "repeat" in case.frustration.evidence and best == case.memory.answered[-1:]
    return bool(best) and (again or best[0] in case.memory.unhelpful)
