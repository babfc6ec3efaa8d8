"""Slack takes about one message a second in each channel."""

import asyncio

APART = 1.0  # seconds
MOST = 1000  # channels that are remembered beyond their turn


class Pace:
    """Whose turn it is. A channel that waits holds up no other."""

    def __init__(self) -> None:
        self._free_at: dict[tuple[str, str], float] = {}

    async def turn(self, account: str, channel: str) -> None:
        """Wait until one more message may go there."""
        now = asyncio.get_running_loop().time()
        if len(self._free_at) > MOST:
            self._free_at = {key: at for key, at in self._free_at.items() if at > now}
        mine = max(now, self._free_at.get((account, channel), now))
        self._free_at[account, channel] = mine + APART
        await asyncio.sleep(mine - now)
