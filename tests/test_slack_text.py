"""Texts on their way to Slack and from it."""

import html
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Author
from bot.speech import IT_DID_NOT, IT_HELPED, PERSON
from bot.turn import Button, Kind, Source
from channels.base import Outgoing
from channels.slack.blocks import answered, posting
from channels.slack.events import parse_message
from channels.slack.mrkdwn import from_markdown, from_plain
from channels.slack.plain import plain
from channels.slack.sections import LONGEST, sections
from tests.fakes.slack.block_kit import problems

BASE = "https://desk.example"
LINK = re.compile(r"<[^<>|]*(\|[^<>|]*)?>")


class Pages:
    """A help centre of public articles only."""

    base = BASE

    def address(self, target: str) -> str:
        return BASE + target if target.startswith("/") else target


def shown(markdown: str) -> str:
    return from_markdown(markdown, Pages().address)


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("**Bold**, *light* and ~~gone~~", "*Bold*, _light_ and ~gone~"),
        ("half**bold**", "halfbold"),
        ("# Heading *two*", "*Heading _two_*"),
        ("- one\n- two\n  1. a\n  2. b", "• one\n• two\n    1. a\n    2. b"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("> said\n> so", ">said so"),
        ("`a < b` and\n\n```\nx & y\n```", "`a &lt; b` and\n\n```\nx &amp; y\n```"),
        ("[the page](https://x.example/?a=1&b=2)", "<https://x.example/?a=1&amp;b=2|the page>"),
        ("[here](/help/vpn)", "<https://desk.example/help/vpn|here>"),
        ("[bad](javascript:alert)", "[bad](javascript:alert)"),
        ("![a lamp](https://x.example/lamp.png)", "a lamp"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "*a* | *b*\n1 | 2"),
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("see https://x.example.", "see <https://x.example>."),
    ],
)
def test_markdown_in_slacks_notation(markdown: str, mrkdwn: str) -> None:
    assert shown(markdown) == mrkdwn


@given(st.text(alphabet="<>@!#&|*_~`[]()\n abcU1:/.htps-", max_size=200))
def test_nothing_that_was_written_mentions_anyone(text: str) -> None:
    for mrkdwn in (from_plain(text), shown(text)):
        for found in LINK.finditer(mrkdwn):
            assert re.match(r"<(https?://|mailto:|tel:)", found[0])
        outside = LINK.sub("", mrkdwn)
        assert not re.search(r"<|&(?!amp;|lt;|gt;)", outside)


@given(st.text(max_size=300))
def test_plain_text_is_read_as_it_was_written(text: str) -> None:
    assert html.unescape(LINK.sub(lambda link: link[0][1:-1], from_plain(text))) == html.unescape(
        text.replace("&", "&amp;")
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@U1> hello", "hello"),
        ("<@U1>: hello <@U2|bob>", "hello @bob"),
        ("*bold* _light_ ~gone~ `code`", "bold light gone code"),
        ("*bold _and light_*", "bold and light"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("```*x*```", "*x*"),
        ("see <https://x.example/a|the page>", "see the page (https://x.example/a)"),
        (
            "<https://x.example|x.example> <mailto:a@b.example|a@b.example>",
            "https://x.example a@b.example",
        ),
        (
            "<#C1|general> <!here> <!subteam^S1|@team> <!date^1^{date}|today>",
            "#general @here @team today",
        ),
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("/link 483920", "/link 483920"),
    ],
)
def test_slacks_notation_as_plain_text(written: str, read: str) -> None:
    assert plain(written, us="U1") == read


@given(st.text(max_size=400))
def test_what_somebody_typed_comes_in_unchanged_but_for_emphasis(text: str) -> None:
    bare = re.sub(r"[*_~`]", "", text)
    escaped = bare.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(escaped) == html.unescape(escaped).strip()


@given(st.text(alphabet="ab <&>*\n`.", max_size=3000), st.integers(1, 5))
def test_long_texts_are_cut_into_sections_that_lose_no_words(text: str, times: int) -> None:
    whole = from_plain(text * times)
    parts = list(sections(whole))
    assert all(0 < len(part) <= LONGEST for part in parts)
    assert re.sub(r"\s|```|…", "", "".join(parts)) == re.sub(r"\s|```|…", "", whole)
    for part in parts:
        assert not re.search(r"&(?!amp;|lt;|gt;)", part)


LINES = st.builds(
    Outgoing,
    conversation_id=st.integers(1, 2**31),
    seq=st.integers(1, 10_000),
    account=st.just("T1"),
    address=st.just("D1"),
    author=st.sampled_from([Author.BOT, Author.AGENT, Author.SYSTEM]),
    text=st.text(max_size=500).flatmap(
        lambda text: st.integers(1, 60).map(lambda times: text * times)
    ),
    kind=st.sampled_from([None, *Kind]),
    name=st.none() | st.text(min_size=1, max_size=200),
    markdown=st.booleans(),
    buttons=st.lists(
        st.builds(Button, st.text(min_size=1, max_size=300), st.text(max_size=3000)), max_size=6
    ).map(tuple),
    sources=st.lists(
        st.builds(Source, st.text(), st.text(min_size=1), st.text(), st.text()), max_size=3
    ).map(tuple),
    ticket=st.none() | st.just("FL-123456"),
)


@given(LINES)
def test_slack_takes_every_line(line: Outgoing) -> None:
    site: Any = Pages()
    for said in (posting(line, site), answered(line, site, "Solved")):
        assert problems(json.loads(json.dumps([block.to_dict() for block in said.blocks]))) == []
        assert 0 < len(said.text) <= LONGEST


def test_an_answer_has_its_source_and_three_buttons() -> None:
    line = Outgoing(
        7,
        2,
        "T1",
        "D1",
        Author.BOT,
        "Press **reset**.",
        kind=Kind.ANSWER,
        markdown=True,
        buttons=(IT_HELPED, IT_DID_NOT),
        sources=(Source("vpn", "VPN", "", "/help/vpn"),),
    )
    site: Any = Pages()
    section, source, actions = (block.to_dict() for block in posting(line, site).blocks)
    assert section["text"]["text"] == "Press *reset*."
    assert source["elements"][0]["text"] == "Source: <https://desk.example/help/vpn|VPN>"
    assert [(each["text"]["text"], each["value"]) for each in actions["elements"]] == [
        ("Solved", "7:2:0"),
        ("It didn't", "7:2:1"),
        (PERSON.title, "7:2:person"),
    ]


def envelope(**event: Any) -> dict[str, Any]:
    message = {"type": "message", "channel": "C1", "ts": "1700000000.000100", "user": "U2"}
    return {
        "event_id": "Ev1",
        "authorizations": [{"user_id": "U1"}],
        "event": message | {"text": "hello"} | event,
    }


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B1"},
        {"subtype": "bot_message", "user": None},
        {"subtype": "channel_join"},
        {"subtype": "assistant_app_thread"},
        {"user": None},
        {"subtype": "message_changed", "message": None},
    ],
)
def test_what_no_person_wrote_is_nothing_to_us(event: dict[str, Any]) -> None:
    assert parse_message(envelope(**event), "T1", "employees", private=False) is None


def test_a_preview_that_came_to_a_message_is_no_edit_of_it() -> None:
    post = {"ts": "1700000000.000100", "user": "U2", "text": "see https://x.example"}
    preview = post | {"attachments": [{"title": "X"}]}
    body = envelope(subtype="message_changed", message=preview, previous_message=post)
    assert parse_message(body, "T1", "employees", private=False) is None


def test_a_deleted_message_with_replies_is_a_deletion() -> None:
    post = {"ts": "1700000000.000100", "user": "U2", "text": "oops"}
    tombstone = post | {"subtype": "tombstone", "user": "USLACKBOT"}
    body = envelope(subtype="message_changed", message=tombstone, previous_message=post)
    heard = parse_message(body, "T1", "employees", private=False)
    assert heard
    assert heard.unasked
    assert (heard.inbound.change, heard.inbound.sender) == ("deletion", "U2")


def test_a_mention_is_known_by_channel_and_time_whatever_the_event() -> None:
    message = envelope(text="<@U1> hello", channel_type="channel")
    mention = envelope(text="<@U1> hello", type="app_mention") | {"event_id": "Ev2"}
    both = [parse_message(body, "T1", "employees", private=True) for body in (message, mention)]
    assert both[0] == both[1]
    assert both[0]
    inbound = both[0].inbound
    assert (inbound.external_id, inbound.text) == ("C1:1700000000.000100", "hello")
    assert inbound.place == inbound.address == "C1:1700000000.000100:U2"
    assert inbound.origin == 1_700_000_000_000_100
