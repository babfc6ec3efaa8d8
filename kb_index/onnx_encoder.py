"""The same encoder as an ONNX graph, so that a server starts in a blink and without torch."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from pydantic import BaseModel

from kb_index.models import ModelError, Vectors, load_model, sha256_of

if TYPE_CHECKING:
    import torch
    from onnx import ModelProto
    from onnxruntime.quantization.onnx_model import ONNXModel
    from sentence_transformers import SentenceTransformer

_GRAPH, _TOKENIZER, _ABOUT = "model.onnx", "tokenizer.json", "encoder.json"
_THREADS = min(os.cpu_count() or 1, 4)
_AT_ONCE = 8
_FAITHFUL = 0.998
_LARGEST = 2**31 - 2**24  # bytes of weights; the graph itself needs some room
_PROBES = (
    "How do I reset my password?",
    "WHERE IS MY PARCEL?!",
    "refund",
    "Der Akku lädt nicht mehr, was nun?",
    "你好，我的订单在哪里？",
    "The hub shows an orange light and the app says E-42; I have unplugged it twice.",
    "wifi " * 400,
    "Menu > Settings > Devices > Remove",
    "🙂 thanks",
    "",
)


class _About(BaseModel, frozen=True):
    model: str
    dimension: int
    max_length: int
    graph_sha256: str
    tokenizer_sha256: str


class OnnxEncoder:
    """An encoder exported by `export_onnx`. Thread-safe. Raises ModelError if damaged."""

    def __init__(self, directory: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        about = _read_about(directory)
        self.name = about.model
        self.dimension = about.dimension
        self._tokenizer = Tokenizer.from_file(str(directory / _TOKENIZER))
        self._tokenizer.enable_truncation(about.max_length)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        # One thread a text: two cost twice the processor time and gain a tenth in latency.
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            directory / _GRAPH, options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        # Texts of like length share a batch, so that little of it is padding.
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]))
        batches = [order[start : start + _AT_ONCE] for start in range(0, len(order), _AT_ONCE)]

        def encode(rows: list[int]) -> None:
            vectors[rows] = self._encode_batch([texts[row] for row in rows])

        if len(batches) > 1:
            with ThreadPoolExecutor(_THREADS) as pool:
                list(pool.map(encode, batches))
        else:
            for rows in batches:
                encode(rows)
        return vectors

    def _encode_batch(self, texts: list[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(texts)
        inputs = {
            "input_ids": np.array([text.ids for text in encoded], dtype=np.int64),
            "attention_mask": np.array([text.attention_mask for text in encoded], dtype=np.int64),
        }
        return cast(Vectors, self._session.run(None, inputs)[0])


def exported_model(directory: Path) -> str | None:
    """The name of the model exported to `directory`, or None."""
    try:
        return _read_about(directory).model
    except ModelError:
        return None


def _read_about(directory: Path) -> _About:
    try:
        about = _About.model_validate_json((directory / _ABOUT).read_bytes())
        hashes = (sha256_of(directory / _GRAPH), sha256_of(directory / _TOKENIZER))
    except (OSError, ValueError) as error:
        raise ModelError(f"no exported encoder in {directory}") from error
    if hashes != (about.graph_sha256, about.tokenizer_sha256):
        raise ModelError(f"the exported encoder in {directory} is damaged; delete that folder")
    return about


def export_onnx(model: str, directory: Path) -> bool:
    """Write `model` as an ONNX encoder into `directory`; takes about ten seconds.

    False, and nothing to open, if the model is not a transformer with mean pooling, is too large
    for one file, or the export does not give the same vectors (cosine of .998 or more on probe
    texts). Raises ModelError.
    """
    original = load_model(model)
    if not _is_mean_pooled(original) or not _fits(original):
        return False
    directory.mkdir(parents=True, exist_ok=True)
    (directory / _ABOUT).unlink(missing_ok=True)
    _write_graph(original, directory / _GRAPH)
    original.tokenizer.backend_tokenizer.save(str(directory / _TOKENIZER))
    about = _About(
        model=model,
        dimension=original.get_embedding_dimension() or 0,
        max_length=original.max_seq_length or 512,
        graph_sha256=sha256_of(directory / _GRAPH),
        tokenizer_sha256=sha256_of(directory / _TOKENIZER),
    )
    (directory / _ABOUT).write_text(about.model_dump_json(indent=1), encoding="utf-8")
    faithful = _agrees(original, OnnxEncoder(directory))
    if not faithful:
        (directory / _ABOUT).unlink()
    return faithful


def _is_mean_pooled(model: SentenceTransformer) -> bool:
    modules = [type(module).__name__ for module in model]
    if modules not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    return getattr(model[1], "pooling_mode", "") == "mean" and not model.default_prompt_name


def _fits(model: SentenceTransformer) -> bool:
    """Whether there is a tokenizer to save, and the weights fit into a protobuf file (2 GiB)."""
    size = sum(weights.numel() * weights.element_size() for weights in model.parameters())
    return size < _LARGEST and getattr(model.tokenizer, "is_fast", False)


def _write_graph(model: SentenceTransformer, path: Path) -> None:
    import torch

    example = model.tokenizer(["one text", "another, longer text"], padding=True)
    inputs = tuple(torch.tensor(example[name]) for name in ("input_ids", "attention_mask"))
    shape = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens")}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _mean_pooled(model).cpu().eval(),
            inputs,
            dynamo=True,
            verbose=False,
            input_names=["input_ids", "attention_mask"],
            dynamic_shapes=(shape, shape),
        )
    if program is None:
        raise ModelError("torch.onnx.export gave no graph")
    _shrink(program.model_proto).save_model_to_file(str(path), False)


def _shrink(graph: ModelProto) -> ONNXModel:
    """Weights to 8 bits in blocks of 32 with a scale each: half the processor time and a quarter
    of the memory of fp32 at a cosine of .9997 to it (benchmarks/README.md)."""
    from onnxruntime.quantization.matmul_nbits_quantizer import (
        DefaultWeightOnlyQuantConfig,
        MatMulNBitsQuantizer,
    )

    logging.getLogger("onnxruntime.quantization").setLevel(logging.ERROR)
    config = DefaultWeightOnlyQuantConfig(
        block_size=32, is_symmetric=True, accuracy_level=4, bits=8, op_types_to_quantize=("MatMul",)
    )
    quantizer = MatMulNBitsQuantizer(graph, algo_config=config)
    quantizer.process()
    return quantizer.model


def _mean_pooled(model: SentenceTransformer) -> torch.nn.Module:
    import torch

    class MeanPooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = cast(torch.nn.Module, model[0].auto_model)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            states = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask, return_dict=False
            )[0]
            weights = attention_mask.unsqueeze(-1).to(states.dtype)
            mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    return MeanPooled()


def _agrees(original: SentenceTransformer, exported: OnnxEncoder) -> bool:
    wanted = original.encode(list(_PROBES), normalize_embeddings=True, show_progress_bar=False)
    cosines = (np.asarray(wanted) * exported.encode(_PROBES)).sum(axis=1)
    return bool(cosines.min() >= _FAITHFUL)
