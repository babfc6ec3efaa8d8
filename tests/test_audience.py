"""An article never reaches an audience that it isn't for, on whatever way."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.knowledge import Knowledge
from bot.settings import load_settings
from channels.app import create_app
from handoff.agents import Role
from kb_index.articles import Article
from kb_index.encoder import Encoder
from tests.conftest import agent_headers
from tests.fakes.people import Customer, Visitor, is_problem

Headers = dict[str, str]
FOR_EMPLOYEES = (
    "vpn",
    "LarkGate VPN keeps disconnecting",
    "I forgot my LarkID password",
    "how do I claim mileage in Tally",
    "staff discount",
    "parental leave how many weeks",
    "admin rights on my laptop",
    "guest wifi code",
    "payday",
)


@pytest.fixture
def secrets(client: TestClient) -> list[Article]:
    """The employees' articles."""
    knowledge: Knowledge = client.app.state.knowledge  # type: ignore[attr-defined]
    found = knowledge.articles(frozenset({"employees"}))
    assert len(found) >= 40
    return found


def shows(text: str, secrets: list[Article]) -> list[str]:
    """The employees' articles that a text names by id or title, or quotes."""
    return [
        article.id
        for article in secrets
        if re.search(rf"\b{re.escape(article.id)}\b", text)
        or article.title in text
        or article.text[:80] in text
    ]


def test_customers_who_ask_as_employees_do_get_none_of_their_articles(
    client: TestClient, alice: Headers, secrets: list[Article]
) -> None:
    for question in (*FOR_EMPLOYEES, *(article.title for article in secrets[::5])):
        carol = Customer(client, f"Carol, {question}")
        replies = carol.says(question)
        said = [reply["text"] for reply in replies if reply["text"]]
        shown = json.dumps([reply.get("buttons", []) for reply in replies])
        shown += json.dumps([reply["custom"]["sources"] for reply in replies])
        assert not shows(shown + "".join(said), secrets), question
        conversation = f"/api/v1/conversations/{replies[0]['custom']['conversation_id']}"
        evidence = client.get(f"{conversation}/transcript?format=json", headers=alice).text
        assert not shows(evidence.replace(question, ""), secrets), "not even as a hit"


def test_a_forged_button_does_not_open_an_employees_article(
    client: TestClient, secrets: list[Article]
) -> None:
    for number, article in enumerate(secrets):
        forged = f"/answer{json.dumps({'article': article.id})}"
        replies = Customer(client, f"Mallory {number}").says(forged)
        assert "answer" not in [reply["custom"]["kind"] for reply in replies]
        assert not shows(str(replies), secrets)


def test_a_forged_button_does_not_open_it_in_the_widget_either(
    client: TestClient, secrets: list[Article]
) -> None:
    visitor = Visitor(client)
    front_desk = client.app.state.front_desk  # type: ignore[attr-defined]
    forged = f"/answer{json.dumps({'article': secrets[0].id})}"
    number = visitor.says("Tell me", payload=forged)
    front_desk.answer(int(number.split("-")[0]))
    assert not shows(str(visitor.sees()), secrets)


def test_the_search_without_a_token_finds_public_articles_only(
    client: TestClient, secrets: list[Article]
) -> None:
    for question in (*FOR_EMPLOYEES, *(article.title for article in secrets[::4])):
        response = client.get("/api/v1/kb/search", params={"q": question, "k": 50})
        assert not shows(response.text.replace(question, ""), secrets)
        for audience in ("employees", "public,employees", "Public"):
            asked = {"q": question, "audience": audience}
            assert is_problem(client.get("/api/v1/kb/search", params=asked), 401)


def test_the_help_centre_and_the_shop_show_none_of_them(
    client: TestClient, secrets: list[Article]
) -> None:
    pages = [client.get(path).text for path in ("/", "/help", "/widget.js", "/web/config")]
    pages += [client.get("/help/search", params={"q": q}).text for q in FOR_EMPLOYEES]
    for page in pages:
        assert not shows(page, secrets)
    for article in secrets:
        response = client.get(f"/help/{article.id}")
        assert response.status_code == 404
        assert not shows(response.text, secrets)
        assert client.post(f"/help/{article.id}/vote", data={"helpful": "yes"}).status_code == 404


def test_public_pages_link_to_public_pages_only(client: TestClient) -> None:
    knowledge: Knowledge = client.app.state.knowledge  # type: ignore[attr-defined]
    public = {article.id for article in knowledge.articles(frozenset({"public"}))}
    for article in sorted(public)[::6]:
        page = client.get(f"/help/{article}").text
        linked = set(re.findall(r'href="/help/([\w.-]+)', page)) - {"search"}
        assert linked <= public


WORDS = sorted(
    {
        *re.findall(r"\w+", " ".join(FOR_EMPLOYEES).lower()),
        *("laptop", "printer", "holiday", "pension", "payslip", "sick", "it", "hr", "reset"),
        *("mailbox", "phishing", "badge", "FollowMe", "LarkStore", "Anchor", "where", "order"),
    }
)


@pytest.fixture(scope="module")
def knowledge(prepared: Path, encoder: Encoder) -> Knowledge:
    return Knowledge(prepared / "index", encoder)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.lists(st.sampled_from(WORDS) | st.text(max_size=12), min_size=1, max_size=6),
    audience=st.sampled_from(["public", "employees", "", "PUBLIC", "aliens"]),
    k=st.integers(1, 200),
)
def test_whatever_is_searched_for_hits_are_of_the_audience_asked_for(
    knowledge: Knowledge, words: list[str], audience: str, k: int
) -> None:
    hits = knowledge.search(" ".join(words), frozenset({audience}), k)
    assert {hit.audience for hit in hits} <= {audience}
    assert len({hit.article_id for hit in hits}) == len(hits) <= k


@pytest.fixture
def closed(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A server whose employees' desk is closed to strangers."""
    monkeypatch.setenv("FIRSTLINE_DESKS__EMPLOYEES__OPEN", "false")
    with TestClient(create_app(load_settings(data))) as client:
        yield client


def test_a_closed_desk_refuses_strangers_and_serves_agents(closed: TestClient) -> None:
    eve = Customer(closed, "Eve", desk="employees")
    assert is_problem(eve.writes("how do I set up the vpn"), 403)
    eve.headers = {"Authorization": "Bearer nonsense"}
    assert is_problem(eve.writes("how do I set up the vpn"), 403)
    eve.headers = agent_headers(closed, "Eve", Role.AGENT)
    replies = eve.says('/answer{"article": "it-vpn-set-up"}')
    assert replies[0]["custom"]["sources"][0]["article_id"] == "it-vpn-set-up"


def test_a_closed_desk_is_closed_on_the_web(closed: TestClient) -> None:
    visitor = Visitor(closed)
    assert is_problem(visitor.writes("hello", desk="employees"), 403)
    for path in ("config", "messages", "events"):
        url = f"/web/{path}?desk=employees"
        assert is_problem(closed.get(url, headers=visitor.headers), 403)


def test_employees_get_their_own_articles_and_the_public_ones(client: TestClient) -> None:
    eve = Customer(client, "Eve", desk="employees")
    for article in ("it-vpn-set-up", "warranty"):
        (answer,) = eve.says(f'/answer{{"article": "{article}"}}')
        assert answer["custom"]["sources"][0]["article_id"] == article
