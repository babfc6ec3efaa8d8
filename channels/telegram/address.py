"""Where replies go: "chat" or "chat:topic", as we write it into `Inbound.address`."""

from typing import NamedTuple


class Address(NamedTuple):
    """A chat by its number, a group's being negative; and a topic in it, if it has some."""

    chat_id: int
    thread_id: int | None = None

    @property
    def is_group(self) -> bool:
        return self.chat_id < 0

    def __str__(self) -> str:
        return f"{self.chat_id}:{self.thread_id}" if self.thread_id else str(self.chat_id)


def parse_address(text: str) -> Address:
    chat_id, _, thread_id = text.partition(":")
    return Address(int(chat_id), int(thread_id) if thread_id else None)
