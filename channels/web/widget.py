"""The web widget: a few small files put together to the one script that /widget.js serves."""

import functools
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response
from lucide.jinja import lucide

router = APIRouter()

SOURCES = Path(__file__).parent / "static" / "widget"
TOKENS = Path(__file__).parents[2] / "handoff" / "console" / "static" / "tokens.css"

# In the order in which they build on each other.
MODULES = (
    "storage",
    "api",
    "backoff",
    "connection",
    "outbox",
    "store",
    "dom",
    "accent",
    "line",
    "log",
    "composer",
    "header",
    "main",
)
ICONS = (
    "arrow-down",
    "book-open",
    "bot",
    "chevron-down",
    "circle-alert",
    "message-circle",
    "send-horizontal",
    "user-round",
    "x",
)

_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(async )?(function|class|const)\b)", re.MULTILINE)
_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINE_COMMENT_OR_INDENT = re.compile(r"^ *(//.*\n)?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The script as served: plain and compressed, with the tag that changes when it does."""

    script: bytes
    gzipped: bytes
    etag: str


@functools.cache
def bundle() -> Bundle:
    modules = [_plain((SOURCES / f"{name}.js").read_text()) for name in MODULES]
    constants = f"const CSS_TEXT = {json.dumps(_css())};\nconst ICONS = {json.dumps(_icons())};\n"
    script = '(() => {\n"use strict";\n' + constants + "\n".join(modules) + "})();\n"
    encoded = script.encode()
    digest = hashlib.sha256(encoded).hexdigest()[:16]
    return Bundle(encoded, gzip.compress(encoded, 9, mtime=0), f'"{digest}"')


@router.get("/widget.js", include_in_schema=False)
def widget_js(request: Request) -> Response:
    built = bundle()
    headers = {
        "ETag": built.etag,
        "Cache-Control": "public, max-age=300, stale-while-revalidate=86400",
        "Vary": "Accept-Encoding",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if built.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(built.gzipped, media_type="text/javascript", headers=headers)
    return Response(built.script, media_type="text/javascript", headers=headers)


def _plain(module: str) -> str:
    """A module as part of one script: no imports and exports, nor what only its readers need."""
    script = _EXPORT.sub("", _IMPORT.sub("", module))
    return _LINE_COMMENT_OR_INDENT.sub("", _BLOCK_COMMENT.sub("", script))


def _css() -> str:
    """The tokens, on the widget's root instead of the page's, and the widget's own rules."""
    tokens = TOKENS.read_text().replace(":root", ":host")
    rules = tokens + (SOURCES / "widget.css").read_text()
    return re.sub(r"\s*([{};,])\s*", r"\1", _BLOCK_COMMENT.sub("", rules)).strip()


def _icons() -> dict[str, str]:
    return {name: str(lucide(name, size=20, aria_hidden="true")) for name in ICONS}
