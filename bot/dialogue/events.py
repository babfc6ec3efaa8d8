"""Events as Rasa writes them into its trackers, and as action servers send and receive them."""

from bot.turn import JSON, Button, Kind, Reply, Understanding

LISTEN = "action_listen"
SESSION_START = "action_session_start"
NOT_SET = "should_not_be_set"  # a rule's word for a slot or a form that must be empty


def user(heard: Understanding, intent: str, channel: str | None = None) -> JSON:
    """A message; `intent` is what it is taken for."""
    entities = [
        {
            "entity": each.entity,
            "value": each.value,
            "start": each.start,
            "end": each.end,
            "extractor": each.extractor,
            **({"role": each.role} if each.role else {}),
            **({"group": each.group} if each.group else {}),
        }
        for each in heard.entities
    ]
    entities += [
        {"entity": name, "value": one, "start": 0, "end": 0, "extractor": "payload"}
        for name, value in heard.slots.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    meant = {"name": intent, "confidence": heard.confidence}
    ranking = [{"name": name, "confidence": confidence} for name, confidence in heard.ranking]
    if intent == "nlu_fallback":
        ranking.insert(0, meant)
    return {
        "event": "user",
        "text": heard.text,
        "parse_data": {
            "text": heard.text,
            "intent": meant,
            "entities": entities,
            "intent_ranking": ranking or [meant],
            **response_selector(heard.retrieved),
        },
        "input_channel": channel,
        "metadata": {},
    }


def response_selector(retrieved: str | None) -> JSON:
    """Which response of a retrieval intent fits, where Rasa's response selector says it."""
    if not retrieved:
        return {}
    chosen = {"intent_response_key": retrieved, "utter_action": f"utter_{retrieved}"}
    return {"response_selector": {"default": {"response": chosen}}}


def bot(reply: Reply, utter_action: str | None = None) -> JSON:
    """A line of the bot; `utter_action` names the response that it words."""
    buttons = [{"title": each.title, "payload": each.payload} for each in reply.buttons]
    return {
        "event": "bot",
        "text": reply.text or None,
        "data": {
            "elements": None,
            "quick_replies": None,
            "buttons": buttons or None,
            "attachment": None,
            "image": reply.image,
            "custom": reply.custom,
        },
        "metadata": {"kind": reply.kind} | ({"utter_action": utter_action} if utter_action else {}),
    }


def reply(said: JSON) -> Reply:
    """The line that a `bot` event says; it may be an action server's."""
    data, metadata = said.get("data") or {}, said.get("metadata") or {}
    return Reply(
        Kind(metadata.get("kind", Kind.FLOW)),
        str(said.get("text") or ""),
        tuple(
            Button(str(each["title"]), str(each.get("payload") or each["title"]))
            for each in data.get("buttons") or ()
        ),
        image=data.get("image"),
        custom=data.get("custom"),
    )


def action(name: str, policy: str | None = None, *, hidden: bool = False) -> JSON:
    """An action that has run; `hidden` from stories, when only rules know of it."""
    return {
        "event": "action",
        "name": name,
        "policy": policy,
        "confidence": 1.0,
        "action_text": None,
        "hide_rule_turn": hidden,
    }


def slot(name: str, value: object) -> JSON:
    return {"event": "slot", "name": name, "value": value}


def loop(name: str | None) -> JSON:
    return {"event": "active_loop", "name": name}


def rejected(name: str) -> JSON:
    return {"event": "action_execution_rejected", "name": name, "policy": None, "confidence": None}


def interrupted() -> JSON:
    return {"event": "loop_interrupted", "is_interrupted": True}


def rewound() -> JSON:
    """The last message is taken back, with all that came of it."""
    return {"event": "rewind"}
