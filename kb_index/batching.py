"""One encoder for many threads: calls that arrive during a batch share the next one."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition

import numpy as np
import numpy.typing as npt

from kb_index.models import Encoder, Vectors


@dataclass(slots=True, eq=False)
class _Call:
    texts: list[str]
    vectors: Vectors | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.vectors is not None or self.error is not None


class BatchingEncoder:
    """Thread-safe front of `inner`. An idle encoder starts at once; nothing waits for company.

    The last `remember` texts keep their vectors.
    """

    def __init__(self, inner: Encoder, max_batch: int = 32, remember: int = 1024) -> None:
        self.name = inner.name
        self.dimension = inner.dimension
        self._inner = inner
        self._max_batch = max_batch
        self._remember = remember
        self._recent: OrderedDict[str, npt.NDArray[np.float32]] = OrderedDict()
        self._waiting: deque[_Call] = deque()
        self._changed = Condition()
        self._busy = False

    def encode(self, texts: Sequence[str]) -> Vectors:
        with self._changed:
            known = {text: self._recent[text] for text in texts if text in self._recent}
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if fresh:
            known.update(zip(fresh, self._encode_fresh(fresh), strict=True))
        self._keep(known)
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([known[text] for text in texts])

    def _encode_fresh(self, texts: list[str]) -> Vectors:
        call = _Call(texts)
        with self._changed:
            self._waiting.append(call)
            while not call.done:
                if self._busy:
                    self._changed.wait()
                else:
                    self._lead()
        if call.error is not None:
            raise call.error
        assert call.vectors is not None
        return call.vectors

    def _lead(self) -> None:
        """Encode the oldest waiting calls, with the lock released meanwhile."""
        batch = self._next_batch()
        self._busy = True
        self._changed.release()
        try:
            self._run(batch)
        finally:
            self._changed.acquire()
            self._busy = False
            self._changed.notify_all()

    def _next_batch(self) -> list[_Call]:
        batch = [self._waiting.popleft()]
        room = self._max_batch - len(batch[0].texts)
        while self._waiting and len(self._waiting[0].texts) <= room:
            batch.append(self._waiting.popleft())
            room -= len(batch[-1].texts)
        return batch

    def _run(self, batch: list[_Call]) -> None:
        try:
            vectors = self._inner.encode([text for call in batch for text in call.texts])
        except BaseException as error:
            for call in batch:
                call.error = error
            return
        start = 0
        for call in batch:
            call.vectors = vectors[start : start + len(call.texts)]
            start += len(call.texts)

    def _keep(self, vectors: dict[str, npt.NDArray[np.float32]]) -> None:
        with self._changed:
            for text, vector in vectors.items():
                self._recent[text] = vector
                self._recent.move_to_end(text)
            while len(self._recent) > self._remember:
                self._recent.popitem(last=False)
