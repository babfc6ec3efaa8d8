"""A Rasa project's own actions run in this process, as an action server would run them."""

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from bot.action_runner.check import check_actions
from bot.action_runner.endpoint import Endpoint
from bot.action_runner.project_actions import ProjectActions
from bot.action_runner.ran import ActionFailedError, UnknownActionError
from bot.action_runner.runner import ActionRunner
from bot.domain import Domain
from bot.marked_yaml import TrainingError
from bot.settings import load_settings
from bot.turn import JSON
from channels.app import create_app
from tests.fakes.action_server import free_port, running, wait_for
from tests.fakes.people import Customer

Write = Callable[..., Path]
TRACKER: JSON = {"sender_id": "alice", "slots": {"city": "York", "size": None}, "events": []}
GREETS = """
from rasa_sdk import Action

class {kind}(Action):
    def name(self):
        return "{name}"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text={text})
        return []
"""


def greets(name: str, text: str = "'Hello'", kind: str = "Greets") -> str:
    return GREETS.format(name=name, text=text, kind=kind)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files of a project: names with __ for / and _py for .py."""

    def files(**texts: str) -> Path:
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/").replace("_py", ".py").replace(
                "INIT", "__init__"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return files


def runner(project: Path, *actions: str, endpoint: Endpoint | None = None) -> ActionRunner:
    lines = {f"actions/{name}": (project / "domain.yml", 1) for name in actions}
    return ActionRunner(Domain(actions=actions, lines=lines), project, endpoint)


def says(project: Path, action: str) -> list[Any]:
    return [each["text"] for each in runner(project).run(action, TRACKER).messages]


def problem(project: Path) -> str:
    found = check_actions(Domain(), project).problem
    assert found is not None
    with pytest.raises(TrainingError) as raised:
        runner(project)
    assert str(raised.value) == str(found)
    return str(found).removeprefix(f"{project}/")


def test_a_package_a_folder_without_init_and_a_module_are_found(tmp_path: Path) -> None:
    for place in ("package/actions/__init__.py", "folder/actions/actions.py", "module/actions.py"):
        file = tmp_path / place
        file.parent.mkdir(parents=True)
        file.write_text(greets("action_greet", f"'Hello from {place}'"))
    for kind, place in (
        ("package", "package/actions/__init__.py"),
        ("folder", "folder/actions/actions.py"),
        ("module", "module/actions.py"),
    ):
        assert says(tmp_path / kind, "action_greet") == [f"Hello from {place}"]


def test_imports_in_the_package_and_beside_it_work_also_while_it_runs(write: Write) -> None:
    project = write(
        actions__INIT_py="",
        actions__words_py="HELLO = 'Hello'",
        actions__more__INIT_py="",
        actions__more__deep_py=greets("action_deep", "'Deep'", "Deep"),
        actions__actions_py="from .words import HELLO\nfrom actions.words import HELLO as SAME\n"
        "import actions.words\nimport helpers\n"
        + greets("action_greet", "HELLO + SAME + actions.words.HELLO + helpers.late()"),
        helpers_py="def late():\n    from elsewhere import WORD\n    return WORD",
        elsewhere_py="WORD = '!'",
    )
    here = runner(project)
    assert here.run("action_greet", TRACKER).messages[0]["text"] == "HelloHelloHello!"
    assert here.run("action_deep", TRACKER).messages[0]["text"] == "Deep"
    assert not list(project.rglob("__pycache__"))


def test_two_projects_in_one_process_do_not_mix(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "actions.py").write_text(
            "import words\n" + greets(f"action_{name}", "words.HELLO")
        )
        (tmp_path / name / "words.py").write_text(f"HELLO = '{name}'")
    one, two = runner(tmp_path / "one"), runner(tmp_path / "two")
    assert one.run("action_one", TRACKER).messages[0]["text"] == "one"
    assert two.run("action_two", TRACKER).messages[0]["text"] == "two"
    with pytest.raises(UnknownActionError, match="action_one is implemented nowhere"):
        two.run("action_one", TRACKER)


def test_files_are_read_relative_to_the_project(write: Write) -> None:
    project = write(
        knowledge_base_data_json='{"hotel": [{"id": 1, "name": "Seaview"}]}',
        actions__actions_py="""
from rasa_sdk.knowledge_base.actions import ActionQueryKnowledgeBase
from rasa_sdk.knowledge_base.storage import InMemoryKnowledgeBase

class ActionHotels(ActionQueryKnowledgeBase):
    def __init__(self):
        super().__init__(InMemoryKnowledgeBase("knowledge_base_data_json"))
""",
    )
    here = Path.cwd()
    tracker = TRACKER | {"slots": {"object_type": "hotel"}, "latest_message": {"entities": []}}
    ran = runner(project).run("action_query_knowledge_base", tracker)
    assert ran.messages[1]["text"] == "1: Seaview"
    assert ran.events[0]["name"] == "object_type"
    assert Path.cwd() == here


def test_forms_are_validated_and_the_callers_tracker_stays_as_it_was(write: Write) -> None:
    project = write(
        actions_py="""
from rasa_sdk import FormValidationAction

class ValidateSizeForm(FormValidationAction):
    def name(self):
        return "validate_size_form"

    async def required_slots(self, domain_slots, dispatcher, tracker, domain):
        return ["size"]

    def validate_size(self, value, dispatcher, tracker, domain):
        return {"size": value.upper()}
"""
    )
    event = {"event": "slot", "name": "size", "value": "xl"}
    tracker = {
        **TRACKER,
        "slots": {"size": "xl"},
        "events": [event],
        "active_loop": {"name": "size_form"},
    }
    domain = Domain(raw={"forms": {"size_form": {"required_slots": ["size"]}}})
    ran = ActionRunner(domain, project).run("validate_size_form", tracker)
    assert {"event": "slot", "timestamp": None, "name": "size", "value": "XL"} in ran.events
    assert tracker["slots"] == {"size": "xl"}
    assert tracker["events"] == [event]


def test_classes_that_are_only_inherited_from_are_no_actions(write: Write) -> None:
    project = write(
        actions_py="""
from abc import abstractmethod
from rasa_sdk import Action

class Base(Action):
    def __init__(self, text):
        self.text = text

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=self.text)
        return []

class Nameless(Action):
    pass

class Greets(Base):
    def __init__(self):
        super().__init__("Hello")

    def name(self):
        return "action_greet"
"""
    )
    assert says(project, "action_greet") == ["Hello"]


def test_a_missing_package_is_named_with_its_line_and_the_mend(write: Write) -> None:
    found = problem(write(actions__actions_py="import os\nimport pyjokes_of_bob.fun\n"))
    assert found.startswith('actions/actions.py:2: "pyjokes_of_bob" is not installed')
    assert f"{sys.executable} -m pip install pyjokes_of_bob" in found


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\nfrom actions import gone", "actions.py:2: importing it raised ImportError"),
        ("import actions.gone", 'actions.py:1: the project has no module "actions.gone"'),
        ("import rasa.core", "actions.py:1: Rasa itself can't be installed beside Firstline"),
        ("\n\ndef broken(:", "actions.py:3: this is no Python 3."),
        ("x = 1\nopen('gone.json')", "actions.py:2: importing it raised FileNotFoundError"),
        ("import sys\nsys.exit(3)", "actions.py:2: importing it raised SystemExit: 3"),
        (
            greets("action_x").replace("def name", "def __init__(self, x): ...\n    def name"),
            "actions.py:4: making the action Greets raised TypeError",
        ),
    ],
)
def test_what_cannot_be_imported_is_named_with_file_and_line(
    write: Write, text: str, named: str
) -> None:
    found = problem(write(actions__actions_py=text))
    assert found.startswith(f"actions/{named}")


def test_a_project_that_fails_leaves_no_module_behind(write: Write) -> None:
    problem(
        write(
            actions__INIT_py="",
            actions__a_py="",
            actions__b_py="import helpers_of_bob\n1 / 0",
            helpers_of_bob_py="",
        )
    )
    assert not {"actions", "actions.a", "actions.b", "helpers_of_bob"} & set(sys.modules)
    assert not any("helpers_of_bob" in name for name in sys.path)


def test_actions_that_nobody_implements_are_named(write: Write) -> None:
    project = write(actions_py=greets("action_greet"))
    names = ("action_greet", "action_missing", "action_hand_over", "utter_hello", "size_form")
    domain = Domain(
        actions=names,
        forms={"size_form": None},  # type: ignore[dict-item]
        lines={
            f"actions/{name}": (project / "domain.yml", line) for line, name in enumerate(names, 5)
        },
    )
    checked = check_actions(domain, project)
    assert checked.problem is None
    assert checked.warnings == (
        f"{project}/domain.yml:6: action_missing is implemented nowhere; "
        "when it is due, a person takes over",
    )


def test_the_projects_actions_come_before_ours(write: Write) -> None:
    project = write(actions_py=greets("action_hand_over", "'No'"))
    assert says(project, "action_hand_over") == ["No"]


def test_a_failure_is_named_with_its_line_and_without_a_customers_words(write: Write) -> None:
    project = write(
        actions_py="import helpers\n" + greets("action_greet", "helpers.fail(tracker)"),
        helpers_py="def fail(tracker):\n    raise ValueError(tracker.get_slot('city'))",
    )
    with pytest.raises(ActionFailedError) as failed:
        runner(project).run("action_greet", TRACKER)
    assert (
        str(failed.value)
        == f"action_greet raised ValueError at {project}/helpers.py:2; mend it there"
    )


def test_an_action_that_gives_up_the_process_takes_nothing_down(write: Write) -> None:
    project = write(actions_py=greets("action_greet") + greets("action_leave", "exit(1)", "Leaves"))
    here = runner(project)
    with pytest.raises(ActionFailedError, match="action_leave raised SystemExit"):
        here.run("action_leave", TRACKER)
    assert here.run("action_greet", TRACKER).messages


def test_a_rejection_is_one(write: Write) -> None:
    project = write(
        actions_py="from rasa_sdk.interfaces import ActionExecutionRejection\n"
        + greets("action_greet").replace(
            "return []", 'raise ActionExecutionRejection("action_greet")'
        )
    )
    assert runner(project).run("action_greet", TRACKER).rejected


@pytest.mark.parametrize("value", ["{1, 2}", "object()", "float('nan')"])
def test_what_is_no_json_is_refused(write: Write, value: str) -> None:
    project = write(
        actions_py="from rasa_sdk.events import SlotSet\n"
        + greets("action_greet").replace("return []", f'return [SlotSet("city", {value})]')
    )
    with pytest.raises(ActionFailedError, match="action_greet returned a value that is no JSON"):
        runner(project).run("action_greet", TRACKER)


def test_what_is_not_from_rasa_sdk_events_is_refused(write: Write) -> None:
    project = write(
        actions_py=greets("action_greet").replace("return []", 'return [{"event": "slot"}]')
    )
    with pytest.raises(ActionFailedError, match='event "slot" without its "value"'):
        runner(project).run("action_greet", TRACKER)


def test_all_is_done_in_one_thread_with_one_event_loop(write: Write) -> None:
    project = write(
        actions_py="""
import asyncio
import sqlite3
from rasa_sdk import Action

shop = sqlite3.connect(":memory:")  # refuses any other thread
loops = set()

class ActionCount(Action):
    def name(self):
        return "action_count"

    async def run(self, dispatcher, tracker, domain):
        loops.add(id(asyncio.get_running_loop()))
        await asyncio.sleep(0.01)
        dispatcher.utter_message(text=f"{shop.execute('select 7').fetchone()[0]} {len(loops)}")
        return []
"""
    )
    here = runner(project)
    said: list[str] = []

    def ask() -> None:
        said.append(here.run("action_count", TRACKER).messages[0]["text"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["7 1"] * 4


def test_an_action_that_takes_too_long_is_given_up(write: Write) -> None:
    project = write(
        actions_py="import asyncio\n"
        + greets("action_slow", "await asyncio.sleep(60)").replace("def run", "async def run")
        + greets("action_greet", kind="Greets2")
    )
    here = ProjectActions(project, {}, patience=0.05)
    begun = time.monotonic()
    with pytest.raises(ActionFailedError, match=r"action_slow took longer than 0\.05 seconds"):
        here.run("action_slow", TRACKER)
    assert time.monotonic() - begun < 5
    assert here.run("action_greet", TRACKER).messages


def test_a_default_address_where_nothing_listens_does_not_keep_the_folder_from_running(
    write: Write,
) -> None:
    project = write(actions_py=greets("action_greet"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint.of({"url": f"http://127.0.0.1:{listener.getsockname()[1]}/webhook"})
        assert not endpoint.is_idle_here()
    assert runner(project, endpoint=endpoint).run("action_greet", TRACKER).messages
    assert not Endpoint.of({"url": "http://actions.example:5055/webhook"}).is_idle_here()


def test_what_cannot_be_imported_is_left_to_an_action_server_that_is_named(write: Write) -> None:
    project = write(actions_py="import gone_of_bob")
    endpoint = Endpoint.of({"url": "http://127.0.0.1:1/webhook"})
    [warning] = check_actions(Domain(), project, endpoint).warnings
    assert '"gone_of_bob" is not installed' in warning
    assert "start the action server at http://127.0.0.1:1/webhook" in warning
    with pytest.raises(ActionFailedError, match="can't be reached"):
        runner(project, endpoint=endpoint).run("action_greet", TRACKER)


def test_an_action_can_be_cancelled_only_before_it_begins(write: Write) -> None:
    """Whoever waits behind a blocking action gives up, and theirs isn't run afterwards."""
    project = write(
        actions_py="import time\nran = []\n"
        + greets("action_block", "time.sleep(0.2)")
        + greets("action_note", "ran.append(1)", "Notes")
        + greets("action_tell", "str(len(ran))", "Tells")
    )
    here = ProjectActions(project, {}, patience=0.05)
    for name in ("action_block", "action_note"):
        with pytest.raises(ActionFailedError, match="or waited so long for another action"):
            here.run(name, TRACKER)
    time.sleep(0.2)
    assert here.run("action_tell", TRACKER).messages[0]["text"] == "0"


def test_running_in_an_event_loop_of_ones_own_is_no_problem(write: Write) -> None:
    project = write(actions_py=greets("action_greet"))
    here = runner(project)

    async def ask() -> Any:
        return await asyncio.to_thread(here.run, "action_greet", TRACKER)

    assert asyncio.run(ask()).messages


def test_a_server_runs_the_actions_of_what_it_was_trained_on_or_says_why_it_cannot(
    data: Path,
) -> None:
    actions = data / "training" / "actions.py"
    actions.write_text(greets("validate_ticket_status_form", "'Hello from the project'"))
    with TestClient(create_app(load_settings(data))) as client:
        said = Customer(client, "Carol").says("/ticket_status")
    assert "Hello from the project" in [line["text"] for line in said]
    actions.write_text("import gone_of_bob")
    with pytest.raises(TrainingError, match=r'actions.py:1: "gone_of_bob" is not installed'):
        create_app(load_settings(data))


def test_while_it_serves_actions_open_the_files_of_the_project(data: Path, tmp_path: Path) -> None:
    (data / "training" / "words.txt").write_text("Hello from a file")
    (data / "training" / "actions.py").write_text(
        greets("validate_ticket_status_form", "open('words.txt').read()")
    )
    port = free_port()
    firstline = Path(sys.executable).with_name("firstline")
    serve: list[str | Path] = [firstline, "serve", "--data", data, "--port", str(port)]
    with running(serve, tmp_path) as process, httpx.Client(timeout=30) as client:
        client.base_url = f"http://127.0.0.1:{port}"
        wait_for(f"{client.base_url}/healthz", process)
        said = Customer(client, "Carol").says("/ticket_status")
    assert "Hello from a file" in [line["text"] for line in said]
