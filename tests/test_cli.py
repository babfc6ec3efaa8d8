"""The command: what it prints where, and its exit codes: 0 well, 1 it failed, 2 wrong input."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.main import get_command

from bot.confidence import DEFAULT, Confidence
from bot.intent import save_arrays
from bot.settings import Desk, PolicySettings, Settings, load_settings
from channels import cli
from channels.app import create_app
from handoff.agents import check_password
from kb_index.encoder import Encoder, ModelError
from tests.conftest import run_firstline
from tests.fakes.command import Firstline, fails
from tests.fakes.postgres import on_both_databases

GOOD = "---\ntitle: How do I clean the Lark Eye?\naudience: public\n---\nWith a dry cloth.\n"
BROKEN = "---\ntitle: [unclosed\n---\nWith a dry cloth.\n"


COMMANDS = [
    ("serve",),
    ("train",),
    ("chat",),
    ("eval", "answers"),
    ("eval", "conversations", "training_data/conversations"),
    ("eval", "report"),
    ("kb", "check", "somewhere"),
    ("kb", "history"),
    ("kb", "import", "somewhere"),
    ("kb", "search", "hub"),
    ("agent", "add", "Alice", "alice@larkhome.example"),
    ("agent", "token", "alice@larkhome.example"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_says_when_the_data_directory_is_not_prepared(
    firstline: Firstline, tmp_path: Path, command: tuple[str, ...]
) -> None:
    nowhere = tmp_path / "nowhere"
    fails(firstline(*command, "--data", nowhere), 2, nowhere, "firstline init")
    assert not nowhere.exists()


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("company = ", "firstline.toml"),
        ("colour = 'blue'", "colour"),
        ("[policy]\nanswer = 2", "policy.answer"),
        ("[policy]\nansver = 0.5", "ansver"),
        ("[desks.customers]\ntimezone = 'Mars/Olympus'", "Mars/Olympus"),
        ("[desks.customers]\nhours = { mon = '20:00-08:00' }", "20:00-08:00"),
        ("[desks.customers]\nhours = { funday = '08:00-20:00' }", "funday"),
        ("[desks.customers]\naccent = 'blue'", "accent"),
    ],
)
def test_wrong_settings_are_named(firstline: Firstline, data: Path, toml: str, named: str) -> None:
    (data / "firstline.toml").write_text(toml)
    fails(firstline("kb", "search", "hub", "--data", data), 2, "firstline.toml", named)


def test_settings_that_are_no_text_are_named(firstline: Firstline, data: Path) -> None:
    (data / "firstline.toml").write_bytes(b"\xff\xfe\x00")
    fails(firstline("kb", "search", "hub", "--data", data), 2, "firstline.toml")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:hunter2@127.0.0.1:1/firstline",
        "postgresql://postgres:hunter2@nowhere.invalid/firstline",
        "sqlite:////nowhere/at/all/firstline.db",
        "oracle://x:hunter2@y/z",
        "nonsense",
        "http://user:hunter2@host/",
    ],
)
@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("agent", "token", "alice@larkhome.example")]
)
def test_a_wrong_database_is_named_without_its_password(
    firstline: Firstline,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    url: str,
) -> None:
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", url)
    outcome = firstline(*command, "--data", data)
    fails(outcome, 1, "FIRSTLINE_DATABASE_URL")
    assert "hunter2" not in outcome.err


def test_a_port_in_use_is_named(firstline: Firstline, data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fails(firstline("serve", "--data", data, "--port", str(port)), 1, port, "--port")


def damage_index(data: Path) -> None:
    current = (data / "index" / "CURRENT").read_text().strip()
    vectors = data / "index" / "builds" / current / "vectors.npy"
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"\x00\x01")


def forget_index(data: Path) -> None:
    (data / "index" / "CURRENT").unlink()


def damage_model(data: Path) -> None:
    (data / "models" / "intents.npz").write_bytes(b"PK\x03\x04 nonsense")


def forget_model(data: Path) -> None:
    (data / "models" / "intents.npz").unlink()


def forget_training(data: Path) -> None:
    (data / "training" / "domain.yml").unlink()


@pytest.mark.parametrize(
    ("harm", "mend"),
    [
        (damage_index, "firstline kb import"),
        (forget_index, "firstline kb import"),
        (damage_model, "firstline train"),
        (forget_model, "firstline train"),
        (forget_training, "domain"),
    ],
)
def test_what_is_missing_or_damaged_is_named_with_the_mend(
    firstline: Firstline, data: Path, harm: Callable[[Path], None], mend: str
) -> None:
    harm(data)
    outcome = firstline("serve", "--data", data, "--port", "0")
    assert outcome.code in (1, 2)
    fails(outcome, outcome.code, mend)


def test_an_import_does_not_forget_what_a_damaged_index_held(
    firstline: Firstline, data: Path, tmp_path: Path
) -> None:
    damage_index(data)
    before = (data / "index" / "CURRENT").read_text()
    (tmp_path / "new.md").write_text("# Tents\n\nA tent costs 20 pounds a day.\n")
    fails(firstline("kb", "import", tmp_path / "new.md", "--data", data), 1, "delete", "import")
    assert (data / "index" / "CURRENT").read_text() == before


def test_a_calibration_of_an_older_version_is_replaced_by_the_default(tmp_path: Path) -> None:
    save_arrays(tmp_path / "confidence.npz", {}, weights=np.ones(7, np.float32))
    assert Confidence.load(tmp_path / "confidence.npz") is DEFAULT


def test_a_model_that_does_not_exist_is_named(
    firstline: Firstline, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: str, folder: Path) -> Encoder:
        raise ModelError(f"the model '{model}' cannot be loaded")

    monkeypatch.setattr("bot.trained.open_encoder", refuse)  # torch alone takes seconds to load
    monkeypatch.setenv("FIRSTLINE_MODEL", "no-such-model")
    fails(firstline("kb", "search", "hub", "--data", data), 1, "no-such-model")


@on_both_databases
def test_an_agent_is_added_once_and_gets_a_token_that_works(
    firstline: Firstline, data: Path
) -> None:
    add = ("agent", "add", "Alice Adams", "Alice@Larkhome.example", "--data", data)
    added = firstline(*add)
    assert added.code == 0
    assert "/console" in added.err
    password = added.out.strip()
    fails(firstline(*add), 2, "alice@larkhome.example", "exists already")
    printed = firstline("agent", "token", "alice@larkhome.example", "--data", data)
    assert printed.code == 0
    assert printed.out.count("\n") == 1
    assert printed.err == ""
    app = create_app(load_settings(data))
    headers = {"Authorization": f"Bearer {printed.out.strip()}"}
    with TestClient(app) as client:
        assert client.get("/api/v1/conversations", headers=headers).status_code == 200
        with app.state.database.read() as session:
            assert check_password(session, "alice@larkhome.example", password)
            assert not check_password(session, "alice@larkhome.example", "wrong")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("Alice", "alice@larkhome.example", "--role", "king"), "king"),
        (("Alice", "no-address"), "no-address"),
        (("Alice", "a@b@c"), "a@b@c"),
        ((" ", "alice@larkhome.example"), "name"),
    ],
)
def test_an_agent_that_cannot_be_is_refused(
    firstline: Firstline, data: Path, arguments: tuple[str, ...], named: str
) -> None:
    fails(firstline("agent", "add", *arguments, "--data", data), 2, named)


def test_a_token_for_nobody_is_refused(firstline: Firstline, data: Path) -> None:
    outcome = firstline("agent", "token", "nobody@larkhome.example", "--data", data)
    fails(outcome, 2, "nobody@larkhome.example", "firstline agent add")


def found(firstline: Firstline, data: Path, query: str) -> list[str]:
    outcome = firstline("kb", "search", query, "--json", "--data", data)
    assert outcome.code == 0
    return [hit["article_id"] for hit in json.loads(outcome.out)]


def test_the_search_prints_json_or_lines_and_only_what_is_asked_for(
    firstline: Firstline, data: Path
) -> None:
    assert "smoke-alarm-chirps" in found(firstline, data, "lark smoke chirps")
    lines = firstline("kb", "search", "lark smoke chirps", "--k", "2", "--data", data)
    assert len(lines.out.splitlines()) == 2
    assert not [hit for hit in found(firstline, data, "vpn larkgate") if hit.startswith("it-")]
    for_employees = firstline("kb", "search", "vpn", "--audience", "employees", "--data", data)
    assert "it-vpn-set-up" in for_employees.out
    assert found(firstline, data, "   ") == []


@pytest.fixture
def small(
    data: Path, firstline: Firstline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A data directory that knows two articles, so that an import takes a moment only."""
    source = tmp_path / "first"
    source.mkdir()
    (source / "eye-cleaning.md").write_text(GOOD)
    (source / "hub-cleaning.md").write_text(GOOD.replace("Eye", "Hub"))
    from bot.candidate import build_index
    from bot.trained import open_batching_encoder

    build_index([], data, open_batching_encoder(load_settings(data)))
    assert firstline("kb", "import", source, "--data", data).code == 0
    return data


def test_an_import_adds_and_replaces_and_forgets_what_its_folder_lost(
    firstline: Firstline, small: Path, tmp_path: Path
) -> None:
    assert set(found(firstline, small, "cleaning")) == {"eye-cleaning", "hub-cleaning"}
    (tmp_path / "first" / "hub-cleaning.md").unlink()
    (tmp_path / "first" / "lock-cleaning.md").write_text(GOOD.replace("Eye", "Latch"))
    imported = firstline("kb", "import", tmp_path / "first", "--data", small)
    assert imported.code == 0
    assert "2 articles imported, 0 problems" in imported.err
    assert set(found(firstline, small, "cleaning")) == {"eye-cleaning", "lock-cleaning"}


def test_an_audience_given_is_for_files_without_one(
    firstline: Firstline, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.md").write_text("# Where is the key?\n\nUnder the mat.\n")
    firstline("kb", "import", tmp_path / "secret.md", "--audience", "employees", "--data", small)
    assert "secret" not in found(firstline, small, "where is the key")


@pytest.mark.parametrize("what", ["missing", "empty", "broken", "unknown", "binary"])
def test_an_import_that_fails_names_the_file_and_leaves_what_was_there(
    firstline: Firstline, small: Path, tmp_path: Path, what: str
) -> None:
    source = tmp_path / f"{what}-source"
    if what != "missing":
        source.mkdir()
    if what == "broken":
        (source / "broken.md").write_text(BROKEN)
    elif what == "unknown":
        source = source / "movie.mp4"
        source.write_bytes(b"\x00\x01")
    elif what == "binary":
        (source / "binary.md").write_bytes(b"\xff\xfe\x00\x80")
    outcome = firstline("kb", "import", source, "--data", small)
    fails(outcome, 2, f"{what}" if what not in ("unknown",) else "movie.mp4")
    assert set(found(firstline, small, "cleaning")) == {"eye-cleaning", "hub-cleaning"}


def test_one_broken_file_keeps_no_good_one_from_being_imported(
    firstline: Firstline, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "first" / "broken.md").write_text(BROKEN)
    (tmp_path / "first" / "lock-cleaning.md").write_text(GOOD.replace("Eye", "Latch"))
    outcome = firstline("kb", "import", tmp_path / "first", "--data", small)
    fails(outcome, 2, "broken.md")
    assert "lock-cleaning" in found(firstline, small, "cleaning")


def test_an_article_whose_file_cannot_be_read_any_more_stays_as_it_was(
    firstline: Firstline, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "first" / "eye-cleaning.md").write_text(BROKEN)
    outcome = firstline("kb", "import", tmp_path / "first", "--data", small)
    fails(outcome, 2, "eye-cleaning.md", "1 articles imported, 1 problems")
    assert set(found(firstline, small, "cleaning")) == {"eye-cleaning", "hub-cleaning"}


def test_training_on_what_is_not_there_names_it_and_changes_nothing(
    firstline: Firstline, data: Path, tmp_path: Path
) -> None:
    before = (data / "models" / "intents.npz").read_bytes()
    fails(firstline("train", tmp_path / "nowhere", "--data", data), 2, "nowhere")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "nlu.yml").write_text("nlu: [unclosed")
    fails(firstline("train", broken, "--data", data), 2, "nlu.yml")
    assert (data / "models" / "intents.npz").read_bytes() == before


def test_a_chat_needs_a_desk_that_exists(firstline: Firstline, data: Path) -> None:
    fails(firstline("chat", "--desk", "sales", "--data", data), 2, "sales", "customers")


def test_a_chat_in_the_terminal_answers_and_ends_with_the_input(
    firstline: Firstline, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["hello", "", "²", "how long is the warranty on a lark plug", "99"])

    def type_next(*_: object, **__: object) -> str:
        try:
            return next(said)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("rich.console.Console.input", type_next)
    outcome = firstline("chat", "--data", data)
    assert outcome.code == 0
    assert "empty" in outcome.out
    assert "Larkhome" in outcome.out or "Hello" in outcome.out


@pytest.mark.parametrize(
    "arguments", [("fly",), ("serve", "--port", "99999"), ("kb", "search"), ("serve", "--nope")]
)
def test_a_command_that_is_none_is_wrong_input(
    firstline: Firstline, arguments: tuple[str, ...]
) -> None:
    assert firstline(*arguments).code == 2


def test_a_data_directory_that_is_a_file_is_named(firstline: Firstline, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = firstline("init", "--data", tmp_path / "file")
    assert outcome.code in (1, 2)
    fails(outcome, outcome.code, tmp_path / "file")


def test_the_installed_command_runs(tmp_path: Path) -> None:
    ran = run_firstline("serve", "--data", str(tmp_path / "nowhere"))
    assert ran.returncode == 2
    assert "firstline init" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_command_and_setting_is_in_the_handbook() -> None:
    root = Path(cli.__file__).parents[1]
    pages = (root / "README.md", *(root / "docs").glob("*.md"))
    handbook = "".join(page.read_text(encoding="utf-8") for page in pages)
    groups: dict[str, Any] = get_command(cli.app).commands  # type: ignore[attr-defined]
    for name, group in groups.items():
        for sub in getattr(group, "commands", [""]):
            assert f"firstline {name} {sub}".strip() in handbook
    for setting in Settings.model_fields.keys() - {"data", "policy", "desks"}:
        assert f"FIRSTLINE_{setting.upper()}" in handbook
    for setting in PolicySettings.model_fields:
        assert f"policy.{setting}" in handbook
    for setting in Desk.model_fields:
        assert f"`{setting}`" in handbook


OUTSIDE = """
import sys

def watch(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        assert not isinstance(address, tuple) or address[0] in ("127.0.0.1", "::1"), address
    assert event != "socket.getaddrinfo" or arguments[0] in (None, "127.0.0.1", "localhost")

sys.addaudithook(watch)
from pathlib import Path
from fastapi.testclient import TestClient
from bot.settings import Desk, PolicySettings, Settings, load_settings
from channels.app import create_app

with TestClient(create_app(load_settings(Path(sys.argv[1])))) as client:
    for line in ("hello", "where is LH-204518?", "/cancel_flow", "how long is the warranty",
                 "/reset_password", "alice@web.example", "/talk_to_human"):
        body = {"sender": "Carol", "message": line}
        assert client.post("/webhooks/rest/webhook", json=body).json()
    for path in ("/", "/help", "/widget.js", "/console/sign-in", "/docs", "/readyz"):
        assert client.get(path).status_code == 200
print("nobody was called")
"""


def test_the_default_installation_calls_nobody(data: Path) -> None:
    """Import, start and a conversation, with every connection and look-up watched."""
    ran = subprocess.run(
        [sys.executable, "-c", OUTSIDE, str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        env={k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"},
        check=False,
    )
    assert ran.stdout.endswith("nobody was called\n"), ran.stderr
