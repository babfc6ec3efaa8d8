"""What comes of running an action: what it returned, or why it couldn't."""

from dataclasses import dataclass

from bot.turn import JSON


class ActionFailedError(Exception):
    """An action couldn't be run to its end. The message names the action and the mend, and holds
    nothing that a customer wrote."""


class UnknownActionError(ActionFailedError):
    """Nothing has an action of that name."""


class UnsupportedEventError(ActionFailedError):
    """An action returned an event that a dialogue here can't follow."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What an action returned: rasa_sdk's events, and its messages still unrendered.

    `rejected` says that it refused to run, so that something else has to happen.
    """

    events: tuple[JSON, ...]
    messages: tuple[JSON, ...]
    rejected: bool = False
