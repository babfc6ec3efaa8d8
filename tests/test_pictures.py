"""A reply's picture is a link wherever a person reads it; a custom payload is for programs only."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.conversation import Author
from bot.engine import Engine, Turn
from bot.turn import Kind, Reply
from channels.base import Outgoing
from channels.mail.threads import Letterhead
from channels.mail.writing import compose
from channels.slack.blocks import posting
from channels.slack.site import Site
from channels.telegram.rendering import parts
from channels.telegram.richtext import to_html
from tests.fakes.browser import until
from tests.fakes.elsewhere import Chat
from tests.fakes.people import Customer, Visitor

PICTURE = "https://x.example/a.png?b=1&c=2"
FORGED = "javascript:alert(1)"
Headers = dict[str, str]


def answering(monkeypatch: pytest.MonkeyPatch, *replies: Reply) -> None:
    """From now on the bot says this."""
    evidence = {"act": "flow", "reason": "a_test", "confidence": 1.0}
    monkeypatch.setattr(Engine, "respond", lambda *_, **__: Turn(replies, {}, 0.0, evidence))


def test_the_widget_and_the_agents_get_a_link_to_it(
    client: TestClient, alice: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, Reply(Kind.FLOW, "Look!", image=PICTURE, custom={"stars": 5}))
    (reply, *_) = Customer(client, "Carol").says("hello")
    number = reply["metadata"]["conversation_id"]
    seen = client.get(f"/console/conversations/{number}/thread", headers=alice).text
    assert f'href="{PICTURE.replace("&", "&amp;")}"' in seen
    assert "stars" in seen
    for format in ("text", "html"):
        url = f"/api/v1/conversations/{number}/transcript?format={format}"
        assert "x.example/a.png" in client.get(url, headers=alice).text
    dave = Visitor(client)
    dave.says("hello")
    until_it_is_answered(dave, 2)
    assert dave.sees()["messages"][-1]["image"] == PICTURE


def test_what_is_no_address_of_the_web_is_no_picture(
    client: TestClient, alice: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, Reply(Kind.FLOW, "Look!", image=FORGED))
    dave = Visitor(client)
    number = dave.says("hello").partition("-")[0]
    until_it_is_answered(dave, 2)
    assert dave.sees()["messages"][-1]["image"] is None
    assert FORGED not in client.get(f"/console/conversations/{number}/thread", headers=alice).text


def test_a_payload_without_words_is_sent_to_nobody_who_could_not_read_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = Reply(Kind.FLOW, "", custom={"stars": 5})
    answering(monkeypatch, payload, Reply(Kind.FLOW, "Thank you."))
    carol = Chat(client, "700100")
    carol.says("hello")
    assert carol.hears() == ["Thank you."]
    dave = Visitor(client)
    dave.says("hello")
    until_it_is_answered(dave, 2)
    assert dave.reads() == ["hello", "Thank you."]


def until_it_is_answered(visitor: Visitor, lines: int) -> None:
    until(lambda: len(visitor.reads()) >= lines)


def line(text: str) -> Outgoing:
    return Outgoing(7, 12, "us@desk.example", "alice@home.example", Author.BOT, text, image=PICTURE)


@pytest.mark.parametrize("text", ["Look!", ""])
def test_every_channel_shows_where_it_is(text: str) -> None:
    (runs,) = parts(line(text), "https://desk.example")
    assert PICTURE.replace("&", "&amp;") in to_html(runs)
    site = Site("https://desk.example", None)  # type: ignore[arg-type]
    blocks = posting(line(text), site).blocks
    assert f"<{PICTURE.replace('&', '&amp;')}|Picture>" in str([each.to_dict() for each in blocks])
    email = compose(line(text), letterhead(), "Larkhome", "https://desk.example")
    body: Any = email.get_body(("html",))
    assert PICTURE.replace("&", "&amp;") in body.get_content()


def letterhead() -> Letterhead:
    return Letterhead("<1@desk.example>", "Hello", "", "", None)
