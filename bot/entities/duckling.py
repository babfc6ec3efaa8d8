"""Dates, amounts and the like, from a Duckling server that the project runs."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import structlog

from bot.project.config import Duckling
from bot.turn import Entity

EXTRACTOR = "DucklingEntityExtractor"

log = structlog.get_logger()


class DucklingClient:
    """Asks the server; while it doesn't answer, nothing is found. Thread-safe."""

    def __init__(self, options: Duckling) -> None:
        self._options = options
        self._url = f"{(options.url or '').rstrip('/')}/parse"
        self._client = httpx.Client(timeout=options.timeout, trust_env=False)
        self._failing = False

    def extract(self, text: str) -> list[Entity]:
        """In order of appearance. Spans of different dimensions may overlap; a value is what
        Duckling made of it: text, a number, or a mapping (`from` and `to` of an interval)."""
        try:
            answer = self._client.post(self._url, data=self._form(text))
            found = list(self._entities(answer.raise_for_status().json()))
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            self._fails(error)
            return []
        self._failing = False
        return sorted(found, key=lambda entity: entity.start)

    def _form(self, text: str) -> dict[str, str]:
        form = {
            "text": text,
            "locale": self._options.locale,
            "tz": self._options.timezone,
            "dims": json.dumps(self._options.dimensions) if self._options.dimensions else None,
            "reftime": str(round(time.time() * 1000)),
        }
        return {name: value for name, value in form.items() if value}

    def _entities(self, matches: list[dict[str, Any]]) -> Iterator[Entity]:
        for match in matches:
            if not self._options.dimensions or match["dim"] in self._options.dimensions:
                value = _value(match["value"])
                yield Entity(match["dim"], value, match["start"], match["end"], EXTRACTOR)

    def _fails(self, error: Exception) -> None:
        """Once for each outage, and without the text, which is the customer's."""
        if not self._failing:
            log.warning("duckling doesn't answer", url=self._url, error=type(error).__name__)
        self._failing = True


def _value(resolved: dict[str, Any]) -> object:
    if resolved.get("type") == "interval":
        return {side: resolved.get(side, {}).get("value") for side in ("to", "from")}
    return resolved.get("value")
