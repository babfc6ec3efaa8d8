"""What the bot says for each decision, in the words of the domain's responses."""

import json
from collections.abc import Callable

from bot.case import Case
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.state import Step
from bot.grader import SELF_HARM
from bot.knowledge import Knowledge
from bot.policy import Act
from bot.settings import PUBLIC, Desk
from bot.turn import Button, Kind, Reply, Source
from kb_index.search import Hit

CHOSE_ARTICLE = "answer"  # /answer{"article": "..."}: the customer picked one of our choices
OFFERED = 3
# Why a person takes over after a flow.
HANDED_OVER = {"failed": "flow_failed", "paused": "flow_asked", "gave_up": "low_confidence"}
PERSON = Button("Talk to a person", "/talk_to_human")
IT_HELPED = Button("It helped", "/helped")
IT_DID_NOT = Button("It didn't", "/not_helped")


class Speech:
    """Carries out decisions: adds the replies to the case and brings its memory up to date."""

    def __init__(self, knowledge: Knowledge, dialogue: Dialogue) -> None:
        self._knowledge = knowledge
        self._dialogue = dialogue
        self._acts: dict[Act, Callable[[Case], None]] = {
            Act.ANSWER: self._answer,
            Act.CHOOSE: self._offer_choices,
            Act.FLOW: self._advance_flow,
            Act.INTERRUPT: self._interrupt_flow,
            Act.CANCEL: self._cancel_flow,
            Act.SMALL_TALK: self._small_talk,
            Act.HELPED: self._thank_for_feedback,
            Act.RETRY: self._offer_another,
            Act.REPHRASE: self._ask_to_rephrase,
            Act.HAND_OVER: self._hand_over,
        }

    def carry_out(self, act: Act, case: Case) -> None:
        """Do what was decided. A flow that fails sets the case's `handoff`."""
        self._acts[act](case)
        if not case.is_followed:
            step = case.course.set_aside(case.replies)
            case.memory.dialogue = step.state
            case.replies = [*step.replies, *case.replies]

    def handoff_notice(
        self, reason: str, *, ticket: str, position: int, hours: str, staffed: bool
    ) -> str:
        """What the customer is told, once, when a person takes over."""
        openings = {
            "frustration": "utter_handoff_apology",
            "abuse": "utter_handoff_abuse",
            "bot_error": "utter_handoff_error",
        }
        name = "utter_handoff_queued" if staffed else "utter_handoff_closed"
        notice = self._line(name, ticket=ticket, position=position, hours=hours).text
        return f"{self._line(openings[reason]).text} {notice}" if reason in openings else notice

    def _answer(self, case: Case) -> None:
        unknown = self._say_what_is_unknown(case)
        quote = self._quote(case)
        asking = f"{quote.text}\n\n{self._line('utter_did_it_help').text}"
        buttons = (IT_HELPED, IT_DID_NOT, *unknown)
        case.replies.append(Reply(quote.kind, asking, buttons, quote.sources, markdown=True))
        if case.chosen:
            case.memory.topic = case.hits[0].title
        else:
            case.memory.remember_question(case.heard.text)
        case.memory.asked = "helped"
        case.memory.failures = 0

    def _say_what_is_unknown(self, case: Case) -> list[Button]:
        """Names the questions that the answer leaves open; what to press for those."""
        unknown = [each for each in case.questions if not each.known]
        case.replies += [self._line("utter_part_unknown", question=each.text) for each in unknown]
        choices = [_choice(each.hits[0]) for each in unknown if each.perhaps]
        return [*choices, PERSON] if unknown else []

    def _quote(self, case: Case) -> Reply:
        """The best article's words; of several questions, those of each known one's article."""
        hits = [each.hits[0] for each in case.questions if each.known] or case.hits[:1]
        case.memory.answered = [*case.memory.answered, *(hit.article_id for hit in hits)][-10:]
        quotes = [self._knowledge.quote(hit) for hit in hits]
        if len(hits) > 1:
            titled = zip(hits, quotes, strict=True)
            quotes = [f"**{hit.title}**\n\n{quote}" for hit, quote in titled]
        sources = tuple(
            Source(hit.article_id, hit.title, hit.heading, hit.url or f"/help/{hit.article_id}")
            for hit in hits
        )
        return Reply(Kind.ANSWER, "\n\n".join(quotes), sources=sources, markdown=True)

    def _offer_choices(self, case: Case) -> None:
        case.memory.remember_question(case.heard.text)
        self._offer(case, "utter_which_of_these")

    def _offer_another(self, case: Case) -> None:
        case.memory.unhelpful += case.memory.answered[-1:]
        self._offer(case, "utter_not_helped")

    def _offer(self, case: Case, response: str) -> None:
        untried = [hit for hit in case.hits if hit.article_id not in case.memory.unhelpful]
        choices = map(_choice, untried[:OFFERED])
        case.replies.append(Reply(Kind.CHOICE, self._line(response).text, (*choices, PERSON)))
        case.memory.failures += 1
        case.memory.asked = None

    def _ask_to_rephrase(self, case: Case) -> None:
        failures = case.memory.failures
        if case.course.own_fallback:
            self._take_step(case, case.course.fall_back())
        else:
            reply = Reply(Kind.UNKNOWN, self._line("utter_rephrase").text, (PERSON,))
            case.replies.append(reply)
            case.memory.asked = "person"
        case.memory.failures = failures + 1
        case.memory.remember_question(case.heard.text)

    def _advance_flow(self, case: Case) -> None:
        if not case.memory.dialogue.active_loop:
            case.memory.remember_question(case.heard.text)
        if any(each.known for each in case.questions):  # asked beside what the flow is for
            case.replies.append(self._quote(case))
        falls_back = case.course.fallback == "rule" and not case.sure
        failures = case.memory.failures
        self._take_step(case, case.course.follow(case.sure))
        if falls_back:
            case.memory.failures = failures + 1

    def _interrupt_flow(self, case: Case) -> None:
        # Without "did that help?", which would hide the form's own question.
        case.replies.append(self._quote(case))
        case.memory.asked = None
        prompt = case.course.question()
        if prompt:
            case.replies += [self._line("utter_resume"), prompt]

    def _cancel_flow(self, case: Case) -> None:
        self._take_step(case, case.course.leave_form())

    def _take_step(self, case: Case, step: Step) -> None:
        case.is_followed = True
        case.memory.dialogue = step.state
        case.actions = step.actions
        case.reminders = step.reminders
        case.handoff = HANDED_OVER.get(step.outcome)
        case.memory.asked = None
        case.memory.failures = 0
        case.replies += step.replies

    def _small_talk(self, case: Case) -> None:
        if case.course.applies:
            self._take_step(case, case.course.go_on())
            return
        names = {
            "affirm": "utter_what_can_you_do",
            "deny": "utter_thank",
            "cancel_flow": "utter_cancelled",
        }
        name = names.get(case.heard.intent, f"utter_{case.heard.intent}")
        case.replies.append(self._line(name, desk=audience_of(case.desk)))
        case.memory.asked = None

    def _thank_for_feedback(self, case: Case) -> None:
        case.replies.append(self._line("utter_helped"))
        case.memory.asked = None
        case.memory.failures = 0

    def _hand_over(self, case: Case) -> None:
        """The notice, with ticket and place in the queue, is the desk's to write."""
        if case.handoff == "safety":
            in_person = case.frustration.alarm == SELF_HARM
            case.replies.append(self._line("utter_self_harm" if in_person else "utter_safety"))
        case.memory.asked = None

    def _line(self, name: str, **values: str | int) -> Reply:
        return self._dialogue.respond(name, {}, **values)


def _choice(hit: Hit) -> Button:
    return Button(hit.title, f"/{CHOSE_ARTICLE}{json.dumps({'article': hit.article_id})}")


def audience_of(desk: Desk) -> str:
    """Whom the desk serves, as the domain's conditions name it."""
    return "employees" if desk.audiences - {PUBLIC} else "customers"
