"""Entities are learned from annotated examples: new values, roles and groups of a project's."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.entities.extractor import EntityExtractor
from bot.entities.model import EntityModel
from bot.entities.options import EntityOptions
from bot.entities.teaching import learn_entities
from bot.intent import ModelUnusable
from bot.knowledge import Encodes
from bot.learning import train
from bot.project.config import ProjectConfig, RegexEntities
from bot.settings import load_settings
from bot.trained import ENTITIES, load_entities
from bot.training import Training, read_training
from channels.app import create_app

TRAVEL = read_training(Path(__file__).parent / "rasa_projects" / "travel")
MODEL = learn_entities(TRAVEL)
EXTRACTOR = EntityExtractor(TRAVEL, MODEL, EntityOptions.of(TRAVEL.config))

Found = list[tuple[str, object]]


def values(text: str, extractor: EntityExtractor = EXTRACTOR) -> Found:
    return [(each.entity, each.value) for each in extractor.extract(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I fancy Vietnamese food", [("cuisine", "Vietnamese")]),
        ("is there a train to Oslo", [("city", "Oslo")]),
        ("leaving from Kraków tomorrow", [("city", "Kraków")]),
        ("cancel QX5512, I am ill", [("booking", "QX5512")]),
        ("send it to Abbey Road 3, Rye", [("street", "Abbey Road 3, Rye")]),
        ("bring me a large pie", [("size", "large"), ("dish", "pie")]),
    ],
)
def test_a_value_that_nobody_listed_is_found_by_what_is_around_it(text: str, found: Found) -> None:
    assert values(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "good morning, I am here",
        "what is there to do",
        "nothing else, thanks",
        "",
        "?!",
        "🙂",
    ],
)
def test_where_nothing_is_there_nothing_is_found(text: str) -> None:
    assert values(text) == []


def test_a_known_value_alone_is_an_answer() -> None:
    assert values("stew") == [("dish", "stew")]
    assert values(" Mexican! ") == [("cuisine", "Mexican")]
    assert values("New York") == [("city", "New York City")]


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("a train from Oslo to Geneva", {"Oslo": "from", "Geneva": "to"}),
        ("to Geneva from Oslo please", {"Oslo": "from", "Geneva": "to"}),
        ("from Berlin to Paris", {"Berlin": "from", "Paris": "to"}),
        ("from Paris to Berlin", {"Paris": "from", "Berlin": "to"}),
        ("is there a train to Berlin", {"Berlin": "to"}),
        ("Berlin", {"Berlin": None}),
    ],
)
def test_the_words_around_a_city_tell_its_role(text: str, roles: dict[str, str | None]) -> None:
    assert {each.value: each.role for each in EXTRACTOR.extract(text)} == roles


def test_what_belongs_together_is_one_group() -> None:
    found = EXTRACTOR.extract("a large pie and a small pizza")
    assert [(each.value, each.group) for each in found] == [
        ("large", "1"),
        ("pie", "1"),
        ("small", "2"),
        ("pizza", "2"),
    ]


def test_synonyms_are_mapped_and_other_values_stay_as_they_were_written() -> None:
    assert values("I fancy GREEK food") == [("cuisine", "GREEK")]
    assert values("any Parisian place near the station") == [("cuisine", "French")]
    assert values("is there a train to new york") == [("city", "New York City")]
    unmapped = replace(EntityOptions.of(TRAVEL.config), synonyms=False)
    plain = EntityExtractor(TRAVEL, MODEL, unmapped)
    assert values("is there a train to new york", plain) == [("city", "new york")]


def test_a_comma_parts_two_entities_where_the_project_doesnt_say_otherwise() -> None:
    assert values("we would like chinese, Thai food") == [
        ("cuisine", "chinese"),
        ("cuisine", "Thai"),
    ]
    split = replace(EntityOptions.of(TRAVEL.config), unsplit=frozenset())
    parts = values("send it to Mill Lane 12, Hull", EntityExtractor(TRAVEL, MODEL, split))
    assert parts == [("street", "Mill Lane 12"), ("street", "Hull")]


def test_an_entity_is_as_sure_as_its_surroundings() -> None:
    (known,) = EXTRACTOR.extract("I fancy Italian food")
    (new,) = EXTRACTOR.extract("I fancy Klingon food")
    assert 0.3 < new.confidence < known.confidence <= 1


WORDS = "from to Berlin, Paris. a small SOUP and large x 12 😀 QX1234 Main Street é \u0301 \n '"
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS.split(" "))).map(" ".join))


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_whatever_the_text_spans_are_sound(text: str) -> None:
    ends: dict[str, int] = {}
    starts = 0
    for each in EXTRACTOR.extract(text):
        assert starts <= each.start < each.end <= len(text)
        assert text[each.start : each.end].strip()
        assert ends.get(each.extractor, 0) <= each.start
        assert 0 < each.confidence <= 1
        starts, ends[each.extractor] = each.start, each.end


@pytest.mark.parametrize(
    "piece", ["from Berlin to ", "a ", "1 ", "!", "a!", "small soup, ", "é.", "\n"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * 4000)[:4000]
    assert min(_seconds(text) for _ in range(2)) < 0.5  # up to 60 ms on an idle core


def _seconds(text: str) -> float:
    begun = time.perf_counter()
    EXTRACTOR.extract(text)
    return time.perf_counter() - begun


def test_learning_again_gives_the_same(tmp_path: Path) -> None:
    again = learn_entities(TRAVEL)
    MODEL.save(tmp_path / "first.npz")
    again.save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_what_was_learnt_is_kept(tmp_path: Path) -> None:
    MODEL.save(tmp_path / ENTITIES)
    kept = load_entities(tmp_path / ENTITIES, TRAVEL)
    for example in TRAVEL.examples:
        assert kept.extract(example.text) == EXTRACTOR.extract(example.text)


def test_a_damaged_model_is_named_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / ENTITIES
    MODEL.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    for damaged in (bytes(content), content[:1000], b"", b"PK nonsense"):
        path.write_bytes(damaged)
        with pytest.raises(ModelUnusable, match=r"entities.npz.*run `firstline train`"):
            EntityModel.load(path)


def test_an_installation_from_before_goes_on_with_what_is_written_down(tmp_path: Path) -> None:
    with capture_logs() as logged:
        extractor = load_entities(tmp_path / ENTITIES, replace(TRAVEL, config=None))
    assert values("booking QX1234 from Berlin", extractor) == [("booking", "QX1234")]
    (entry,) = logged
    assert "firstline train" in entry["event"]
    assert entry["missing"] == str(tmp_path / ENTITIES)


def config(**changes: Any) -> ProjectConfig:
    assert TRAVEL.config
    return replace(TRAVEL.config, **changes)


def taught(training: Training) -> EntityExtractor:
    return EntityExtractor(training, learn_entities(training), EntityOptions.of(training.config))


def extractors(text: str, training: Training) -> list[tuple[str, str]]:
    return [(each.entity, each.extractor) for each in taught(training).extract(text)]


def test_the_pipeline_says_who_finds_what() -> None:
    text = "cancel QX5512, we go to Oslo"
    written, learned = ("booking", "RegexEntityExtractor"), ("booking", "CRFEntityExtractor")
    city = ("city", "CRFEntityExtractor")
    with_regexes, regexes_only = (
        config(regexes=RegexEntities(), learned_entities=learns) for learns in (True, False)
    )
    none = config(learned_entities=False)
    expected: list[tuple[ProjectConfig | None, list[tuple[str, str]]]] = [
        (TRAVEL.config, [learned, city]),
        (with_regexes, [written, city]),
        (regexes_only, [written]),
        (none, []),
        (None, [written, city]),
    ]
    for pipeline, found in expected:
        assert extractors(text, replace(TRAVEL, config=pipeline)) == found


def test_regexes_mind_case_and_words_only_where_the_project_wants_it() -> None:
    def found(text: str, **options: bool) -> Found:
        given = config(regexes=RegexEntities(**options), learned_entities=False)
        tables = replace(TRAVEL, lookups={"dish": ("stew",)}, config=given)
        return values(text, taught(tables))

    assert found("QX1234 STEWED") == [("booking", "QX1234")]
    assert found("qx1234 STEW", case_sensitive=True) == [("booking", "qx1234")]
    assert found("STEWED", use_word_boundaries=False) == [("dish", "STEW")]
    assert found("QX1234 stew", use_regexes=False) == [("dish", "stew")]
    assert found("QX1234 stew", use_lookup_tables=False) == [("booking", "QX1234")]


def test_what_is_written_down_and_learnt_is_found_once_with_its_role() -> None:
    given = config(regexes=RegexEntities())
    training = replace(TRAVEL, lookups={"city": ("Oslo",)}, config=given)
    found = taught(training).extract("a train from Oslo to Geneva")
    assert [(each.value, each.role, each.extractor) for each in found] == [
        ("Oslo", "from", "RegexEntityExtractor"),
        ("Geneva", "to", "CRFEntityExtractor"),
    ]


def test_different_entities_may_lie_across_each_other() -> None:
    domain = replace(TRAVEL.domain, entities=(*TRAVEL.domain.entities, "number"))
    training = replace(TRAVEL, regexes={"number": (r"\d+",)}, domain=domain)
    training = replace(training, config=config(regexes=RegexEntities()))
    assert values("send it to Abbey Road 3, Rye", taught(training)) == [
        ("street", "Abbey Road 3, Rye"),
        ("number", "3"),
    ]


def test_a_project_that_was_trained_on_tells_its_entities(data: Path, encoder: Encodes) -> None:
    train(Path(__file__).parent / "rasa_projects" / "travel", data, encoder)
    with TestClient(create_app(load_settings(data))) as client:
        answer = client.post("/model/parse", json={"text": "a train from Oslo to Geneva"}).json()
    assert [
        (each["entity"], each["value"], each["role"], each["start"]) for each in answer["entities"]
    ] == [("city", "Oslo", "from", 13), ("city", "Geneva", "to", 21)]
