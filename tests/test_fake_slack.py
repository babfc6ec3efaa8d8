"""The Slack server of the tests: its Web API, as Slack's own client finds it."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from aiohttp import ClientPayloadError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack

HELLO = {"type": "section", "text": {"type": "mrkdwn", "text": "Hello *there*"}}


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def web(slack: FakeSlack) -> WebClient:
    return WebClient(slack.bot_token, base_url=slack.api_url, timeout=5)


def test_what_the_app_posts_is_what_people_see(slack: FakeSlack, web: WebClient) -> None:
    alice = slack.person("Alice")
    assert web.auth_test()["team_id"] == slack.team.id
    dm = web.conversations_open(users=[alice.id])["channel"]["id"]
    assert dm == alice.dm.id
    web.chat_postMessage(channel=dm, text=f"Hello &amp; welcome, <@{alice.id}>")
    button = {"type": "button", "action_id": "solved", "text": plain("Solved")}
    web.chat_postMessage(
        channel=dm, text="hidden", blocks=[HELLO, {"type": "actions", "elements": [button]}]
    )
    assert alice.sees() == [
        "Firstline: Hello & welcome, @Alice",
        "Firstline: Hello *there*\n[Solved]",
    ]


def test_an_ephemeral_message_is_seen_by_one_and_kept_by_nobody(
    slack: FakeSlack, web: WebClient
) -> None:
    alice, bob = slack.person("Alice"), slack.person("Bob")
    help = slack.channel("help", alice, bob)
    root = alice.says(help, "VPN?")
    ts = web.chat_postEphemeral(channel=help.id, user=alice.id, text="Psst", thread_ts=root.ts)[
        "message_ts"
    ]
    assert alice.sees(help) == ["Alice: VPN?", "↳ (only visible to you) Firstline: Psst"]
    assert bob.sees(help) == ["Alice: VPN?"]
    assert len(web.conversations_replies(channel=help.id, ts=root.ts)["messages"]) == 1
    assert refusal(web.chat_update, channel=help.id, ts=ts, text="x") == "message_not_found"


def test_own_messages_can_be_changed_and_taken_back(slack: FakeSlack, web: WebClient) -> None:
    alice = slack.person("Alice")
    help = slack.channel("help", alice)
    posted = web.chat_postMessage(channel=help.id, text="One", blocks=[HELLO])
    web.chat_update(channel=help.id, ts=posted["ts"], text="Two")
    assert alice.sees(help) == ["Firstline: Two (edited)"]
    link = web.chat_getPermalink(channel=help.id, message_ts=posted["ts"])["permalink"]
    assert link == f"{slack.url}/archives/{help.id}/p{posted['ts'].replace('.', '')}"
    web.reactions_add(channel=help.id, timestamp=posted["ts"], name="eyes")
    web.chat_delete(channel=help.id, ts=posted["ts"])
    assert alice.sees(help) == []
    others = alice.says(help, "Mine")
    assert refusal(web.chat_delete, channel=help.id, ts=others.ts) == "cant_delete_message"


@pytest.mark.filterwarnings("ignore:The top-level `text`")  # the client's own advice
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": " "}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": [HELLO] * 51}, "invalid_blocks"),
        (
            {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]},
            "invalid_blocks",
        ),
        (
            {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]},
            "invalid_blocks",
        ),
        ({"blocks": [{"type": "poem"}]}, "invalid_blocks"),
    ],
)
def test_what_slack_would_not_post(
    slack: FakeSlack, web: WebClient, arguments: dict[str, Any], error: str
) -> None:
    dm = slack.person("Alice").dm.id
    assert refusal(web.chat_postMessage, **{"channel": dm, "text": "x"} | arguments) == error


@pytest.mark.parametrize(
    "part",
    [
        {"text": {"type": "plain_text", "text": "x" * 76}},
        {"text": {"type": "mrkdwn", "text": "x"}},
        {"value": "x" * 2001},
        {"action_id": "x" * 256},
        {"style": "loud"},
    ],
)
def test_buttons_have_limits(slack: FakeSlack, web: WebClient, part: dict[str, Any]) -> None:
    button = {"type": "button", "action_id": "a", "text": plain("Yes")}
    dm = slack.person("Alice").dm.id
    good = {"type": "actions", "elements": [button]}
    bad = {"type": "actions", "elements": [button | part]}
    web.chat_postMessage(channel=dm, text="x", blocks=[good])
    assert refusal(web.chat_postMessage, channel=dm, text="x", blocks=[bad]) == "invalid_blocks"


def test_where_the_app_may_post(slack: FakeSlack, web: WebClient) -> None:
    stranger = slack.person("Sam", team=slack.workspace("Elsewhere"))
    away = slack.channel("away", with_bot=False)
    hidden = slack.channel("hidden", with_bot=False, is_private=True)
    old = slack.channel("old")
    old.is_archived = True
    post = web.chat_postMessage
    assert refusal(post, channel=away.id, text="x") == "not_in_channel"
    web.conversations_join(channel=away.id)
    post(channel=away.id, text="x")
    for nowhere in ("C404", hidden.id, stranger.id, stranger.dm.id):
        assert refusal(post, channel=nowhere, text="x") == "channel_not_found"
    assert refusal(post, channel=old.id, text="x") == "is_archived"


def test_a_profile_says_who_is_no_full_member(slack: FakeSlack, web: WebClient) -> None:
    partner = slack.workspace("Partner", is_installed=False)
    pam, sam = slack.person("Pam", team=partner), slack.person("Sam", team=partner)
    slack.channel("joint", pam, shared_with=partner)
    guest = slack.person("Guest", guest="single-channel")
    alice = slack.person("Alice")

    def profile(user_id: str) -> dict[str, Any]:
        user: dict[str, Any] = web.users_info(user=user_id)["user"]
        return user

    assert profile(alice.id)["profile"]["email"] == "alice@larkhome.example"
    assert not profile(alice.id)["is_restricted"]
    assert profile(guest.id)["is_ultra_restricted"]
    assert profile(pam.id)["team_id"] == partner.id
    assert "email" not in profile(pam.id)["profile"]
    assert "is_stranger" not in profile(pam.id)  # she is in a channel that the app sees
    assert refusal(web.users_info, user=sam.id) == "user_not_found"
    assert web.users_lookupByEmail(email="ALICE@larkhome.example")["user"]["id"] == alice.id
    assert refusal(web.users_lookupByEmail, email="nobody@larkhome.example") == "users_not_found"


def test_tokens_and_scopes(slack: FakeSlack, web: WebClient) -> None:
    alice = slack.person("Alice")
    assert refusal(WebClient("xoxb-no", base_url=slack.api_url).auth_test) == "invalid_auth"
    assert refusal(WebClient(base_url=slack.api_url).auth_test) == "not_authed"
    assert refusal(web.api_call, api_method="chat.sing") == "unknown_method"
    slack.team.scopes -= {"users:read.email", "im:write"}
    assert "email" not in web.users_info(user=alice.id)["user"]["profile"]
    with pytest.raises(SlackApiError) as refused:
        web.conversations_open(users=[alice.id])
    assert refused.value.response["needed"] == "im:write"
    scopes = web.auth_test().headers["x-oauth-scopes"]
    assert set(scopes.split(",")) == slack.team.scopes
    slack.uninstalls(slack.team)
    assert refusal(web.auth_test) == "invalid_auth"


def test_a_limit_holds_until_it_is_over(slack: FakeSlack, web: WebClient) -> None:
    dm = slack.person("Alice").dm.id
    slack.faults.limits("chat.postMessage", 1, channel=dm)
    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            web.chat_postMessage(channel=dm, text="x")
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "1"
    web.chat_postMessage(channel=slack.person("Bob").dm.id, text="others may")
    web.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
    web.chat_postMessage(channel=dm, text="at last")
    assert [call.early for call in slack.calls("chat.postMessage")][:3] == [False, True, False]


def test_a_broken_connection_after_the_delivery(slack: FakeSlack) -> None:
    alice = slack.person("Alice")
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, timeout=1)
    slack.faults.drops("chat.postMessage")
    with pytest.raises(ClientPayloadError):
        asyncio.run(client.chat_postMessage(channel=alice.dm.id, text="Once"))
    assert alice.sees() == ["Firstline: Once"]


def test_errors_and_silence(slack: FakeSlack, web: WebClient) -> None:
    dm = slack.person("Alice").dm.id
    slack.faults.fails("chat.postMessage", 503)
    with pytest.raises(SlackApiError) as failed:
        web.chat_postMessage(channel=dm, text="x")
    assert failed.value.response.status_code == 503
    slack.faults.refuses("chat.postMessage", "account_inactive", times=2)
    assert refusal(web.chat_postMessage, channel=dm, text="x") == "account_inactive"
    slack.faults.recovers()
    slack.faults.hangs("chat.postMessage", 0.3)
    begun = time.monotonic()
    web.chat_postMessage(channel=dm, text="x")
    assert time.monotonic() - begun > 0.3


def test_a_file_is_for_who_has_the_token(slack: FakeSlack, web: WebClient) -> None:
    alice = slack.person("Alice")
    post = alice.uploads(alice.dm, "bill.pdf", b"%PDF", "application/pdf")
    file = web.files_info(file=post.files[0].id)["file"]
    assert file["size"] == 4
    url = file["url_private_download"]
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}
    assert httpx.get(url, headers=bearer).content == b"%PDF"
    without = httpx.get(url)
    assert without.is_success
    assert without.headers["content-type"].startswith("text/html")  # a page to sign in


def test_views(slack: FakeSlack, web: WebClient) -> None:
    alice = slack.person("Alice")
    home = {"type": "home", "blocks": [HELLO]}
    web.views_publish(user_id=alice.id, view=home)
    assert alice.sees_home() == "Hello *there*"
    modal = {"type": "modal", "title": plain("A title that is too long for it"), "blocks": [HELLO]}
    trigger = slack.issue_trigger(alice)
    assert refusal(web.views_open, trigger_id=trigger, view=modal) == "invalid_arguments"
    assert refusal(web.views_open, trigger_id="1.2", view=modal) == "invalid_trigger_id"
    trigger = slack.issue_trigger(alice)
    web.views_open(trigger_id=trigger, view=modal | {"title": plain("A title")})
    assert alice.sees_modal() == "Hello *there*"
    again = refusal(web.views_open, trigger_id=trigger, view=modal | {"title": plain("A title")})
    assert again == "exchanged_trigger_id"


def test_the_assistant_pane(slack: FakeSlack, web: WebClient) -> None:
    alice = slack.person("Alice")
    pane = alice.opens_assistant()
    here = {"channel_id": alice.dm.id, "thread_ts": pane.ts}
    web.assistant_threads_setTitle(**here, title="VPN")
    web.assistant_threads_setSuggestedPrompts(**here, prompts=[{"title": "VPN", "message": "VPN?"}])
    thinks = web.assistant_threads_setStatus
    thinks(channel_id=alice.dm.id, thread_ts=pane.ts, status="is thinking...")
    assert alice.dm.statuses[pane.ts] == "is thinking..."
    web.chat_postMessage(channel=alice.dm.id, thread_ts=pane.ts, text="So.")
    assert not alice.dm.statuses
    assert alice.dm.titles[pane.ts] == "VPN"


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def refusal(method: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        method(**arguments)
    return str(refused.value.response["error"])
