"""Telegram's answers about our bot and its webhook."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.settings import Settings
from channels.doctor.finding import Finding, age, clock_finding
from channels.telegram.api import token
from channels.telegram.operating import webhook_url

RECENT = 3600  # seconds; an error that is older and left nothing waiting is over
SET_WEBHOOK = "run `firstline telegram set-webhook`"
MENDS = (
    ("403", f"the secret isn't ours: {SET_WEBHOOK} again"),
    ("404", f"the address leads elsewhere: {SET_WEBHOOK} again, and check the proxy's paths"),
    ("SSL", "the certificate isn't trusted: serve the whole chain, of a public authority"),
    ("certificate", "the certificate isn't trusted: serve the whole chain, of a public authority"),
    ("timed out", "open port 443, 80, 88 or 8443 of public_url to the internet"),
    ("refused", "start `firstline serve`, and let the proxy pass requests to it"),
    ("resolve", "public_url has no address in the DNS yet"),
)


def examine_telegram(settings: Settings) -> Iterator[Finding]:
    """The token, the clock, and the way in which updates reach us."""
    if not settings.telegram_token or settings.telegram_mode == "off":
        yield Finding(True, "off")
        return
    base = settings.telegram_api_url + token(settings)
    try:
        with httpx.Client(timeout=15) as client:
            known = client.get(f"{base}/getMe")
            bot = known.json()
            webhook = client.get(f"{base}/getWebhookInfo").json().get("result", {})
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        yield _unreachable(settings, error)
        return
    yield _token(bot)
    yield clock_finding(known.headers.get("date"), "Telegram")
    if bot.get("ok"):
        yield from (_polling(webhook),) if _polls(settings) else _webhook(settings, webhook)


def _polls(settings: Settings) -> bool:
    return settings.telegram_mode == "poll"


def _unreachable(settings: Settings, error: Exception) -> Finding:
    host = urlsplit(settings.telegram_api_url).hostname
    return Finding(  # the error's own text may hold the token
        False,
        f"no Bot API answers at {host} ({type(error).__name__})",
        "check the network, a proxy (HTTPS_PROXY) and FIRSTLINE_TELEGRAM_API_URL",
    )


def _token(bot: dict[str, Any]) -> Finding:
    if bot.get("ok"):
        return Finding(True, f"the token is that of @{bot['result'].get('username')}")
    return Finding(
        False,
        f"Telegram doesn't take the token: {bot.get('description')}",
        "ask @BotFather for it (/mybots, API Token) and set FIRSTLINE_TELEGRAM_TOKEN",
    )


def _polling(webhook: dict[str, Any]) -> Finding:
    if not webhook.get("url"):
        return Finding(True, f"polling; {_waiting(webhook)}")
    return Finding(
        False,
        f"a webhook is set (at {urlsplit(webhook['url']).hostname}), so polling gets nothing",
        "run `firstline telegram poll`, which removes it; or FIRSTLINE_TELEGRAM_MODE=webhook",
    )


def _webhook(settings: Settings, webhook: dict[str, Any]) -> Iterator[Finding]:
    expected = webhook_url(settings)
    if webhook.get("url") != expected:
        host = urlsplit(webhook.get("url", "")).hostname  # its path may be somebody's secret
        found = f"the webhook isn't ours (it is at {host})" if host else "no webhook is set"
        yield Finding(False, found, f"{SET_WEBHOOK}; it will be {expected}")
        return
    error = webhook.get("last_error_message")
    if not error:
        yield Finding(True, f"the webhook is set; {_waiting(webhook)}")
        return
    over = not webhook["pending_update_count"] and age(webhook["last_error_date"]) > RECENT
    mend = next((mend for sign, mend in MENDS if sign in error), "look into the server's log")
    yield Finding(over, f"the webhook's last error: {error}; {_waiting(webhook)}", mend)


def _waiting(webhook: dict[str, Any]) -> str:
    return f"{webhook.get('pending_update_count', 0):,} updates wait"
