"""Where a line goes in Slack: a channel, a thread of it, and whether one person only may see it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """`user` is who alone sees what is sent there; None for everyone in the channel."""

    channel: str
    thread: str | None = None
    user: str | None = None

    def __str__(self) -> str:
        parts = (self.channel, self.thread or "", self.user or "")
        return ":".join(parts).rstrip(":")

    @classmethod
    def parse(cls, text: str) -> "Address":
        """The address that `str` gave."""
        channel, thread, user = [*text.split(":"), "", ""][:3]
        return cls(channel, thread or None, user or None)

    @property
    def is_direct(self) -> bool:
        """Whether it is somebody's direct messages with the app."""
        return self.channel.startswith("D")

    @property
    def place(self) -> str | None:
        """The name of the conversation that is held in the thread, which is each reader's own where
        only they see it; None outside threads."""
        return str(self) if self.thread else None
