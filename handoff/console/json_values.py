"""Values out of JSON that may hold anything: what has another type than asked for isn't there."""

from typing import Any


def mapping(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def mappings(raw: Any) -> list[dict[str, Any]]:
    return [one for one in raw if isinstance(one, dict)] if isinstance(raw, list) else []


def text(raw: Any) -> str | None:
    return raw if isinstance(raw, str) and raw else None


def number(raw: Any) -> float | None:
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def as_words(value: Any) -> str:
    """Any value on one line."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {as_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(as_words, value))
    return str(value)
