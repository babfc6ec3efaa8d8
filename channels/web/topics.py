"""The help centre's shelves: articles under names that customers would use."""

from collections.abc import Iterable
from dataclasses import dataclass

from kb_index.articles import Article

# An article stands under the first of its tags found here; the order is that of the page.
TOPICS: dict[str, tuple[str, ...]] = {
    "Orders and delivery": ("orders", "delivery", "click-and-collect", "swiftpost"),
    "Returns and refunds": ("returns", "refund", "refunds", "exchange", "warranty", "faults"),
    "Paying": ("payment", "payments", "price", "gift-cards", "discount", "invoice", "klarna"),
    "Your account": ("account", "email", "password", "two-factor", "privacy"),
    "Lark Plus": ("lark-plus", "subscription"),
    "Hub and app": ("hub", "app", "firmware", "updates", "power"),
    "Lights and plugs": ("lights", "glow", "glow-strip", "plug"),
    "Locks": ("locks", "latch"),
    "Cameras and doorbell": ("cameras", "doorbell", "chime", "eye"),
    "Heating, air and blinds": ("heating", "therm", "air", "blind"),
    "Sensors and alarms": ("sensors", "sense", "smoke", "leak", "alarms", "safety"),
    "Alexa, Google and Matter": ("smart-home", "automation", "alexa", "matter"),
    "Shops and contact": ("shops", "contact", "company", "support", "business", "recycling"),
}
OTHER = "More help"

_TOPIC_OF_TAG = {tag: topic for topic, tags in TOPICS.items() for tag in tags}


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    articles: list[Article]


def topic_of(article: Article) -> str:
    """The topic of a known tag; a tag of its own kind is a topic by itself."""
    known = (_TOPIC_OF_TAG[tag] for tag in article.tags if tag in _TOPIC_OF_TAG)
    own = article.tags[0].replace("-", " ").capitalize() if article.tags else OTHER
    return next(known, own)


def by_topic(articles: Iterable[Article]) -> list[Topic]:
    """Known topics in their order, then others by name, then the rest.

    Within a topic the articles that people ask for in most ways come first.
    """
    shelves: dict[str, list[Article]] = {}
    for article in sorted(articles, key=lambda article: (-len(article.questions), article.title)):
        shelves.setdefault(topic_of(article), []).append(article)
    known = list(TOPICS)
    own = sorted(name for name in shelves if name not in TOPICS and name != OTHER)
    return [Topic(name, shelves[name]) for name in [*known, *own, OTHER] if name in shelves]
