"""What Rasa's HTTP API tells of the model: its status, its domain, and what it makes of a text."""

import hashlib
import json
import re
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel

from bot.engine import Engine
from bot.settings import Settings
from bot.turn import JSON, Entity
from channels.inbox import clean
from channels.rasa.api.access import MaySeeAll, may_ask
from channels.rasa.api.errors import RasaError, RasaRoute

router = APIRouter(route_class=RasaRoute, tags=["rasa"])

MODEL = "intents.npz"
TOKEN = re.compile(r"\w+(?:['’.-]\w+)*")
YAML = "application/x-yaml"


class ParseRequest(BaseModel):
    """A text to be understood; nothing is stored."""

    text: str


@router.get("/status", dependencies=[Depends(may_ask)])
def status(request: Request) -> dict[str, Any]:
    """Which model is loaded."""
    settings: Settings = request.app.state.settings
    model = settings.data / "models" / MODEL
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    return {"model_file": MODEL, "model_id": digest[:32], "num_active_training_jobs": 0}


@router.get("/domain", response_class=Response)
def domain(
    request: Request, _: MaySeeAll, accept: Annotated[str, Header()] = "application/json"
) -> Response:
    """The domain, as JSON or, for a client that accepts that, as YAML."""
    engine: Engine = request.app.state.engine
    raw = json.dumps(engine.domain.raw, default=str)  # YAML knows dates, for example
    if accept.endswith(("yml", "yaml")):
        text = yaml.safe_dump(json.loads(raw), sort_keys=False, allow_unicode=True)
        return Response(text, media_type=YAML)
    if accept.endswith("json") or "*/*" in accept:
        return Response(raw, media_type="application/json")
    raise RasaError(
        406,
        "NotAcceptable",
        f'Invalid Accept header. Send "Accept: application/json" or "Accept: {YAML}".',
    )


@router.post("/model/parse", dependencies=[Depends(may_ask)])
def parse(
    request: Request, body: ParseRequest, emulation_mode: str | None = None
) -> dict[str, Any]:
    """What the bot makes of a text: intent, entities and how frustrated it sounds."""
    if emulation_mode is not None:
        raise RasaError(
            400,
            "BadRequest",
            "Firstline emulates no other service: leave 'emulation_mode' out.",
            {"parameter": "emulation_mode", "in": "query"},
        )
    engine: Engine = request.app.state.engine
    heard, vector = engine.understand(clean(body.text))
    ranking = [{"name": name, "confidence": confidence} for name, confidence in heard.ranking]
    return {
        "text": heard.text,
        "intent": {"name": heard.intent, "confidence": heard.confidence},
        "intent_ranking": ranking,
        "entities": [_entity(entity) for entity in heard.entities],
        "text_tokens": [[found.start(), found.end()] for found in TOKEN.finditer(heard.text)],
        "response_selector": _selected(sorted(engine.domain.retrieval), heard.retrieved),
        "frustration": round(engine.sounds(heard.text, vector), 4),
    }


def _entity(entity: Entity) -> JSON:
    found = {
        "entity": entity.entity,
        "value": entity.value,
        "start": entity.start,
        "end": entity.end,
        "extractor": entity.extractor,
    }
    more = {"role": entity.role, "group": entity.group}
    return found | {name: value for name, value in more.items() if value}


def _selected(retrieval: list[str], retrieved: str | None) -> JSON:
    """Of the intents that are made of others, which one fits best."""
    selector: JSON = {"all_retrieval_intents": retrieval}
    if retrieved:
        response = {"intent_response_key": retrieved, "utter_action": f"utter_{retrieved}"}
        selector["default"] = {"response": response}
    return selector
