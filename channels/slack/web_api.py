"""Slack's Web API: one client for each installation, and its errors as ours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.concurrency import run_in_threadpool

from channels.base import SendError
from channels.slack.installations import Installations
from handoff.attachments import too_large

LONGEST_CALL = aiohttp.ClientTimeout(total=30, connect=10)  # seconds
CHUNK = 64 * 1024

INVITE = "invite the app there with /invite"
INSTALL = "install the app again and set its new token"
MENDS = {
    "not_in_channel": f"the app isn't in the channel: {INVITE}",
    "channel_not_found": f"the app can't see the channel: {INVITE}",
    "is_archived": "the channel is archived",
    "user_not_in_channel": "the person has left the channel",
    "user_not_found": "Slack doesn't know the person",
    "messages_tab_disabled": "the app takes no direct messages: see `firstline slack manifest`",
    "missing_scope": "the app lacks a scope: compare `firstline slack manifest`, then install it",
    "account_inactive": f"the workspace has deactivated the app: {INSTALL}",
    "token_revoked": f"the app's token was revoked: {INSTALL}",
    "token_expired": f"the app's token has expired: turn token rotation off and {INSTALL}",
    "invalid_auth": f"the app's token is wrong: {INSTALL}",
    "not_authed": f"the app has no token: {INSTALL}",
    "restricted_action": "the workspace's settings don't let the app write there",
    "msg_too_long": "the line is too long for Slack",
    "invalid_blocks": "Slack doesn't take the line's layout",
    "no_text": "the line is empty",
}
PERHAPS_DONE = frozenset({"fatal_error", "internal_error", "request_timeout"})


class WebApi:
    """Calls between `start` and `stop`."""

    def __init__(self, url: str, installations: Installations) -> None:
        self._url = url
        self._installations = installations
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=LONGEST_CALL)

    async def stop(self) -> None:
        if self._session:
            await self._session.close()

    async def client(self, account: str) -> AsyncWebClient:
        """The client for an account. It repeats nothing by itself: that is the outbox's to do."""
        return AsyncWebClient(
            await self._token(account),
            base_url=self._url,
            session=self._session,
            retry_handlers=[],
        )

    async def fetch(self, account: str, source: str, limit: int) -> bytes:
        """A file that Slack keeps: `source` is its URL, or its id where Slack hid that. Raises
        SendError; permanent for a file of more than `limit` bytes, one that is gone, or one that
        is kept elsewhere, where the token must not go."""
        url = source if "://" in source else await self._find(account, source)
        if not self._is_slacks(url):
            raise SendError("Slack doesn't keep the file itself", permanent=True)
        assert self._session
        headers = {"Authorization": f"Bearer {await self._token(account)}"}
        with send_errors():
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                _check_download(response)
                return await _read(response, limit)

    async def _find(self, account: str, file_id: str) -> str:
        client = await self.client(account)
        with send_errors():
            found = await client.files_info(file=file_id)
        return str((found.get("file") or {}).get("url_private_download") or "")

    async def _token(self, account: str) -> str:
        token = await run_in_threadpool(self._installations.token, account)
        if not token:
            raise SendError("the app isn't installed there any more", permanent=True)
        return token

    def _is_slacks(self, url: str) -> bool:
        ours, theirs = urlsplit(self._url), urlsplit(url)
        is_known = theirs.netloc in (ours.netloc, f"files.{ours.netloc}")
        return is_known and theirs.scheme == ours.scheme


@contextmanager
def send_errors() -> Iterator[None]:
    """What goes wrong inside as a SendError."""
    try:
        yield
    except SlackApiError as error:
        raise _explained(error) from None
    except aiohttp.ClientConnectorError:
        raise SendError("Slack can't be reached") from None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise SendError("Slack didn't answer", uncertain=True) from None


def _explained(error: SlackApiError) -> SendError:
    response = error.response
    code = str(response.get("error") or "")
    if response.status_code == 429 or code == "ratelimited":
        return _too_soon(response.headers)
    if code in MENDS:
        return SendError(MENDS[code], permanent=True)
    is_uncertain = response.status_code >= 500 or code in PERHAPS_DONE
    return SendError(f"Slack says {code or response.status_code}", uncertain=is_uncertain)


def _too_soon(headers: Mapping[str, str]) -> SendError:
    """Slack gives the seconds to wait, always whole ones."""
    return SendError("Slack asks to wait", retry_after=float(headers.get("Retry-After", "1")))


def _check_download(response: aiohttp.ClientResponse) -> None:
    if response.status == 429:
        raise _too_soon(response.headers)
    if response.status >= 500:
        raise SendError("Slack can't give the file now")
    if response.status != 200:  # a page to sign in at, where the scope is missing
        reason = "Slack doesn't give the file: it is gone, or the app lacks files:read"
        raise SendError(reason, permanent=True)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > limit:
            size = max(len(data), response.content_length or 0)
            raise SendError(too_large(size), permanent=True)
    return bytes(data)
