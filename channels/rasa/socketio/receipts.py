"""What has arrived at a client.

No client made for Rasa acknowledges an event, but each answers a ping, and takes what comes in
order: the answer to a ping that was sent after a line says that the line has arrived.
"""

from collections import deque
from collections.abc import Callable, Collection

from engineio import AsyncServer
from engineio.packet import PING, PONG, Packet


class Receipts:
    """Of one connection; `arrived` is told the ids of lines that have arrived there.

    It listens to what the engine sends and receives on the connection, since the engine sends
    pings of its own, and its answers look the same.
    """

    def __init__(
        self, engine: AsyncServer, connection: str, arrived: Callable[[Collection[int]], None]
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._arrived = arrived
        self._pings = self._answers = 0
        self._pending: deque[tuple[int, Collection[int]]] = deque()
        socket = engine.sockets[connection]
        self._send, self._receive = socket.send, socket.receive
        socket.send, socket.receive = self._sending, self._receiving

    async def ask(self, ids: Collection[int]) -> None:
        """Find out when these lines arrive, which have just been sent."""
        self._pending.append((self._pings + 1, ids))
        await self._engine.send_packet(self._connection, Packet(PING))

    async def _sending(self, packet: Packet) -> None:
        self._pings += packet.packet_type == PING
        await self._send(packet)

    async def _receiving(self, packet: Packet) -> None:
        if packet.packet_type == PONG:
            self._answers += 1
            while self._pending and self._pending[0][0] <= self._answers:
                self._arrived(self._pending.popleft()[1])
        await self._receive(packet)
