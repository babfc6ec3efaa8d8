"""The widget's script is small, in one piece, and sent again only when it has changed."""

import gzip

from fastapi import FastAPI
from fastapi.testclient import TestClient

from channels.web import widget

LIMIT = 15 * 1024


def test_the_whole_widget_is_at_most_15_kilobytes() -> None:
    assert len(widget.bundle().gzipped) <= LIMIT


def test_every_source_is_in_the_bundle_and_nothing_is_left_to_load() -> None:
    script = widget.bundle().script.decode()
    assert {path.stem for path in widget.SOURCES.glob("*.js")} == set(widget.MODULES)
    assert "import " not in script
    assert "\nexport " not in script
    assert "--accent" in script
    assert all(f'"{name}"' in script for name in widget.ICONS)


def test_an_unchanged_script_is_not_sent_again() -> None:
    app = FastAPI()
    app.include_router(widget.router)
    client = TestClient(app)
    first = client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    again = client.get("/widget.js", headers={"If-None-Match": first.headers["ETag"]})
    assert first.content == gzip.decompress(widget.bundle().gzipped)
    assert (again.status_code, again.content) == (304, b"")
