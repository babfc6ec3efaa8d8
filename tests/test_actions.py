"""The demo company's flows, through real rasa_sdk actions run in-process."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasa_sdk.executor import ActionExecutor

from bot.action_runner.ran import ActionFailedError
from bot.action_runner.runner import ActionRunner
from bot.actions import hand_over, services
from bot.actions.registered import ACTIONS
from bot.actions.services import Services, use
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.state import DialogueState, Step
from bot.dialogue.steps import Loop, Run, Story, UserSays
from bot.entities.extractor import EntityExtractor
from bot.shop import DemoShop
from bot.training import read_training
from bot.turn import Understanding
from tests.fakes.dialogue import advance

DEMO = Path(__file__).parent.parent / "training_data"
TRAINING = read_training(DEMO)
ENTITIES = EntityExtractor(TRAINING)
RUNNER = ActionRunner(TRAINING.domain)
DIALOGUE = Dialogue(TRAINING, RUNNER)
Talk = Callable[..., Step]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[DemoShop]:
    shop = DemoShop.create(tmp_path / "shop.db", DEMO / "shop.yml")
    use(Services(shop, _tickets))
    yield shop
    services._used = None


def _tickets(number: str, sender: str) -> str | None:
    return f"{number} waits." if (number, sender) == ("FL-120934", "alice") else None


def understand(line: str) -> Understanding:
    """ "order_status: where is it?" is an intent and a text; "/intent{...}" a pressed button."""
    if line.startswith("/"):
        intent, brace, slots = line[1:].partition("{")
        return Understanding(line, intent, 1.0, slots=json.loads(brace + slots or "{}"))
    intent, _, text = line.partition(": ")
    return Understanding(text, intent, 1.0, (), ENTITIES.extract(text))


def talk(*lines: str, desk: str = "customers", sender: str = "alice") -> Step:
    state = DialogueState()
    for line in lines:
        step = advance(DIALOGUE, state, understand(line), sender, desk)
        state = step.state
    return step


def says(step: Step) -> str:
    return " ".join(reply.text for reply in step.replies)


@pytest.mark.usefixtures("shop")
class TestOrderStatus:
    def test_all_at_once(self) -> None:
        step = talk("order_status: where's lh 204518? I'm alice@web.example")
        assert step.outcome == "done"
        assert "Order LH-204518" in says(step)
        assert "Swiftpost" in says(step)

    def test_one_by_one_with_a_bare_number_and_a_post_code(self) -> None:
        step = talk("order_status: where's my order", "x: 204518")
        assert "e-mail address" in says(step)
        assert talk("order_status: hi", "x: 204518", "x: BS1 4ST").outcome == "done"

    @pytest.mark.parametrize("number", ["LH-204518", "LH-999999"])
    def test_a_wrong_pair_sounds_like_an_unknown_number(self, number: str) -> None:
        step = talk(f"order_status: {number} mallory@web.example")
        assert says(step) == says(talk("order_status: LH-318842 mallory@web.example"))
        assert "204518" not in says(step).replace("looks like LH-204518", "")
        assert step.outcome == "listening"

    def test_guessing_ends_with_a_person(self) -> None:
        guess = "order_status: LH-204518 mallory@web.example"
        step = talk(guess, guess, guess)
        assert step.outcome == "failed"
        assert "your privacy" in says(step)
        assert step.state.slots["email"] is None

    def test_guesses_count_across_flows(self) -> None:
        guess = "LH-204518 mallory@web.example"
        returns = f"return_item: faulty refund {guess}"
        step = talk(f"order_status: {guess}", "cancel_flow: stop", returns, returns)
        assert step.outcome == "failed"

    def test_a_correction_while_the_e_mail_is_asked_for(self) -> None:
        step = talk("order_status: LH-204518", "deny: no, it's LH-204519", "x: alice@web.example")
        assert "LH-204519" in says(step)

    def test_every_state_has_words(self) -> None:
        for order in ("LH-318842 bob@post", "LH-550127 carol@mail", "LH-882013 dave@home"):
            assert talk(f"order_status: {order}.example").outcome == "done"
        for order in ("LH-640095 erin@mail", "LH-512004 niaj@home", "LH-298650 olivia@post"):
            step = talk(f"order_status: {order}.example")
            assert "{" not in says(step)
            assert "None" not in says(step)


@pytest.mark.usefixtures("shop")
class TestReturns:
    def test_step_by_step_with_buttons(self) -> None:
        begun = ["return_item: I want to send it back", "x: LH-119264", "x: grace@post.example"]
        asked = talk(*begun)
        assert [button.title for button in asked.replies[-1].buttons][1] == "It's faulty"
        pressed = [button.payload for button in asked.replies[-1].buttons]
        step = talk(*begun, pressed[1], '/return_item{"resolution": "exchange"}')
        assert step.outcome == "done"
        assert "RMA-" in says(step)
        assert "replacement" in says(step)

    def test_in_own_words(self) -> None:
        line = "return_item: my order LH-119264 came broken, money back please grace@post.example"
        step = talk(line)
        assert "RMA-" in says(step)
        assert "already a return" in says(talk(line))

    def test_the_order_talked_about_is_one_tap_away(self) -> None:
        step = talk("order_status: LH-119264 grace@post.example", "return_item: send it back")
        assert [button.title for button in step.replies[0].buttons] == ["LH-119264"]
        pressed = step.replies[0].buttons[0].payload
        step = advance(DIALOGUE, step.state, understand(pressed), "alice", "customers")
        assert step.state.requested_slot == "return_reason"  # the e-mail address is known

    def test_what_the_terms_do_not_allow_is_explained(self) -> None:
        kept_long = "LH-407733 bob@post.example"
        assert "30 days" in says(talk(f"return_item: changed my mind, refund {kept_long}"))
        step = talk(f"return_item: faulty, refund {kept_long}")
        assert "exchange rather than a refund" in says(step)
        exchange = step.replies[0].buttons[0].payload
        step = advance(DIALOGUE, step.state, understand(exchange), "alice", "customers")
        assert "RMA-" in says(step)

    def test_a_made_up_choice_is_refused(self) -> None:
        forged = '/return_item{"return_reason": "' + "x" * 50 + '"}'
        step = talk("return_item: LH-119264 grace@post.example", forged)
        assert step.state.slots["return_reason"] is None
        assert step.state.failures == 1


class TestPasswordReset:
    def test_nobody_learns_whether_there_is_an_account(self, shop: DemoShop) -> None:
        known = talk("reset_password: link to alice@web.example")
        unknown = talk("reset_password: link to nobody@web.example")
        assert says(known) == says(unknown).replace("nobody", "alice")
        assert shop.password_resets("alice@web.example") == 1

    @pytest.mark.usefixtures("shop")
    def test_employees_are_asked_for_their_larkid(self) -> None:
        assert "LarkID" in says(talk("reset_password: locked out", desk="employees"))
        assert "LarkID" not in says(talk("reset_password: locked out"))


@pytest.mark.usefixtures("shop")
class TestTicketStatus:
    def test_only_for_whoever_has_it(self) -> None:
        assert says(talk("ticket_status: any news on fl 120934?")) == "FL-120934 waits."
        assert "can't find" in says(talk("ticket_status: FL-120934", sender="mallory"))

    def test_a_bare_number_answers_the_question(self) -> None:
        assert says(talk("ticket_status: my ticket?", "x: 120934")) == "FL-120934 waits."


@pytest.mark.usefixtures("shop")
def test_leaving_a_form_forgets_what_it_asked() -> None:
    step = talk("order_status: LH-204518", "cancel_flow: forget it")
    assert step.outcome == "cancelled"
    assert step.state.slots["order_number"] is None
    assert step.replies[0].text


lines = st.sampled_from(
    [
        *("order_status: ", "return_item: ", "reset_password: ", "ticket_status: ", "thank: ta"),
        *("x: LH-204518", "x: alice@web.example", "x: BS1 4ST", "x: it's broken", "x: refund"),
        *("cancel_flow: stop", "x: ?", "x: 204518", "deny: no", 'x: {"', "x: FL-120934"),
        *('/return_item{"return_reason": ["x"]}', '/x{"requested_slot": "y"}', "/x{}"),
    ]
)


@pytest.mark.usefixtures("shop")
@given(st.lists(lines, min_size=1, max_size=8))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_said_the_dialogue_stands(said: list[str]) -> None:
    step = talk(*said)
    state = step.state
    assert DialogueState(**json.loads(json.dumps(asdict(state)))) == state
    assert (step.outcome == "listening") is (state.active_loop is not None)
    assert bool(state.active_loop) is bool(state.requested_slot)
    assert state.failures < 3
    assert not re.search(r"\{|None", says(step))


@pytest.mark.usefixtures("shop")
def test_another_flow_takes_over() -> None:
    step = talk("return_item: send it back", "reset_password: first my password")
    assert step.state.active_loop == "password_reset_form"
    assert step.state.requested_slot == "email"


def test_without_a_shop_a_person_takes_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(services, "_used", None)
    monkeypatch.setenv("FIRSTLINE_DATA", str(tmp_path))
    step = talk("order_status: LH-204518 alice@web.example")
    assert step.outcome == "failed"
    assert "can't reach our order system" in says(step)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("story", TRAINING.stories, ids=lambda story: story.name)
def test_the_stories_can_be_told(story: Story) -> None:
    """Every message leads to the form, or to none, that the story says."""
    state, loop = DialogueState(), None
    for step in story.steps:
        if isinstance(step, UserSays):
            assert state.active_loop == loop
            written = {
                "order_number": "LH-204518",
                "email": "alice@web.example",
                "ticket_number": "FL-120934",
            }
            text = " ".join(written[each.entity] for each in step.entities)
            said = understand(f"{step.intent}: {text}")
            state = advance(DIALOGUE, state, said, "alice", "customers").state
        elif isinstance(step, Loop):
            loop = step.name
        else:
            assert not isinstance(step, Run) or TRAINING.domain.knows_action(step.action)
    assert state.active_loop == loop


def test_every_response_that_actions_use_exists() -> None:
    files = set(Path(services.__file__).parent.glob("*.py")) - {Path(hand_over.__file__)}
    used = set(re.findall(r'"(utter_\w+)"', "".join(path.read_text() for path in files)))
    assert used <= set(TRAINING.domain.responses)


def test_handing_over_is_a_pause_here() -> None:
    ran = RUNNER.run("action_hand_over", {"sender_id": "alice", "slots": {}})
    assert [event["event"] for event in ran.events] == ["pause"]
    assert ran.messages == ()


def test_a_failing_action_is_named_without_the_customers_words() -> None:
    slots = {"ticket_numbers": "Alice's secret"}
    with pytest.raises(ActionFailedError) as failed:
        RUNNER.run("action_ticket_status", {"sender_id": "alice", "slots": slots})
    assert "action_ticket_status raised KeyError" in str(failed.value)
    assert "bot/actions/tickets.py:" in str(failed.value)
    assert "secret" not in str(failed.value)


def test_a_full_rasa_finds_the_same_actions() -> None:
    executor = ActionExecutor()
    executor.register_package("bot.actions")
    ours = {action().name() for action in ACTIONS}
    assert ours <= set(executor.actions)
    assert ours == set(TRAINING.domain.actions)


def test_rasa_sdk_is_not_loaded_before_the_first_flow() -> None:
    code = (
        "import sys; from pathlib import Path; from bot.training import read_training;"
        "from bot.dialogue.dialogue import Dialogue;"
        "from bot.action_runner.runner import ActionRunner;"
        "from bot.actions.services import Services, use;"
        f"training = read_training(Path({str(DEMO)!r}));"
        "use(Services()); Dialogue(training, ActionRunner(training.domain)).starts('order_status');"
        "assert not {'rasa_sdk', 'sanic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=DEMO.parent)


def test_running_an_action_costs_little() -> None:
    tracker = {"sender_id": "alice", "slots": {}, "active_loop": {"name": "return_form"}}
    RUNNER.run("action_forget_form", tracker)

    def seconds() -> float:
        begun = time.perf_counter()
        RUNNER.run("action_forget_form", tracker)
        return time.perf_counter() - begun

    assert min(seconds() for _ in range(20)) < 0.002
