"""The bot's reasons in an agent's words."""

REASONS = {
    # why a person has to take over (handoff.ticket.Reason)
    "low_confidence": "The bot was not sure enough to answer",
    "frustration": "The customer is losing patience",
    "asked_for_person": "The customer asked for a person",
    "loop": "The bot's answers did not help",
    "flow_failed": "The bot could not finish what it started",
    "flow_asked": "The assistant's own flow asks for a person",
    "bot_error": "The bot failed",
    "safety": "The customer reports danger",
    "abuse": "The customer is abusive",
    "language": "The customer writes in a language that the desk does not speak",
    "attachment": "The customer sent a file, which the bot cannot read",
    "undelivered": "What the bot wrote could not be delivered",
    "taken_over": "A colleague took over from the bot",
    # why the bot did what it did (bot.policy)
    "danger_reported": "The message reports danger",
    "person_in_danger": "The message speaks of self-harm or of somebody in danger",
    "abusive": "The message is abusive",
    "language_not_spoken": "The desk does not speak the customer's language",
    "accepted_offer_of_person": "The customer accepted the offer of a person",
    "frustration_over_threshold": "Frustration is over the threshold",
    "customer_says_it_helped": "The customer says that it helped",
    "answer_did_not_help": "The answer did not help, so the bot offers another",
    "nothing_but_a_file": "The message is nothing but a file",
    "file_attached": "Not sure of an answer, and there is a file that may say more",
    "second_answer_did_not_help": "The second answer did not help either",
    "customer_cancelled": "The customer cancelled",
    "message_fills_form": "The message gives what the bot asked for",
    "another_flow_asked_for": "The customer asked for something else to be done",
    "question_during_form": "A question came in between, and the bot knows the answer",
    "form_asks_again": "The bot asks again for what is missing",
    "customer_chose_article": "The customer chose this article",
    "intent_starts_flow": "The customer asked for something to be done",
    "small_talk": "Small talk",
    "knowledge_base_is_empty": "The knowledge base is empty",
    "confidence_over_threshold": "Sure enough to answer",
    "answer_did_not_help_before": "This answer did not help before, so the bot offers another",
    "only_answer_did_not_help_before": "The only answer did not help before",
    "low_confidence_twice": "Not sure enough, for the second time",
    "articles_too_close": "Sure enough, but two articles fit about as well, so the bot offers both",
    "confidence_between_thresholds": "Not quite sure, so the bot offers choices",
    "confidence_under_threshold": "Not sure enough, so the bot asks again",
}
ACTS = {  # what the bot did (bot.policy.Act)
    "answer": "Answer from an article",
    "choose": "Offer a choice of articles",
    "flow": "Go on with what is to be done",
    "interrupt": "Answer, then go on with what is to be done",
    "cancel": "Stop what was begun",
    "small_talk": "Reply in kind",
    "helped": "Be glad that it helped",
    "retry": "Offer other articles",
    "rephrase": "Ask to put it in other words",
    "hand_over": "Hand over to a person",
}
SIGNS = {  # what moves frustration (bot.frustration), beside the customer's own words
    "abuse": "is abusive",
    "repeat": "said it again",
    "rephrase": "said it again in other words",
    "shorter": "replies grow short",
    "waiting": "is tired of waiting",
    "giving_up": "is giving up",
    "self_harm": "speaks of self-harm or danger",
    "failed_answer": "an answer failed",
    "not_helped": "“did not help”",
    "talk_to_human": "asked for a person",
    "shouting": "capitals",
}


def reason_in_words(reason: str) -> str:
    """The reason as a phrase; one that is new here is shown as it is called."""
    return REASONS.get(reason) or _as_it_is(reason)


def act_in_words(act: str) -> str:
    return ACTS.get(act) or _as_it_is(act)


def sign_in_words(sign: str) -> str:
    """What moved frustration; the customer's own words in quotation marks."""
    return SIGNS.get(sign, f"“{sign}”")


def threshold_in_words(chosen_by: str | None, max_wrong: float | None) -> str:
    """Why the bot has to be as sure as it has to be."""
    if chosen_by == "risk" and max_wrong is not None:
        return f"so that at most {100 * max_wrong:.3g}% of all questions are answered wrongly"
    known = {
        "setting": "because the settings say so",
        "caution": "out of caution: too few questions are known to tell",
    }
    return known.get(chosen_by or "", "")


def _as_it_is(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()
