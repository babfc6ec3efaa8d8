"""What Slack keeps: workspaces, their people and channels, and what was posted."""

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.slack.scopes import SCOPES

Json = dict[str, Any]


def new_id(prefix: str) -> str:
    """Such as C0F4A29B1D7: a letter for the kind of thing, then what nothing else has."""
    return f"{prefix}0{secrets.token_hex(5).upper()}"


class Clock:
    """Slack's timestamps: seconds with six digits, which are also ids, so that none comes twice."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def ts(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


@dataclass(eq=False)
class User:
    """A member of a workspace; `guest` restricts them to some channels, or to one."""

    name: str
    team: "Team"
    email: str | None = None
    guest: Literal["multi-channel", "single-channel"] | None = None
    is_bot: bool = False
    is_deleted: bool = False
    id: str = field(default_factory=lambda: new_id("U"))
    home: "View | None" = None
    modal: "View | None" = None

    @property
    def handle(self) -> str:
        return self.name.lower().replace(" ", ".")

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False)
class Team:
    """A workspace, in which the app is installed as `bot` with the `tokens`."""

    name: str
    id: str = field(default_factory=lambda: new_id("T"))
    bot_id: str = field(default_factory=lambda: new_id("B"))
    scopes: frozenset[str] = SCOPES
    tokens: list[str] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    bot: User = field(init=False)

    def __post_init__(self) -> None:
        self.bot = User("Firstline", self, is_bot=True)
        self.users.append(self.bot)

    @property
    def domain(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def token(self) -> str:
        """The one that was issued last."""
        return self.tokens[-1]

    def issue_token(self) -> str:
        self.tokens.append(f"xoxb-{self.id[1:]}-{secrets.token_hex(12)}")
        return self.token


@dataclass(eq=False)
class Upload:
    """A file that somebody sent."""

    name: str
    data: bytes
    media_type: str
    user: User
    id: str = field(default_factory=lambda: new_id("F"))


@dataclass(eq=False)
class View:
    """A modal or a Home tab, and what its inputs hold by now: {block_id: {action_id: state}}."""

    content: Json
    id: str = field(default_factory=lambda: new_id("V"))
    hash: str = field(default_factory=lambda: secrets.token_hex(6))
    values: dict[str, Json] = field(default_factory=dict)


@dataclass(eq=False)
class Post:
    """A message. `only_for` is the one person who sees an ephemeral one."""

    ts: str
    channel: "Channel"
    author: User
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    subtype: str | None = None
    files: list[Upload] = field(default_factory=list)
    metadata: Json | None = None
    only_for: User | None = None
    edited_ts: str | None = None
    is_deleted: bool = False
    reactions: list[str] = field(default_factory=list)
    former_blocks: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blocks = named(self.blocks)

    @property
    def reference(self) -> str:
        return f"{self.channel.id}:{self.ts}"


@dataclass(eq=False)
class Channel:
    """Where people post: a channel, a private one ("group"), or direct messages (with several
    people: "mpim").

    `teams` are the workspaces that have it: more than one makes it a Slack Connect channel.
    """

    name: str
    kind: Literal["channel", "group", "mpim", "im"]
    teams: list[Team]
    members: list[User] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    is_archived: bool = False
    statuses: dict[str, str] = field(default_factory=dict)  # "is thinking...", by thread
    titles: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, list[Json]] = field(default_factory=dict)
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or new_id(
            {"channel": "C", "group": "G", "mpim": "G", "im": "D"}[self.kind]
        )

    @property
    def is_shared(self) -> bool:
        return len(self.teams) > 1

    def find(self, ts: str) -> Post | None:
        """The post that everybody sees, unless it was deleted."""
        found = (post for post in list(self.posts) if post.ts == ts and not post.only_for)
        return next((post for post in found if not post.is_deleted), None)

    def thread(self, ts: str) -> list[Post]:
        return [
            post
            for post in list(self.posts)
            if ts in (post.ts, post.thread_ts) and not post.is_deleted and not post.only_for
        ]


def named(blocks: list[Json]) -> list[Json]:
    """Blocks, of which each has an id."""
    return [{"block_id": secrets.token_hex(3)} | block for block in blocks]


def buttons(blocks: list[Json]) -> Iterator[tuple[str, Json]]:
    """Each button in the blocks, with its block's id."""
    for block in blocks:
        for element in [*block.get("elements", []), block.get("accessory", {})]:
            if element.get("type") == "button":
                yield block["block_id"], element


class World:
    """Everything there is, found by its id."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.teams: list[Team] = []
        self.channels: list[Channel] = []
        self.uploads: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def team_of(self, token: str | None) -> Team | None:
        return next((team for team in self.teams if token in team.tokens), None)

    def user(self, user_id: str) -> User | None:
        users = (user for team in self.teams for user in team.users)
        return next((user for user in users if user.id == user_id), None)

    def channel(self, name: str) -> Channel | None:
        """By its id or as #name."""
        return next((each for each in self.channels if name in (each.id, f"#{each.name}")), None)

    def dm(self, user: User, team: Team) -> Channel:
        """The direct messages between somebody and a team's bot; they exist once asked for."""
        with self._lock:
            for channel in self.channels:
                if channel.kind == "im" and {*channel.members} == {user, team.bot}:
                    return channel
            channel = Channel(user.handle, "im", [team], [user, team.bot])
            self.channels.append(channel)
            return channel

    def post(self, channel: Channel, author: User, text: str, **more: Any) -> Post:
        post = Post(self.clock.ts(), channel, author, text, **more)
        channel.posts.append(post)
        return post

    def rewrite(self, post: Post, text: str, blocks: list[Json]) -> None:
        """By the app. Slack shows that a message was edited unless it has blocks now, or is
        ephemeral."""
        post.former_blocks += post.blocks
        post.text, post.blocks = text, named(blocks)
        if not blocks and not post.only_for:
            post.edited_ts = self.clock.ts()
