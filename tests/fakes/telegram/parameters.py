"""Parameters of a call, whichever way they came: query, form, multipart or JSON."""

import json
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tests.fakes.telegram.refusal import bad_request
from tests.fakes.telegram.world import Json


class Parameters:
    """Forms carry every value as text, and lists and objects as JSON; `raw` is what came."""

    def __init__(self, raw: Json) -> None:
        self.raw = raw

    @classmethod
    async def of(cls, request: Request) -> "Parameters":
        raw: Json = dict(request.query_params)
        if request.headers.get("content-type", "").startswith("application/json"):
            try:
                raw |= await request.json()
            except (ValueError, TypeError):
                raise bad_request("can't parse JSON object") from None
        else:
            raw |= await request.form()
        uploads = {name: value.filename for name, value in raw.items() if _is_upload(value)}
        return cls(raw | uploads)

    def text(self, name: str) -> str:
        return str(self.raw.get(name, ""))

    def integer(self, name: str) -> int:
        """0 if it isn't given or is no number."""
        try:
            return int(self.raw.get(name) or 0)
        except (TypeError, ValueError):
            return 0

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1", "yes")

    def parsed(self, name: str) -> Any:
        """A list or an object; None if it isn't given."""
        value = self.raw.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None


def _is_upload(value: object) -> bool:
    return isinstance(value, UploadFile)
