"""Our own pages, as far as somebody in Slack can open them."""

import re
from dataclasses import dataclass

from bot.knowledge import Knowledge
from bot.settings import PUBLIC

ARTICLE = re.compile(r"(?:article:|/help/)(?P<id>[\w.-]+)(?P<heading>#[\w-]+)?")


@dataclass(frozen=True, slots=True)
class Site:
    """The help centre at `base`. It shows public articles only."""

    base: str
    knowledge: Knowledge

    def address(self, target: str) -> str:
        """Where a link leads, for a browser; empty for an article that isn't public."""
        article = ARTICLE.fullmatch(target)
        if article and not self.knowledge.article(article["id"], frozenset({PUBLIC})):
            return ""
        if article:
            target = f"/help/{article['id']}{article['heading'] or ''}"
        is_ours = target.startswith("/") and not target.startswith("//")
        return self.base.rstrip("/") + target if is_ours else target
