"""Telegram's HTML, refused where Telegram refuses it: text with tags -> text and entities."""

import html
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tests.fakes.telegram.refusal import bad_request

Entity = dict[str, Any]

KINDS = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
TOKEN = re.compile(
    r"""<(/?)([^\s>]*)((?:[^>"']|"[^"]*"|'[^']*')*)(>?)|&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);"""
)
LINK = re.compile(r"https?://[^/]*\.|tg://")
ATTRIBUTE = re.compile(r"""\s*([^\s=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"']+))?\s*""")


def utf16_length(text: str) -> int:
    """Telegram's measure of lengths and offsets."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """The text and its entities; raises Refusal with the words that Telegram uses."""
    return _Parser(source).parse()


@dataclass
class _Open:
    tag: str
    offset: int
    more: dict[str, str]


@dataclass
class _Parser:
    source: str
    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)

    def parse(self) -> tuple[str, list[Entity]]:
        end = 0
        for token in TOKEN.finditer(self.source):
            self.text += self.source[end : token.start()]
            end = token.end()
            if token[0].startswith("&"):
                self.text += html.unescape(token[0])
            elif token[1]:
                self._close(token)
            else:
                self._open(token)
        self.text += self.source[end:]
        if self.open:
            _refuse(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return self.text, self.entities

    def _open(self, token: re.Match[str]) -> None:
        tag, at = token[2].lower(), self._byte(token)
        if not token[4]:
            _refuse(f"Unclosed start tag at byte offset {at}")
        if tag not in KINDS:
            _refuse(f'Unsupported start tag "{tag}" at byte offset {at}')
        attributes = {
            name.lower(): html.unescape(value.strip("\"'"))
            for name, value in ATTRIBUTE.findall(token[3])
        }
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            _refuse(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
        self.open.append(_Open(tag, utf16_length(self.text), _details(tag, attributes)))

    def _close(self, token: re.Match[str]) -> None:
        tag, at = token[2].lower(), self._byte(token)
        if not self.open:
            _refuse(f"Unexpected end tag at byte offset {at}")
        if not token[4] or token[3].strip():
            _refuse(f"Unclosed end tag at byte offset {at}")
        begun = self.open.pop()
        if tag and tag != begun.tag:
            _refuse(
                f"Unmatched end tag at byte offset {at}, "
                f'expected "</{begun.tag}>", found "</{tag}>"'
            )
        length = utf16_length(self.text) - begun.offset
        is_dead = begun.tag == "a" and "url" not in begun.more  # shown without a link
        if length and not is_dead:
            place = {"type": KINDS[begun.tag], "offset": begun.offset, "length": length}
            self.entities.append(place | begun.more)

    def _byte(self, token: re.Match[str]) -> int:
        return len(self.source[: token.start()].encode())


def _details(tag: str, attributes: dict[str, str]) -> dict[str, str]:
    if tag == "a" and LINK.match(attributes.get("href", "")):
        return {"url": attributes["href"]}
    language = attributes.get("class", "")
    if tag == "code" and language.startswith("language-"):
        return {"language": language.removeprefix("language-")}
    return {}


def _refuse(reason: str) -> NoReturn:
    raise bad_request(f"can't parse entities: {reason}")
