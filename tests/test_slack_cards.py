"""Cards and threads as text, and that Slack takes them whatever strangers write."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.db import now
from channels.slack.cards import Posting, card
from channels.slack.emoji import with_emoji
from channels.slack.threads import message, opening
from channels.slack.triage_case import Case
from handoff.transcript import Line
from tests.fakes.slack import block_kit

LINK = "https://help.larkhome.example/console/conversations/7"
CAROL = Case(
    ticket_id=1,
    conversation_id=7,
    ticket="FL-204913",
    customer="Carol",
    channel="Telegram",
    desk="Larkhome",
    why="The customer is losing patience",
    language=None,
    frustration=0.82,
    owner=None,
    waits_since=None,
    ending=None,
    asked=["My hub is offline", "It is STILL offline"],
    answered="Hold the button for ten seconds.",
    doubtful=0,
    last_seq=5,
)
texts = st.text(max_size=8000) | st.sampled_from(("<" * 5000, "**a** " * 2000, "```\n" * 900))


def line(text: str, author: str = "customer", **more: Any) -> Line:
    values: Line = {
        "seq": 1,
        "author": author,
        "name": "Maya" if author == "agent" else None,
        "private": False,
        "kind": None,
        "text": text,
        "content": {},
        "evidence": None,
        "status": "sent",
        "channel": "telegram",
        "at": "2026-01-01T00:00:00.000Z",
    }
    return values | more  # type: ignore[return-value]


def shown(posting: Posting) -> list[str]:
    """Each block's words."""
    found = []
    for block in (each.to_dict() for each in posting.blocks):
        parts = [block["text"]] if "text" in block else block["elements"]
        found.append(" | ".join(_words(part) for part in parts))
    return found


def _words(part: dict[str, Any]) -> str:
    return str(part["text"]["text"] if part["type"] == "button" else part["text"])


def problems(posting: Posting) -> list[str]:
    return list(block_kit.problems([block.to_dict() for block in posting.blocks]))


def test_a_card_that_waits() -> None:
    waits = replace(CAROL, waits_since=now() - timedelta(minutes=20), language="Spanish")
    assert shown(card(waits, LINK)) == [
        "Carol · Telegram",
        "The customer is losing patience",
        "Carol: My hub is offline\nCarol: It is STILL offline\n"
        "Bot: Hold the button for ten seconds.",
        "FL-204913 · Larkhome · frustration 82% · writes Spanish · waiting for over 15 minutes",
        "Claim | Open in console",
    ]


def test_a_card_that_somebody_has() -> None:
    *_, facts, buttons = shown(card(replace(CAROL, owner="Maya", doubtful=2), LINK))
    assert facts.endswith("Maya has it · 2 lines not surely delivered: see the console")
    assert buttons == "Resolve | Hand back to the bot | Release | Open in console"


def test_a_card_that_is_done_is_one_line() -> None:
    done = replace(CAROL, ending="Maya resolved the conversation")
    assert shown(card(done, LINK)) == ["FL-204913 · Carol · Maya resolved the conversation"]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "under 2 minutes"), (3, "over 2 minutes"), (61, "over an hour"), (5000, "over a day")],
)
def test_the_wait_is_told_in_steps(minutes: int, words: str) -> None:
    waits = replace(CAROL, waits_since=now() - timedelta(minutes=minutes))
    assert shown(card(waits, LINK))[-2].endswith(f"waiting for {words}")


def test_a_thread_names_who_speaks_and_what_stays_private() -> None:
    assert shown(message(line("<@U1> *hi*"), "Carol")) == ["Carol · Telegram", "<@U1> *hi*"]
    assert shown(message(line("Hello", "agent"), "Carol")) == ["Maya · to the customer", "Hello"]
    note = message(line("odd", "agent", private=True), "Carol")
    assert shown(note) == ["Maya · private note", "odd"]
    quote = message(line("Press **Reset**.", "bot", content={"markdown": True}), "Carol")
    assert shown(quote) == ["The bot", "Press *Reset*."]
    photo = message(line("", content={"attachments": [{"name": "hub.jpg"}]}), "Carol")
    assert shown(photo) == ["Carol · Telegram", "Attached, to be seen in the console: hub.jpg"]
    edit = message(line("the lamp", kind="edit", content={"changes": 3}), "Carol")
    assert shown(edit)[0] == "Carol · Telegram · an earlier message now says"


def test_what_a_notification_says_calls_nobody() -> None:
    assert message(line("<!channel> & <@U1>"), "Carol").text == (
        "Carol · Telegram: &lt;!channel&gt; &amp; &lt;@U1&gt;"
    )


@settings(deadline=None, max_examples=50)
@given(texts, st.sampled_from(("customer", "bot", "agent", "system")), st.booleans())
def test_slack_takes_any_line(text: str, author: str, markdown: bool) -> None:
    content = {"markdown": markdown, "attachments": [{"name": "n" * 255}] * 20}
    said = line(text, author, content=content)
    assert not problems(message(said, "C" * 200))
    assert not problems(opening([said] * 20, "C" * 200, LINK))
    case = replace(CAROL, customer="C" * 320, asked=[text, text], answered=text, ending=None)
    assert not problems(card(case, LINK))


def test_emoji_are_characters_where_slack_says_which() -> None:
    elements = [
        {"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fd", "skin_tone": 4},
        {"type": "emoji", "name": "wave", "unicode": "1f44b"},
        {"type": "emoji", "name": "larkhome"},  # the workspace's own
        {"type": "emoji", "name": "odd", "unicode": "x"},
    ]
    section = {"type": "rich_text_section", "elements": elements}
    blocks = [{"type": "rich_text", "elements": [section]}]
    text = ":wave: :wave::skin-tone-4: :larkhome: :odd: 10:30:45"
    assert with_emoji(text, blocks) == "👋 👋🏽 :larkhome: :odd: 10:30:45"
    assert with_emoji(text, None) == text


@given(
    st.recursive(
        st.none() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(("type", "elements", "unicode", "name", "skin_tone")), inner
            )
        ),
    )
)
def test_no_blocks_are_too_odd(blocks: object) -> None:
    assert with_emoji("hello", blocks) == "hello"
