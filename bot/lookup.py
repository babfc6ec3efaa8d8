"""What the knowledge base has for a message: the hits, and how sure the bot is of the first.

The engine listens and decides; which question is asked of the knowledge base, and of what part
of it, is found out here.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from bot.case import Asked, Case, lead
from bot.confidence import HITS, Confidence
from bot.knowledge import Knowledge
from bot.policy import SMALL_TALK
from bot.questions import is_fragment, leans, without_cue
from bot.settings import PolicySettings
from bot.speech import CHOSE_ARTICLE
from kb_index.classifier import Floats

FAR = 20  # how far down a chosen article may be


class Lookup:
    """Fills in a case's hits and confidence. Thread-safe."""

    def __init__(
        self, knowledge: Knowledge, confidence: Callable[[], Confidence], policy: PolicySettings
    ) -> None:
        self._knowledge = knowledge
        self._confidence = confidence
        self._policy = policy

    def look_up(self, case: Case) -> None:
        """Find what answers the message of the case."""
        calibrated = self._confidence()
        case.answer_from = calibrated.answer_from(self._policy)
        case.answer_by = calibrated.answer_by(self._policy)
        if case.heard.intent == CHOSE_ARTICLE:
            self._look_up_choice(case, str(case.heard.slots.get("article")))
        elif self._is_told_it_did_not_help(case):
            self._look_up_another(case)
        elif not case.heard.slots:
            self._look_up_question(case)

    def _look_up_choice(self, case: Case, article_id: str) -> None:
        """The passage of the chosen article that fits what was asked, if it is for this desk."""
        article = self._knowledge.article(article_id, case.desk.audiences)
        for question in (case.memory.question, article.title) if article else ():
            hits = self._knowledge.search(question, case.desk.audiences, FAR)
            case.hits = [hit for hit in hits if hit.article_id == article_id]
            if case.hits:
                case.chosen, case.confidence = True, 1.0
                return

    def _is_told_it_did_not_help(self, case: Case) -> bool:
        sure = case.heard.confidence >= self._policy.flow
        return case.heard.intent == "not_helped" and sure and case.memory.asked == "helped"

    def _look_up_another(self, case: Case) -> None:
        """What else there is for the question before, besides what was no help."""
        hits = self._ask(case.memory.question, case.memory.topic, case).hits
        tried = {*case.memory.unhelpful, *case.memory.answered[-1:]}
        case.hits = [hit for hit in hits if hit.article_id not in tried]
        case.confidence = self._confidence().of(case.hits)

    def _look_up_question(self, case: Case) -> None:
        topic = self._topic(case)
        whole = self._ask(case.heard.text, topic, case)
        case.hits, case.confidence, case.follows = whole.hits, whole.confidence, whole.follows
        asked = _one_each_article(self._ask_in_turn(topic, case))
        known = [each for each in asked if each.known]
        # Apart or together: whichever is expected to answer more.
        if sum(each.confidence for each in known) > whole.confidence:
            case.questions = asked
            case.hits = known[0].hits
            case.confidence = min(each.confidence for each in known)

    def _topic(self, case: Case) -> str:
        """What the message may lean on: neither a thank-you nor the reply to a form does."""
        small_talk = case.heard.intent in SMALL_TALK
        chatting = small_talk and case.heard.confidence >= self._policy.flow
        return "" if chatting or case.memory.dialogue.active_loop else case.memory.topic

    def _ask_in_turn(self, topic: str, case: Case) -> Iterator[Asked]:
        for question in case.parts:
            yield self._ask(question, topic, case)
            topic = question

    def _ask(self, question: str, topic: str, case: Case) -> Asked:
        """What is found for a question; one that leans on the `topic` means something with it."""
        query = self._knowledge.searchable(question)
        alone = self._find(question, query, self._encode(query), case)
        if not topic or not leans(question):
            return alone
        added, context = without_cue(query), self._knowledge.searchable(topic)
        meant = _between(self._encode(added), self._encode(context))
        together = self._find(question, added, meant, case, context)
        if is_fragment(question) and alone.article_id != together.article_id:
            return together
        return max(alone, together, key=lambda each: each.confidence)

    def _encode(self, query: str) -> Floats:
        vector: Floats = self._knowledge.encoder.encode([query])[0]
        return vector

    def _find(
        self, question: str, query: str, vector: Floats, case: Case, context: str = ""
    ) -> Asked:
        hits = self._knowledge.find(query, vector, case.desk.audiences, HITS, context)
        confidence = self._confidence().of(hits)
        sure = confidence >= case.answer_from
        return Asked(
            text=question,
            hits=hits,
            confidence=confidence,
            known=sure and lead(hits) >= self._policy.margin,
            perhaps=confidence >= self._policy.choice,
            follows=context,
        )


def _between(one: Floats, other: Floats) -> Floats:
    """The unit vector half-way between two, which means a bit of both."""
    middle = one + other
    return middle / max(float(np.linalg.norm(middle)), 1e-9)


def _one_each_article(asked: Iterable[Asked]) -> list[Asked]:
    """Of the questions that one article answers best, only the one it is surest for."""
    kept: dict[str | None, Asked] = {}
    for each in asked:
        rival = kept.get(each.article_id)
        if rival is None or rival.confidence < each.confidence:
            kept[each.article_id] = each
    return list(kept.values())
