"""The bot's turn: understand, look up, decide, speak. It reads no database and no clock."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.actions.services import can_begin
from bot.case import Case
from bot.confidence import HITS, Confidence
from bot.dialogue import Dialogue
from bot.entities import EntityExtractor
from bot.frustration import EVENTS, Frustration, FrustrationModel, heated_words, judge
from bot.intent import Floats, IntentModel
from bot.knowledge import Knowledge
from bot.memory import Memory
from bot.policy import SMALL_TALK, Act, Decision, Facts, decide
from bot.settings import Desk, PolicySettings
from bot.speech import CHOSE_ARTICLE, Speech
from bot.turn import JSON, Reply, Understanding
from kb_index.search import Hit

YES = frozenset({"helped", "affirm", "thank", "compliment"})
NO = frozenset({"not_helped", "deny"})
FAR = 20  # how far down a chosen article may be
PAYLOAD = re.compile(r"/(?P<intent>\w+)\s*(?P<slots>\{.*\})?\s*", re.DOTALL)


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


class Engine:
    """Everything that was trained, put together. Thread-safe: a turn changes nothing here."""

    def __init__(
        self,
        knowledge: Knowledge,
        intents: IntentModel,
        frustration: FrustrationModel,
        confidence: Callable[[], Confidence],
        entities: EntityExtractor,
        dialogue: Dialogue,
        policy: PolicySettings,
    ) -> None:
        self._knowledge = knowledge
        self._intents = intents
        self._frustration = frustration
        self._confidence = confidence
        self._entities = entities
        self._dialogue = dialogue
        self._speech = Speech(knowledge, dialogue)
        self._policy = policy

    def respond(
        self, text: str, payload: str | None, stored: JSON, desk: Desk, sender: str
    ) -> Turn:
        """The bot's turn after a message; `stored` is the memory that the last turn left."""
        case = self._listen(text, payload, Memory.load(stored), desk, sender)
        decision = decide(self._facts(case), self._policy)
        case.handoff = decision.handoff
        self._speech.carry_out(decision.act, case)
        case.memory.remember(text)
        case.memory.frustration = case.frustration.conversation
        return Turn(
            replies=tuple(case.replies),
            memory=case.memory.dump(),
            frustration=case.frustration.conversation,
            evidence=self._evidence(case, decision),
            handoff=case.handoff,
        )

    def understand(self, text: str) -> tuple[Understanding, Floats]:
        """Intent, entities and unit vector [dimension] of a text."""
        vector = self._knowledge.encoder.encode([text])[0]
        ranking = self._intents.rank(vector)
        intent, confidence = ranking[0]
        entities = self._entities.extract(text)
        return Understanding(text, intent, confidence, ranking, entities), vector

    def sounds(self, text: str, vector: Floats) -> float:
        """How frustrated a single line sounds, 0..1."""
        return self._frustration.grade(vector, text)

    def handoff_notice(
        self, reason: str, *, ticket: str, position: int, hours: str, staffed: bool
    ) -> str:
        """What the customer is told, once, when a person takes over."""
        return self._speech.handoff_notice(
            reason, ticket=ticket, position=position, hours=hours, staffed=staffed
        )

    def _listen(
        self, text: str, payload: str | None, memory: Memory, desk: Desk, sender: str
    ) -> Case:
        pressed = _parse_payload(payload or text)
        heard, vector = self.understand(text)
        if pressed:
            intent, slots = pressed
            heard = Understanding(text, intent, 1.0, ((intent, 1.0),), heard.entities, slots)
        heard = _in_reply(heard, memory)
        frustration = self._judge(text, vector, memory, heard, pressed is not None)
        case = Case(heard, vector, frustration, memory, desk, sender)
        self._look_up(case)
        return case

    def _judge(
        self, text: str, vector: Floats, memory: Memory, heard: Understanding, pressed: bool
    ) -> Frustration:
        events = ["failed_answer"] if memory.failures else []
        if heard.intent in EVENTS and heard.confidence >= self._policy.flow:
            events.append(heard.intent)
        calm = pressed or self._is_mere_small_talk(heard)
        grade = 0.0 if calm else self.sounds(text, vector)
        recent = () if pressed or memory.dialogue.active_loop else memory.recent
        return judge(grade, text, recent, memory.frustration, events)

    def _is_mere_small_talk(self, heard: Understanding) -> bool:
        """A greeting or a yes: too short for the grader, which guesses on them."""
        sure = heard.intent in SMALL_TALK and heard.confidence >= self._policy.flow
        return sure and not heated_words(heard.text)

    def _look_up(self, case: Case) -> None:
        if case.heard.intent == CHOSE_ARTICLE:
            return self._look_up_choice(case, str(case.heard.slots.get("article")))
        if self._is_told_it_did_not_help(case):
            hits = self._search(case.memory.question, case.desk, HITS)
            tried = {*case.memory.unhelpful, *case.memory.answered[-1:]}
            case.hits = [hit for hit in hits if hit.article_id not in tried]
        elif not case.heard.slots:
            audiences = case.desk.audiences
            case.hits = self._knowledge.find(case.heard.text, case.vector, audiences, HITS)
        case.confidence = self._confidence().of(case.hits)

    def _look_up_choice(self, case: Case, article_id: str) -> None:
        """The passage of the chosen article that fits what was asked, if it is for this desk."""
        article = self._knowledge.article(article_id, case.desk.audiences)
        for question in (case.memory.question, article.title) if article else ():
            hits = self._search(question, case.desk, FAR)
            case.hits = [hit for hit in hits if hit.article_id == article_id]
            if case.hits:
                case.chosen, case.confidence = True, 1.0
                return

    def _is_told_it_did_not_help(self, case: Case) -> bool:
        sure = case.heard.confidence >= self._policy.flow
        return case.heard.intent == "not_helped" and sure and case.memory.asked == "helped"

    def _search(self, question: str, desk: Desk, k: int) -> list[Hit]:
        return self._knowledge.search(question, desk.audiences, k)

    def _facts(self, case: Case) -> Facts:
        memory, heard = case.memory, case.heard
        active = memory.dialogue.active_loop is not None
        return Facts(
            intent=heard.intent,
            intent_confidence=heard.confidence,
            confidence=case.confidence,
            alternatives=len(case.hits),
            chosen=case.chosen,
            already_unhelpful=_has_not_helped(case),
            starts_flow=self._dialogue.starts(heard.intent) and can_begin(heard.intent),
            form=active,
            fills=active and self._dialogue.fills(memory.dialogue, heard),
            asked=memory.asked,
            failures=memory.failures,
            frustration=case.frustration.conversation,
            knowledge_empty=not self._knowledge.index.articles,
        )

    def _evidence(self, case: Case, decision: Decision) -> JSON:
        """Why the bot did what it did, for the agent's eyes; kept with the reply."""
        return {
            "act": decision.act,
            "reason": decision.reason,
            "confidence": round(_sureness(case, decision), 4),
            "intent": {"name": case.heard.intent, "confidence": round(case.heard.confidence, 4)},
            "ranking": [
                {"name": name, "confidence": round(probability, 4)}
                for name, probability in case.heard.ranking[:5]
            ],
            "entities": [
                {"entity": found.entity, "value": found.value} for found in case.heard.entities
            ],
            "hits": [
                {
                    "article_id": hit.article_id,
                    "title": hit.title,
                    "heading": hit.heading,
                    "score": round(hit.score, 4),
                    "dense": round(hit.dense, 4),
                    "lexical": round(hit.lexical, 4),
                }
                for hit in case.hits
            ],
            "frustration": {
                "turn": round(case.frustration.turn, 3),
                "conversation": round(case.frustration.conversation, 3),
                "evidence": list(case.frustration.evidence),
            },
            "thresholds": self._policy.model_dump(),
        }


def _has_not_helped(case: Case) -> bool:
    """Whether the best article is one that was no help: the customer said so, or says the same
    again right after it."""
    best = [hit.article_id for hit in case.hits[:1]]
    again = "repeat" in case.frustration.evidence and best == case.memory.answered[-1:]
    return bool(best) and (again or best[0] in case.memory.unhelpful)


def _in_reply(heard: Understanding, memory: Memory) -> Understanding:
    """After "did that help?" a yes and a thank-you mean the same, and so do all ways to say no."""
    if memory.asked == "helped":
        for intent, family in (("helped", YES), ("not_helped", NO)):
            share = sum(probability for name, probability in heard.ranking if name in family)
            if share > 0.5:
                return replace(heard, intent=intent, confidence=share)
    return heard


def _sureness(case: Case, decision: Decision) -> float:
    """How sure the bot is of what it does: of the article, or of the intent where that decided."""
    by_intent = (Act.FLOW, Act.SMALL_TALK, Act.CANCEL, Act.HELPED)
    asked_for = decision.handoff in ("asked_for_person", "safety")
    return case.heard.confidence if decision.act in by_intent or asked_for else case.confidence


def _parse_payload(text: str) -> tuple[str, JSON] | None:
    """`/intent{"slot": "value"}` as Rasa's buttons send it; None for anything else."""
    match = PAYLOAD.fullmatch(text.strip())
    if not match:
        return None
    try:
        slots = json.loads(match["slots"] or "{}")
    except ValueError:
        return None
    return match["intent"], slots
