"""The worker: answers conversations that wait, and finds those that a crash left behind."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import structlog

from bot.db import Database
from bot.failures import failure
from channels.turnstile import Turnstile
from handoff.desk import FrontDesk
from handoff.lease import waiting
from handoff.reminders import fall_due, is_any_due

log = structlog.get_logger()

THREADS = 8
SWEEP = 5.0  # seconds between looks for lines that nobody is handling
TICK = 1.0  # seconds between looks for reminders whose time it is
MOST = 500  # conversations that one look brings


class Worker:
    """Threads that answer; `wake` says which conversation has something new."""

    def __init__(self, database: Database, front_desk: FrontDesk, turnstile: Turnstile) -> None:
        self._database = database
        self._turnstile = turnstile
        self._front_desk = front_desk
        self._due: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(THREADS, "worker")
        self._stopping = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        self._clock = threading.Thread(target=self._remind, name="reminders", daemon=True)

    def start(self) -> None:
        for _ in range(THREADS):
            self._pool.submit(self._work)
        self._sweeper.start()
        self._clock.start()

    def stop(self) -> None:
        """Let the turns at hand finish; what waits is stored and is taken after the restart."""
        self._stopping.set()
        for _ in range(THREADS):
            self._due.put(None)
        self._pool.shutdown(wait=True)

    def wake(self, conversation_id: int) -> None:
        """Answer the conversation soon."""
        self._due.put(conversation_id)

    def _work(self) -> None:
        while not self._stopping.is_set():
            conversation_id = self._due.get()
            if conversation_id is None:
                return
            try:
                with self._turnstile.turn():
                    self._front_desk.answer(conversation_id)
            except Exception as error:  # the sweeper brings it back
                log.error("turn failed", conversation=conversation_id, **failure(error))

    def _sweep(self) -> None:
        while True:
            try:
                with self._database.read() as session:
                    left = waiting(session, MOST)
            except Exception as error:  # the database is away: look again later
                log.error("sweep failed", **failure(error))
                left = []
            for conversation_id in left:
                self.wake(conversation_id)
            if self._stopping.wait(SWEEP if len(left) < MOST else self._drained()):
                return

    def _remind(self) -> None:
        while not self._stopping.wait(TICK):
            try:
                due = self._reminded()
            except Exception as error:  # the database is away: they come later
                log.error("reminders failed", **failure(error))
                continue
            for conversation_id in due:
                self.wake(conversation_id)

    def _reminded(self) -> list[int]:
        with self._database.read() as session:
            if not is_any_due(session):
                return []
        with self._database.write() as session:
            return fall_due(session)

    def _drained(self) -> float:
        """After a long outage there is more to find than one look brings: the next one comes as
        soon as these are taken."""
        while not self._due.empty() and not self._stopping.is_set():
            self._stopping.wait(0.05)
        return 0.0
