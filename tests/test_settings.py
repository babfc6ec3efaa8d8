"""Settings: the environment first, then the file; wrong ones are named, hours mean local time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours import DAYS, describe, is_staffed
from bot.settings import Desk, Settings, SettingsError, load_settings


def write(folder: Path, toml: str) -> Path:
    (folder / "firstline.toml").write_text(toml, encoding="utf-8")
    return folder


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.data == tmp_path.resolve()
    assert settings.database == f"sqlite:///{tmp_path.resolve() / 'firstline.db'}"
    assert list(settings.desks) == ["customers"]
    assert settings.desk("customers").audiences == {"public"}
    assert settings.model == "all-MiniLM-L6-v2"


def test_the_environment_comes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 'company = "Filed"\n[policy]\nanswer = 0.5\nchoice = 0.1\n')
    monkeypatch.setenv("FIRSTLINE_COMPANY", "Surrounded")
    monkeypatch.setenv("FIRSTLINE_POLICY__ANSWER", "0.9")
    settings = load_settings(tmp_path)
    assert settings.company == "Surrounded"
    assert (settings.policy.answer, settings.policy.choice) == (0.9, 0.1)


def test_one_value_of_a_desk_can_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, '[desks.it]\nname = "IT help"\naudiences = ["public", "employees"]\n')
    monkeypatch.setenv("FIRSTLINE_DESKS__IT__OPEN", "false")
    desk = load_settings(tmp_path).desk("it")
    assert (desk.name, desk.open) == ("IT help", False)
    assert desk.audiences == {"public", "employees"}


def test_the_directory_is_where_it_was_asked_for_whatever_the_file_says(tmp_path: Path) -> None:
    write(tmp_path, 'data = "/somewhere/else"\n')
    assert load_settings(tmp_path).data == tmp_path.resolve()


@pytest.mark.parametrize(
    "toml",
    [
        "company",
        "company = 'x'\ncompany = 'y'",
        "answer = 0.5",
        "[policy]\nfrustration = -0.1",
        "[desks.a]\naudiences = 'public'",
        "[desks.a]\nhours = { mon = '9-17' }",
        "[desks.a]\nhours = { mon = '09:00-25:00' }",
        "[desks.a]\nhours = { mon = '09:60-17:00' }",
        "[desks.a]\nhours = { mon = '17:00-17:00' }",
        "[desks.a]\ntimezone = '../../etc/passwd'",
        "[desks.a]\ntimezone = ''",
        "[desks.a]\naccent = '#12345'",
        "[desks.a]\ncolour = 1",
    ],
)
def test_what_is_wrong_is_refused_with_the_files_name(tmp_path: Path, toml: str) -> None:
    with pytest.raises(SettingsError, match=r"firstline\.toml"):
        load_settings(write(tmp_path, toml))


def test_an_unknown_desk_is_named_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"sales.*customers"):
        load_settings(tmp_path).desk("sales")


LONDON = Desk(hours={"mon": "08:00-20:00", "sat": "09:00-24:00"})


@pytest.mark.parametrize(
    ("moment", "staffed"),
    [
        (datetime(2026, 1, 5, 8, 0, tzinfo=UTC), True),  # Monday, winter: London is on UTC
        (datetime(2026, 1, 5, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 5, 19, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 5, 20, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 6, 7, 0, tzinfo=UTC), True),  # Monday, summer: an hour ahead
        (datetime(2026, 7, 6, 19, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 7, 12, 0, tzinfo=UTC), False),  # Tuesday
        (datetime(2026, 1, 10, 23, 59, tzinfo=UTC), True),  # Saturday until midnight
    ],
)
def test_a_desk_is_staffed_by_its_own_clock(moment: datetime, staffed: bool) -> None:
    assert is_staffed(LONDON, moment) == staffed


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({}, ""),
        ({"sun": "10:00-12:00"}, "Sun 10:00-12:00"),
        ({"mon": "09:00-17:00", "tue": "09:00-17:00"}, "Mon-Tue 09:00-17:00"),
        ({"mon": "09:00-17:00", "wed": "09:00-17:00"}, "Mon 09:00-17:00, Wed 09:00-17:00"),
        (
            {"fri": "09:00-12:00", "mon": "09:00-17:00", "tue": "09:00-17:00"},
            "Mon-Tue 09:00-17:00, Fri 09:00-12:00",
        ),
    ],
)
def test_hours_are_put_into_words(hours: dict[str, str], words: str) -> None:
    assert describe(Desk(hours=hours)) == words  # type: ignore[arg-type]


@given(st.dictionaries(st.sampled_from(DAYS), st.sampled_from(["08:00-12:00", "13:00-14:00"])))
def test_the_words_name_every_open_day_and_no_other(hours: dict[str, str]) -> None:
    words = describe(Desk(hours=hours))  # type: ignore[arg-type]
    named: list[str] = []
    for span in filter(None, words.split(", ")):
        first, _, last = span.split()[0].lower().partition("-")
        days = list(DAYS)
        named += days[days.index(first) : days.index(last or first) + 1]  # type: ignore[arg-type]
    assert named == [day for day in DAYS if day in hours]


def test_a_desk_with_articles_that_are_not_public_is_closed_unless_it_says_otherwise() -> None:
    internal = frozenset({"public", "employees"})
    assert Desk().open
    assert not Desk(audiences=internal).open
    assert Desk(audiences=internal, open=True).open


def test_labelled_questions_are_asked_at_the_desk_of_their_audience() -> None:
    desk = Desk(audiences=frozenset({"public", "employees", "managers"}), languages=["de"])
    settings = Settings(desks={"shop": Desk(languages=["fr"]), "it": desk})
    asked_at = settings.desk_for("employees")
    assert asked_at.languages == ["de"]
    assert asked_at.audiences == {"public", "employees"}
    assert settings.desk_for("public").languages == ["fr"]
    assert settings.desk_for("partners").audiences == {"public", "partners"}
