"""Fetches what customers sent."""

import httpx

from channels.base import SendError
from channels.telegram.api import Api


class Downloads:
    """Reads a file piece by piece, so that one that is larger than Telegram said is noticed."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(30, connect=10))

    async def fetch(self, file_id: str, limit: int) -> bytes:
        """The file's content. Raises SendError, TelegramError or httpx.HTTPError."""
        file = await self._api.get_file(file_id)
        if (file.file_size or 0) > limit or not file.file_path:
            raise _too_large(limit)
        content = bytearray()
        async with self._client.stream("GET", file.file_path) as response:
            if response.is_error:
                raise SendError(f"Telegram has no such file any more ({response.status_code})")
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > limit:
                    raise _too_large(limit)
        return bytes(content)

    async def stop(self) -> None:
        await self._client.aclose()


def _too_large(limit: int) -> SendError:
    return SendError(f"The file is larger than {limit // 1024**2} MB", permanent=True)
