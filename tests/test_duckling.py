"""Dates, amounts and numbers come from the Duckling server that a project names."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from structlog.testing import capture_logs

from bot.entities.extractor import EntityExtractor
from bot.entities.options import EntityOptions
from bot.project.config import Duckling, ProjectConfig
from bot.training import Training, read_training
from tests.fakes.duckling import DucklingServer, duckling_server

TRAVEL = Path(__file__).parent / "rasa_projects" / "travel"
NUMBER = {
    "body": "two",
    "start": 7,
    "end": 10,
    "dim": "number",
    "latent": False,
    "value": {"value": 2, "type": "value"},
}
INTERVAL = {
    "body": "tomorrow evening",
    "start": 11,
    "end": 27,
    "dim": "time",
    "value": {
        "type": "interval",
        "from": {"value": "2026-12-01T18:00:00.000Z", "grain": "hour"},
        "to": {"value": "2026-12-02T00:00:00.000Z", "grain": "hour"},
    },
}
TEXT = "we are two tomorrow evening"


@pytest.fixture(scope="module")
def server() -> Iterator[DucklingServer]:
    with duckling_server() as server:
        yield server


@pytest.fixture
def duckling(server: DucklingServer) -> DucklingServer:
    server.forms.clear()
    server.matches = [NUMBER, INTERVAL]
    server.failure = None
    return server


@pytest.fixture(scope="module")
def training() -> Training:
    return read_training(TRAVEL)


def extractor(training: Training, **asked: Any) -> EntityExtractor:
    config = ProjectConfig(TRAVEL / "config.yml", language="de", duckling=Duckling(**asked))
    return EntityExtractor(training, options=EntityOptions.of(config))


def test_a_value_is_what_duckling_made_of_it(training: Training, duckling: DucklingServer) -> None:
    found = extractor(training, url=duckling.url).extract(TEXT)
    assert [(each.entity, each.value, TEXT[each.start : each.end]) for each in found] == [
        ("number", 2, "two"),
        (
            "time",
            {"from": "2026-12-01T18:00:00.000Z", "to": "2026-12-02T00:00:00.000Z"},
            "tomorrow evening",
        ),
    ]
    assert {each.extractor for each in found} == {"DucklingEntityExtractor"}


def test_the_form_is_the_one_that_duckling_reads(
    training: Training, duckling: DucklingServer
) -> None:
    wanted = {"dimensions": ("number",), "timezone": "Europe/Berlin"}
    found = extractor(training, url=f"{duckling.url}/", **wanted).extract(TEXT)
    assert [each.entity for each in found] == ["number"]
    (form,) = duckling.forms
    assert abs(int(form.pop("reftime")) - time.time() * 1000) < 60_000
    assert json.loads(form.pop("dims")) == ["number"]
    assert form == {"text": TEXT, "locale": "de", "tz": "Europe/Berlin"}


def test_all_dimensions_are_asked_for_where_none_is_named(
    training: Training, duckling: DucklingServer
) -> None:
    extractor(training, url=duckling.url, locale="en_GB").extract(TEXT)
    assert duckling.forms[0].keys() == {"text", "locale", "reftime"}
    assert duckling.forms[0]["locale"] == "en_GB"


@pytest.mark.parametrize(
    "failure",
    [
        Response("broken", status_code=500),
        Response("<html>", status_code=200),
        Response('{"error": "no"}', status_code=200),
        Response('[{"dim": "number"}]', status_code=200),
        Response("[1]", status_code=200),
    ],
    ids=["500", "no JSON", "no list", "a match without a value", "no match"],
)
def test_an_outage_costs_the_entities_only_and_is_logged_once(
    training: Training, duckling: DucklingServer, failure: Response
) -> None:
    asking = extractor(training, url=duckling.url)
    with capture_logs() as logged:
        duckling.failure = failure
        assert asking.extract(TEXT) == asking.extract(TEXT) == ()
        (entry,) = logged
        assert duckling.url in entry["url"]
        assert "two" not in str(entry)
        duckling.failure = None
        assert len(asking.extract(TEXT)) == 2
        duckling.failure = failure
        asking.extract(TEXT)
        assert len(logged) == 2


def test_a_duckling_that_is_not_there_breaks_nothing(training: Training) -> None:
    assert extractor(training, url="http://127.0.0.1:9", timeout=0.5).extract(TEXT) == ()
    assert extractor(training, url="no address", timeout=0.5).extract(TEXT) == ()


def test_without_a_url_nobody_is_asked(training: Training) -> None:
    options = EntityOptions.of(ProjectConfig(Path(), duckling=Duckling()))
    assert options.duckling is None
    assert replace(options, as_rasa=False) != EntityOptions()
