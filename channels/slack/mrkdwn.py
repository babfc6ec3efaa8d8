"""Our texts in Slack's notation. What a stranger wrote can't mention anyone or hide a link."""

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

MARKS = {"strong": "*", "em": "_", "s": "~"}
WEB_ADDRESS = re.compile(r"https?://[^\s<>|]*[^\s<>|.,;:!?'\")\]]")
LEADS_SOMEWHERE = re.compile(r"(?:https?://|mailto:|tel:)\S+")
LONGEST_LINK = 1500  # characters, so that a link always fits into one section
INDENT = "    "

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def escape(text: str) -> str:
    """The text with what means something to Slack made harmless."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def from_plain(text: str) -> str:
    """Plain text, in which only web addresses become links."""
    shown, end = "", 0
    for found in WEB_ADDRESS.finditer(text):
        shown += escape(text[end : found.start()]) + link(found[0])
        end = found.end()
    return shown + escape(text[end:])


def from_markdown(markdown: str, address: Callable[[str], str]) -> str:
    """Markdown; `address` says where a link leads, and nothing if nowhere."""
    return _Writer(address).blocks(SyntaxTreeNode(_parser.parse(markdown)))


def link(target: str, label: str = "") -> str:
    """A link with a plain label; only the label if it leads to nothing that Slack opens."""
    if not LEADS_SOMEWHERE.fullmatch(target) or len(target) + len(label) > LONGEST_LINK:
        return escape(label or target)
    target = escape(target.replace("|", "%7C"))
    return f"<{target}|{escape(label.replace('|', '¦'))}>" if label else f"<{target}>"


class _Writer:
    """Walks the Markdown's tree."""

    def __init__(self, address: Callable[[str], str]) -> None:
        self._address = address

    def blocks(self, node: SyntaxTreeNode) -> str:
        return "\n\n".join(filter(None, map(self._block, node.children)))

    def _block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "paragraph":
                return self._inline(node.children)
            case "heading":
                return f"*{self._inline(node.children).replace('*', '')}*"
            case "bullet_list" | "ordered_list":
                return "\n".join(self._items(node))
            case "blockquote":
                return "\n".join(f">{line}" for line in self.blocks(node).split("\n"))
            case "fence" | "code_block":
                return f"```\n{_code(node.content.rstrip())}\n```"
            case "table":
                return "\n".join(self._rows(node))
            case "hr":
                return "———"
        return escape(node.content)

    def _items(self, node: SyntaxTreeNode) -> Iterator[str]:
        number = int(node.attrs.get("start", 1))
        for position, item in enumerate(node.children):
            mark = "•" if node.type == "bullet_list" else f"{number + position}."
            inside = "\n".join(filter(None, map(self._block, item.children)))
            yield f"{mark} " + inside.replace("\n", f"\n{INDENT}")

    def _rows(self, node: SyntaxTreeNode) -> Iterator[str]:
        for part in node.children:
            for row in part.children:
                cells = [self._inline(cell.children) for cell in row.children]
                if part.type == "thead":
                    cells = [f"*{cell}*" if cell else "" for cell in cells]
                yield " | ".join(cells)

    def _inline(self, nodes: list[SyntaxTreeNode]) -> str:
        shown = ""
        for node, following in zip(nodes, [*nodes[1:], None], strict=True):
            part = self._span(node)
            if mark := MARKS.get(node.type):
                # Slack marks whole words only.
                is_inside = shown[-1:].isalnum() or _opening(following).isalnum()
                part = part if is_inside or not part else f"{mark}{part}{mark}"
            shown += part
        return shown

    def _span(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text":
                return from_plain(node.content)
            case "softbreak":
                return " "
            case "hardbreak":
                return "\n"
            case "code_inline":
                return f"`{_code(node.content)}`"
            case "link":
                return link(self._address(str(node.attrs.get("href", ""))), _words(node))
            case "image":  # it would be loaded from elsewhere: its description does instead
                return escape(node.content)
        return self._inline(node.children) if node.children else escape(node.content)


def _code(text: str) -> str:
    return escape(text.replace("`", "ˋ"))


def _words(node: SyntaxTreeNode) -> str:
    return "".join(_words(child) if child.children else child.content for child in node.children)


def _opening(node: SyntaxTreeNode | None) -> str:
    return node.content[:1] if node and node.type == "text" else ""
