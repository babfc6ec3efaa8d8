"""Any sentence-transformers model, and articles in any language."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from bot.language import languages
from bot.settings import load_settings
from channels.app import create_app
from channels.setup import initialise
from kb_index.articles import Article
from kb_index.encoder import OnnxEncoder, SentenceEncoder, export_onnx, open_encoder
from kb_index.index import Index, build
from kb_index.lexicon import Lexicon
from kb_index.search import search
from tests.fakes.command import Firstline
from tests.fakes.people import Customer

DIMENSION = 48
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
TEXTS = [
    "Where is my parcel?",
    "Где моя посылка?",
    "我的包裹在哪里？",
    "أين طردي؟",
    "",
    "hub " * 90,
]


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small XLM-RoBERTa with random weights and mean pooling, saved as its users save one."""
    base, folder = (tmp_path_factory.mktemp(name) for name in ("transformer", "multilingual"))
    torch.manual_seed(0)
    tokenizer = _tokenizer()
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=DIMENSION,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=66,
        initializer_range=0.3,
    )
    XLMRobertaModel(config).save_pretrained(base)
    tokenizer.save_pretrained(base)
    transformer = Transformer(str(base), max_seq_length=32)
    SentenceTransformer(modules=[transformer, Pooling(DIMENSION)]).save(str(folder))
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    notices = [each.queued for each in languages().values() if each.queued]
    trainer = trainers.UnigramTrainer(
        vocab_size=800, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(notices, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    named = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), SPECIAL, strict=False))
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, cls_token="<s>", **named
    )


def test_a_multilingual_model_is_exported_faithfully(multilingual: Path, tmp_path: Path) -> None:
    exported = export_onnx(str(multilingual), tmp_path)
    encoder = open_encoder(str(multilingual), tmp_path)
    assert exported
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.dimension == DIMENSION
    wanted = SentenceEncoder(str(multilingual)).encode(TEXTS)
    assert (encoder.encode(TEXTS) * wanted).sum(axis=1).min() >= 0.998


@pytest.mark.parametrize("unlike", ["pooled by its first token", "too large for one file"])
def test_a_model_that_cannot_be_exported_is_served_as_it_is(
    multilingual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unlike: str
) -> None:
    model, folder = SentenceTransformer(str(multilingual)), tmp_path / "model"
    if unlike == "pooled by its first token":
        model[1] = Pooling(DIMENSION, pooling_mode="cls")
    else:
        monkeypatch.setattr("kb_index.onnx_encoder._LARGEST", 1000)
    model.save(str(folder))
    assert not export_onnx(str(folder), tmp_path / "export")
    assert isinstance(open_encoder(str(folder), tmp_path / "export"), SentenceEncoder)


def test_a_model_with_a_prompt_is_served_as_it_is(multilingual: Path, tmp_path: Path) -> None:
    model = SentenceTransformer(str(multilingual), prompts={"query": "query: "})
    model.default_prompt_name = "query"
    model.save(str(tmp_path / "prompted"))
    assert not export_onnx(str(tmp_path / "prompted"), tmp_path / "export")
    prompted = open_encoder(str(tmp_path / "prompted"), tmp_path / "export").encode(TEXTS[:1])
    plain = SentenceEncoder(str(multilingual)).encode(TEXTS[:1])
    assert not np.allclose(prompted, plain)


def test_an_installation_is_made_and_serves_with_the_model_named_in_its_settings(
    multilingual: Path, tmp_path: Path, firstline: Firstline
) -> None:
    (tmp_path / "firstline.toml").write_text(
        f'company = "Lark"\nmodel = "{multilingual}"\n[desks.customers]\nname = "Lark"\n',
        encoding="utf-8",
    )
    initialise(tmp_path, False, lambda done, total: None)
    article = tmp_path / "warranty.md"
    article.write_text("# Warranty\n\nTwo years on everything.", encoding="utf-8")
    assert firstline("kb", "import", article, "--data", tmp_path).code == 0
    with TestClient(create_app(load_settings(tmp_path))) as client:
        (answer,) = Customer(client, "Carol").says('/answer{"article": "warranty"}')
    assert answer["custom"]["kind"] == "answer"


SPANISH = Article("devoluciones", "Devoluciones", "Los pedidos devueltos se reembolsan pronto.")
CHINESE = Article("保修", "保修", "所有产品的保修期为两年，您可以在网上申请保修。")
ENGLISH = Article(
    "warranty", "Warranty", "All products have a warranty of two years from purchase."
)


@pytest.mark.parametrize(
    ("query", "article"),
    [
        ("¿cuándo se reembolsa una devolución?", SPANISH),
        ("保修期多久", CHINESE),
        ("how long are the warranties", ENGLISH),
    ],
)
def test_words_are_found_in_the_language_of_the_article(query: str, article: Article) -> None:
    articles = [SPANISH, CHINESE, ENGLISH]
    lexicon = Lexicon.build([f"{each.title} {each.text}" for each in articles], ["es", "zh", "en"])
    scores = lexicon.scores(query)
    assert articles[int(scores.argmax())] == article
    assert np.count_nonzero(scores) == 1


@pytest.mark.parametrize("query", ["मेरी वापसी की राशि", "เปลี่ยนรหัสผ่าน", "配送", "Rückgaben"])
def test_words_of_any_script_are_whole_words(query: str) -> None:
    texts = [query, "रसीद और बिल", "ข้อมูลทั่วไป", "退货", "Versand"]
    scores = Lexicon.build(texts, ["hi", "hi", "th", "zh", "de"]).scores(query)
    assert scores.argmax() == 0


def test_a_knowledge_base_in_two_languages_answers_in_both(
    multilingual: Path, tmp_path: Path
) -> None:
    encoder = SentenceEncoder(str(multilingual))
    build([SPANISH, CHINESE, ENGLISH], encoder, tmp_path)
    index = Index.open(tmp_path, encoder.name, encoder.dimension)
    for query, article in (("reembolso de un pedido", SPANISH), ("保修", CHINESE)):
        (vector,) = encoder.encode([query])
        hits = search(index, query, vector, audiences=frozenset({"public"}))
        best = max(hits, key=lambda hit: hit.lexical)
        assert best.article_id == article.id
