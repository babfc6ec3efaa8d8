"""The agents' HTTP API: who may, what comes back, and what is refused how."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.db import Database
from handoff.agents import Agent, issue_token
from tests.fakes.people import Customer, is_problem, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]


CALLS = (
    ("GET", ""),
    ("GET", "/1"),
    ("GET", "/1/transcript"),
    ("POST", "/1/claim"),
    ("DELETE", "/1/claim"),
    ("PUT", "/1/claim"),
    ("POST", "/1/messages"),
    ("POST", "/1/resolve"),
    ("POST", "/1/handback"),
)


def test_every_call_needs_an_agents_token(client: TestClient) -> None:
    Customer(client, "Carol").is_handed_over()
    body = {"text": "x", "email": "y"}
    for method, path in CALLS:
        url = f"/api/v1/conversations{path}"
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            response = client.request(method, url, headers=headers, json=body)
            assert is_problem(response, 401)
            assert "firstline agent token" in response.json()["detail"]


@on_both_databases
def test_an_expired_token_is_refused(client: TestClient, alice: Headers) -> None:
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    with database.write() as session:
        agent = session.scalars(select(Agent)).one()
        expired = issue_token(session, agent, timedelta(seconds=-1))
    assert client.get("/api/v1/conversations", headers=alice).status_code == 200
    refused = client.get("/api/v1/conversations", headers={"Authorization": f"Bearer {expired}"})
    assert is_problem(refused, 401)


def test_conversations_are_listed_by_state(client: TestClient, alice: Headers) -> None:
    numbers = {"bot": int(Customer(client, "Ann").says("hello")[0]["custom"]["conversation_id"])}
    for wanted, acts in (("queued", ()), ("open", ("claim",)), ("resolved", ("claim", "resolve"))):
        numbers[wanted] = Customer(client, wanted).is_handed_over()
        for act in acts:
            client.post(f"/api/v1/conversations/{numbers[wanted]}/{act}", headers=alice)
    for state, number in numbers.items():
        listed = client.get(f"/api/v1/conversations?state={state}", headers=alice).json()
        assert [each["id"] for each in listed["conversations"]] == [number]
    everything = client.get("/api/v1/conversations", headers=alice).json()
    assert {each["id"] for each in everything["conversations"]} == set(numbers.values())


def test_lists_are_paged_without_loss_or_doubling(client: TestClient, alice: Headers) -> None:
    waiting = [Customer(client, f"Carol {number}").is_handed_over() for number in range(5)]
    seen: list[int] = []
    offset: int | None = 0
    while offset is not None:
        page = client.get(
            f"/api/v1/conversations?state=queued&limit=2&offset={offset}", headers=alice
        ).json()
        seen += [each["id"] for each in page["conversations"]]
        offset = page["next_offset"]
    assert seen == waiting


@on_both_databases
def test_private_notes_are_the_agents_alone(
    client: TestClient, alice: Headers, bob: Headers
) -> None:
    carol = Customer(client, "Carol")
    conversation = carol.is_handed_over()
    url = f"/api/v1/conversations/{conversation}/messages"
    note = client.post(url, headers=bob, json={"text": "She is a reseller", "private": True})
    assert note.status_code == 201
    assert (note.json()["private"], note.json()["name"]) == (True, "Bob")
    assert "reseller" not in str(carol.says("are you there?"))
    assert "reseller" in str(transcript(client, alice, conversation))


@on_both_databases
def test_a_repeated_key_is_stored_once_in_its_conversation(
    client: TestClient, alice: Headers
) -> None:
    for name in ("Carol", "Dave"):
        conversation = Customer(client, name).is_handed_over()
        url = f"/api/v1/conversations/{conversation}"
        client.post(f"{url}/claim", headers=alice)
        body = {"text": f"Hello {name}", "key": "k1"}
        first = client.post(f"{url}/messages", headers=alice, json=body)
        again = client.post(f"{url}/messages", headers=alice, json=body)
        assert again.json() == first.json()
        said = [line["text"] for line in transcript(client, alice, conversation)]
        assert said.count(f"Hello {name}") == 1


@on_both_databases
@pytest.mark.parametrize("private", [True, False])
def test_a_key_sent_many_times_at_once_is_stored_once(
    client: TestClient, alice: Headers, private: bool
) -> None:
    conversation = Customer(client, "Carol").is_handed_over()
    url = f"/api/v1/conversations/{conversation}"
    client.post(f"{url}/claim", headers=alice)
    body = {"text": "Hello Carol", "key": "k1", "private": private}
    with ThreadPoolExecutor(6) as threads:
        sent = list(
            threads.map(
                lambda _: client.post(f"{url}/messages", headers=alice, json=body), range(6)
            )
        )
    assert [each.status_code for each in sent] == [201] * 6
    assert len({each.json()["seq"] for each in sent}) == 1


@on_both_databases
def test_an_agents_line_must_say_something_of_sane_length(
    client: TestClient, alice: Headers
) -> None:
    conversation = Customer(client, "Carol").is_handed_over()
    url = f"/api/v1/conversations/{conversation}"
    client.post(f"{url}/claim", headers=alice)
    for text in ("", "   ", "\n", "\x00\x01", "x" * 10_001):
        refused = client.post(f"{url}/messages", headers=alice, json={"text": text})
        assert is_problem(refused, refused.status_code)
        assert refused.status_code in (409, 413, 422)
    nul = client.post(f"{url}/messages", headers=alice, json={"text": "yes\x00", "key": "k"})
    assert nul.json()["text"] == "yes"
    url = f"{url}/messages"
    assert is_problem(client.post(url, headers=alice, json={"text": "a", "key": "\x00"}), 422)


@on_both_databases
def test_what_does_not_exist_is_404_whatever_its_number(client: TestClient, alice: Headers) -> None:
    for number in ("999", "0", "2147483647"):
        for method, path in (("GET", ""), ("GET", "/transcript"), ("POST", "/claim")):
            url = f"/api/v1/conversations/{number}{path}"
            assert is_problem(client.request(method, url, headers=alice), 404)
    for number in ("-1", "abc", "9" * 30, "1.5", "²"):
        assert is_problem(client.get(f"/api/v1/conversations/{number}", headers=alice), 422)


@on_both_databases
def test_wrong_queries_are_422(client: TestClient, alice: Headers) -> None:
    url = "/api/v1/conversations"
    for query in ("offset=-1", f"offset={10**20}", "limit=0", "limit=1000", "state=lost"):
        assert is_problem(client.get(f"{url}?{query}", headers=alice), 422)
    assert is_problem(client.get(f"{url}/1?before={10**30}", headers=alice), 422)
    assert is_problem(client.get(f"{url}/1?after=-1", headers=alice), 422)


def test_addresses_and_methods_that_do_not_exist_are_problems(client: TestClient) -> None:
    assert is_problem(client.get("/api/v1/nothing"), 404)
    assert is_problem(client.put("/webhooks/rest/webhook"), 405)


BROKEN = (
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"\xff\xfe\x00",
    b'{"sender": "Carol"}',
    b'{"sender": "Carol", "message": 5}',
    b'{"sender": "", "message": "hello"}',
    b'{"sender": "Carol", "message": null}',
    b'{"sender": "Carol", "message": "hello", "metadata": 5}',
    b'{"sender": "Carol\\u0000", "message": "hello"}',
    b'{"sender": "Carol", "message": "hello", "metadata": {"name": "\\u0000"}}',
)


@on_both_databases
def test_a_broken_body_is_a_problem_that_does_not_repeat_it(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    for body in BROKEN:
        response = client.post("/webhooks/rest/webhook", content=body, headers=headers)
        assert response.status_code in (400, 422), body
        assert is_problem(response, response.status_code)
        assert "Carol" not in response.text


def test_a_request_of_more_than_256_kb_is_refused(client: TestClient) -> None:
    response = Customer(client, "Carol").writes("hello", attachment="x" * 256 * 1024)
    assert is_problem(response, 413)
    assert Customer(client, "Carol").says("hello", attachment="x" * 200_000)


def test_the_search_of_articles_is_public_for_public_ones_only(
    client: TestClient, alice: Headers
) -> None:
    public = client.get("/api/v1/kb/search?q=orange light on the hub&k=3").json()["hits"]
    assert 1 <= len(public) <= 3
    assert {hit["audience"] for hit in public} == {"public"}
    assert client.get(public[0]["url"]).status_code == 200
    url = "/api/v1/kb/search?q=vpn&audience=employees"
    assert is_problem(client.get(url), 401)
    assert {h["audience"] for h in client.get(url, headers=alice).json()["hits"]} == {"employees"}
    nobodys = client.get("/api/v1/kb/search?q=vpn&audience=aliens", headers=alice)
    assert nobodys.json() == {"hits": []}


def test_a_search_without_sense_is_422(client: TestClient) -> None:
    for query in ("", "q=", "q=x&k=0", "q=x&k=51", "q=" + "x" * 1001):
        assert is_problem(client.get(f"/api/v1/kb/search?{query}"), 422)


def test_another_site_cannot_act_with_the_consoles_cookie(
    client: TestClient, alice: Headers
) -> None:
    conversation = Customer(client, "Carol").is_handed_over()
    token = alice["Authorization"].removeprefix("Bearer ")
    client.cookies.set("firstline_session", token)
    claim = f"/api/v1/conversations/{conversation}/claim"
    for foreign in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert is_problem(client.post(claim, headers=foreign), 403)
    assert client.post(claim, headers={"Origin": "http://testserver"}).status_code == 200


@on_both_databases
def test_operations_answer(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/version", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 200


def test_the_metrics_count_turns_handoffs_and_who_waits(client: TestClient) -> None:
    def value(of: str) -> float:
        for line in client.get("/metrics").text.splitlines():
            if line.startswith(of + " "):
                return float(line.split()[-1])
        return 0.0

    handoffs = 'firstline_handoffs_total{reason="asked_for_person"}'
    before = value(handoffs)
    Customer(client, "Carol").is_handed_over()
    assert value(handoffs) == before + 1
    assert value("firstline_queued_conversations") == 1
    assert value('firstline_turns_total{act="hand_over"}') >= 1


def test_the_description_of_the_api_names_every_promised_call(client: TestClient) -> None:
    paths: dict[str, Any] = client.get("/openapi.json").json()["paths"]
    for path in ("/webhooks/rest/webhook", "/model/parse", "/api/v1/kb/search", "/web/messages"):
        assert path in paths
    assert set(paths["/api/v1/conversations/{conversation_id}/claim"]) == {"post", "delete", "put"}


def test_pages_and_answers_carry_the_security_headers(client: TestClient) -> None:
    for path in ("/", "/help", "/console/sign-in", "/healthz", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]


def test_browsers_find_an_icon_where_they_look_for_one(client: TestClient) -> None:
    icon = client.get("/favicon.ico")
    assert icon.status_code == 200
    assert icon.headers["content-type"].startswith("image/svg+xml")
