"""Signed web identity: whom the site vouches for goes on where they were; nobody else does."""

import base64
import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr

from bot.settings import Desk, load_settings
from channels.app import create_app
from handoff.agents import Role
from tests.conftest import agent_headers
from tests.fakes.elsewhere import Chat, settle
from tests.fakes.people import Visitor, is_problem, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]
SECRET = "a secret of the site, long enough for HS256"
CAROL = "carol@example.org"


@pytest.fixture
def client(data: Path) -> Iterator[TestClient]:
    """A server that takes signed identities, with a second open desk and a closed one."""
    found = load_settings(data)
    update = {
        "identity_secret": SecretStr(SECRET),
        "desks": found.desks
        | {"sales": Desk(name="Sales"), "staff": Desk(audiences=frozenset({"staff"}), open=False)},
    }
    with TestClient(create_app(found.model_copy(update=update))) as client:
        yield client


def signed(
    sub: str | None = "carol", *, key: str = SECRET, alg: str = "HS256", **claims: Any
) -> str:
    """A token as a site makes it."""
    stated = {"sub": sub, "aud": "firstline", "exp": int(time.time()) + 300} | claims
    present = {name: value for name, value in stated.items() if value is not None}
    return jwt.encode({"alg": alg}, present, OctKey.import_key(key), algorithms=[alg])


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def identify(visitor: Visitor, token: str, desk: str = "customers") -> Any:
    return visitor.client.post(
        "/web/identify", json={"token": token, "desk": desk}, headers=visitor.headers
    )


def says(visitor: Visitor, text: str) -> int:
    """The conversation, once the line has been handled."""
    conversation = int(visitor.says(text).split("-")[0])
    settle(visitor.client, conversation)
    return conversation


@on_both_databases
def test_the_same_visitor_on_another_browser_goes_on_where_they_were(client: TestClient) -> None:
    at_home, at_work = Visitor(client), Visitor(client)
    conversation = says(at_home, "Where is my parcel?")
    assert identify(at_home, signed(name="Carol")).status_code == 204
    assert identify(at_work, signed()).status_code == 204
    assert "Where is my parcel?" in at_work.reads()
    assert says(at_work, "As I said") == conversation


@on_both_databases
def test_a_verified_address_brings_other_channels_along(client: TestClient, alice: Headers) -> None:
    conversation = Chat(client, "U1", "slack", "T1").says("Where is my parcel?", email=CAROL)
    carol = Visitor(client)
    identify(carol, signed(email=CAROL, email_verified=True, name="Carol"))
    assert "Where is my parcel?" in carol.reads()
    private = [line["text"] for line in transcript(client, alice, conversation) if line["private"]]
    assert any(text.startswith("Joined with person") for text in private)


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_address_that_the_site_has_not_verified_brings_nothing(
    client: TestClient, verified: object
) -> None:
    Chat(client, "U1", "slack", "T1").says("my secret", email=CAROL)
    eve = Visitor(client)
    assert identify(eve, signed("eve", email=CAROL, email_verified=verified)).status_code == 204
    assert eve.reads() == []


def forged() -> dict[str, str]:
    """Tokens that don't hold, by what is wrong with them."""
    claims = {"sub": "carol", "aud": "firstline", "exp": int(time.time()) + 300}
    rsa = RSAKey.generate_key(2048)
    hour = int(time.time()) + 3600
    return {
        "another secret": signed(key="another secret of somebody else's site"),
        "expired": signed(exp=int(time.time()) - 90),
        "without an end": signed(exp=None),
        "too long a life": signed(exp=hour + 120),
        "an end that never comes": signed(exp=1e300),
        "an end in words": signed(exp="tomorrow"),
        "for somebody else": signed(aud="billing"),
        "for nobody": signed(aud=None),
        "of nobody": signed(None),
        "of an empty name": signed(""),
        "of a number": signed(7),  # type: ignore[arg-type]
        "of too long a name": signed("c" * 300),
        "of an unprintable name": signed("ca\x00rol"),
        "not yet valid": signed(nbf=hour),
        "alg none": unsigned({"alg": "none"}, claims),
        "alg None": unsigned({"alg": "None"}, claims, b"x"),
        "no alg": unsigned({}, claims),
        "HS512": signed(alg="HS512"),
        "RS256": jwt.encode({"alg": "RS256"}, dict(claims), rsa),
        "no object": unsigned({"alg": "HS256"}, {}, b"x"),
        "deep": unsigned({"alg": "HS256"}, {}).replace("ey", "W1tb" * 900, 1)[:4000],
        "empty": "",
        "words": "not a token",
        "beyond ASCII": "é.ü.😀",
    }


@pytest.mark.parametrize("wrong", sorted(forged()))
def test_a_token_that_does_not_hold_is_refused_in_words(client: TestClient, wrong: str) -> None:
    carol, eve = Visitor(client), Visitor(client)
    says(carol, "my secret")
    identify(carol, signed())
    refused = identify(eve, forged()[wrong])
    assert is_problem(refused, 401)
    assert SECRET not in refused.text
    assert eve.reads() == []


def test_clocks_may_differ_by_a_minute(client: TestClient) -> None:
    at = int(time.time())
    for exp in (at - 30, at + 3600 + 30):
        assert identify(Visitor(client), signed(exp=exp)).status_code == 204


def test_another_user_on_the_same_browser_must_take_a_new_visitor_token(
    client: TestClient,
) -> None:
    browser = Visitor(client)
    says(browser, "my secret")
    identify(browser, signed("carol"))
    assert is_problem(identify(browser, signed("eve")), 409)
    assert identify(browser, signed("carol")).status_code == 204
    eve = Visitor(client, secrets.token_hex(16))
    assert identify(eve, signed("eve")).status_code == 204
    assert eve.reads() == []


def test_desks_share_the_person_but_no_conversation(
    client: TestClient, live: httpx.Client, alice: Headers
) -> None:
    carol = Visitor(client)
    conversation = says(carol, "my secret")
    identify(carol, signed())
    assert identify(carol, signed(), desk="sales").status_code == 204
    url = "/web/messages?desk=sales"
    assert client.get(url, headers=carol.headers).json()["messages"] == []
    sent = client.post(
        "/web/messages",
        json={"id": secrets.token_hex(8), "text": "hello", "desk": "sales"},
        headers=carol.headers,
    ).json()
    at_sales = int(sent["id"].split("-")[0])
    assert at_sales != conversation
    settle(client, at_sales)
    across = Visitor(live, carol.token)
    with across.follows(f"{conversation}-0&desk=sales") as events:
        assert next(events)[1]["text"] == "hello"
    people = {
        client.get(f"/api/v1/conversations/{each}", headers=alice).json()["person"]["id"]
        for each in (conversation, at_sales)
    }
    assert len(people) == 1
    assert is_problem(identify(carol, signed(), desk="staff"), 403)


def test_an_admins_split_stays_when_the_page_is_loaded_again(
    client: TestClient, alice: Headers
) -> None:
    dave = agent_headers(client, "Dave", Role.ADMIN)
    browser = Visitor(client)
    conversation = says(browser, "my secret")
    identify(browser, signed())
    url = f"/api/v1/conversations/{conversation}"
    person = client.get(url, headers=alice).json()["person"]["id"]
    [joined] = client.get(f"/api/v1/people/{person}", headers=alice).json()["joined"]
    client.post(f"/api/v1/people/{joined}/split", headers=dave)
    assert is_problem(identify(browser, signed()), 409)
    carol = Visitor(client)
    identify(carol, signed())
    assert carol.reads() == []


def test_a_stream_that_is_open_goes_no_further_after_a_split(
    client: TestClient, live: httpx.Client, alice: Headers
) -> None:
    dave = agent_headers(client, "Dave", Role.ADMIN)
    on_telegram, browser = Chat(client, "7"), Visitor(live)
    conversation = on_telegram.says("hello", email=CAROL)
    identify(browser, signed(email=CAROL, email_verified=True))
    person = client.get(f"/api/v1/conversations/{conversation}", headers=alice).json()["person"]
    joined = client.get(f"/api/v1/people/{person['id']}", headers=alice).json()["joined"]
    with browser.follows(f"{conversation}-0") as events:
        assert next(events)[1]["text"] == "hello"
        for each in joined:
            client.post(f"/api/v1/people/{each}/split", headers=dave)
        on_telegram.says("my secret")
        says(Visitor(client, browser.token), "who am I?")
        for _, data in events:
            assert "secret" not in str(data)
            if data.get("text") == "who am I?":
                break


def test_identities_are_off_without_a_secret(data: Path) -> None:
    with TestClient(create_app(load_settings(data))) as client:
        refused = identify(Visitor(client), signed())
        assert is_problem(refused, 404)
        assert "FIRSTLINE_IDENTITY_SECRET" in refused.json()["detail"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    token=st.one_of(
        st.text(max_size=80),
        st.binary(max_size=60).map(
            lambda raw: ".".join([base64.urlsafe_b64encode(raw).decode()] * 3)
        ),
    )
)
def test_no_token_breaks_anything(client: TestClient, token: str) -> None:
    assert identify(Visitor(client), token).status_code in (401, 422)
