"""Pictures that the bot shows: an address on the web, which whoever reads the line may open."""

from typing import Any
from urllib.parse import urlsplit


def picture(content: dict[str, Any]) -> str | None:
    """The address of the line's picture; None without one, and for what is no web address."""
    address = content.get("image")
    if not isinstance(address, str):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and parts.netloc else None
