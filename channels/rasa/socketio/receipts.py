"""What has arrived at a client.

No client made for Rasa acknowledges an event, but each answers a ping, and takes what comes in
order: the answer to a ping that was sent after a line says that the line has arrived. One that
says goodbye first has got what was sent at least a round trip before.
"""

import time
from collections import deque
from collections.abc import Callable, Collection

from engineio import AsyncServer
from engineio.packet import PING, PONG, Packet

JITTER = 0.03  # seconds by which a client may leave sooner than its quickest answer came
SAMPLES = 3  # pings, one after the other, that find out how quick it is


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
        self._round_trip = float("inf")  # seconds; the shortest so far
        self._pings: deque[tuple[float, Collection[int]]] = deque()  # that wait for their answer
        self._asking: Collection[int] = ()
        self._samples = SAMPLES
        socket = engine.sockets[connection]
        self._send, self._receive = socket.send, socket.receive
        socket.send, socket.receive = self._sending, self._receiving

    async def ask(self, ids: Collection[int] = ()) -> None:
        """Find out when these lines arrive, which have just been sent."""
        self._asking = ids
        await self._engine.send_packet(self._connection, Packet(PING))

    def goodbye(self) -> None:
        """The client has left, and said so."""
        moment = time.monotonic()
        for sent_at, ids in self._pings:
            if moment - sent_at >= self._round_trip - JITTER:
                self._arrived(ids)

    async def _sending(self, packet: Packet) -> None:
        if packet.packet_type == PING:
            self._pings.append((time.monotonic(), self._asking))
            self._asking = ()
        await self._send(packet)

    async def _receiving(self, packet: Packet) -> None:
        if packet.packet_type == PONG and self._pings:
            sent_at, ids = self._pings.popleft()
            self._round_trip = min(self._round_trip, time.monotonic() - sent_at)
            self._arrived(ids)
            if self._samples:
                self._samples -= 1
                await self.ask()
        await self._receive(packet)
