"""A question to hits: the right article, for the right audience only."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb_index.articles import Article
from kb_index.encoder import DEFAULT_MODEL, Encoder, SentenceEncoder
from kb_index.index import Index, build
from kb_index.search import Hit, search

PUBLIC = frozenset({"public"})
STAFF = frozenset({"public", "employees"})
ARTICLES = [
    Article(
        "return-lamp",
        "Return a lamp",
        "Pack the lamp in its box.\n\n## Fees\n\nA return costs £2 unless the lamp is faulty.\n\n"
        "## Refund\n\nThe money is back on your card within five days.",
        questions=("can i send my lamp back", "i do not like the lamp i bought"),
        url="https://help.example/return-lamp",
    ),
    Article("reset-hub", "Reset the hub", "Hold the button for ten seconds until it glows orange."),
    Article("wifi", "Connect to Wi-Fi", "Choose the 2.4 GHz network in the Larkspur app."),
    Article("delivery", "Delivery times", "Standard delivery takes three days, express one day."),
    Article("leave", "Parental leave", "You get 26 weeks of leave. Tell us.", audience="employees"),
    Article("vpn", "Connect to the VPN", "Open the VPN app, approve on phone.", "employees"),
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return SentenceEncoder()


@pytest.fixture(scope="module")
def index(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Index:
    root = tmp_path_factory.mktemp("kb")
    build(ARTICLES, encoder, root)
    return Index.open(root, DEFAULT_MODEL, 384)


def ask(
    index: Index, encoder: Encoder, query: str, audiences: frozenset[str] = PUBLIC, k: int = 5
) -> list[Hit]:
    return search(index, query, encoder.encode([query])[0], audiences=audiences, k=k)


@pytest.mark.parametrize(
    ("query", "article_id"),
    [
        ("I'd like to bring back the light I ordered", "return-lamp"),
        ("orange glow", "reset-hub"),
        ("when will my parcel arrive", "delivery"),
        ("larkspurr", "wifi"),
        ("no wifi", "wifi"),
    ],
)
def test_the_right_article_is_first(
    index: Index, encoder: Encoder, query: str, article_id: str
) -> None:
    assert ask(index, encoder, query)[0].article_id == article_id


def test_a_hit_shows_the_passage_that_answers(index: Index, encoder: Encoder) -> None:
    hit = ask(index, encoder, "what does it cost to return a lamp")[0]
    assert (hit.passage_id, hit.heading) == ("return-lamp#fees", "Fees")
    assert hit.text == "A return costs £2 unless the lamp is faulty."
    assert (hit.title, hit.audience) == ("Return a lamp", "public")
    assert hit.url == "https://help.example/return-lamp"


def test_a_known_question_is_named(index: Index, encoder: Encoder) -> None:
    hit = ask(index, encoder, "can i send my lamp back")[0]
    assert hit.question == "can i send my lamp back"
    assert hit.dense == pytest.approx(1, abs=1e-4)
    assert ask(index, encoder, "orange glow")[0].question is None


def test_one_hit_an_article_best_first(index: Index, encoder: Encoder) -> None:
    hits = ask(index, encoder, "lamp refund fees box", k=3)
    assert len({hit.article_id for hit in hits}) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_has_no_hits(index: Index, encoder: Encoder, query: str) -> None:
    assert ask(index, encoder, query) == []


def test_employees_articles_are_found_by_employees_only(index: Index, encoder: Encoder) -> None:
    query = "how many weeks of parental leave do i get"
    assert ask(index, encoder, query, STAFF)[0].article_id == "leave"
    assert {hit.audience for hit in ask(index, encoder, query, PUBLIC, k=100)} == {"public"}
    assert ask(index, encoder, query, frozenset({"partners"})) == []
    assert ask(index, encoder, query, frozenset()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    query=st.text(min_size=1, max_size=40) | st.sampled_from([each.text for each in ARTICLES]),
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(1, 50),
)
def test_no_query_reaches_another_audience(index: Index, query: str, seed: int, k: int) -> None:
    vector = np.random.default_rng(seed).normal(size=384).astype(np.float32)
    vector /= np.linalg.norm(vector)
    hits = search(index, query, vector, audiences=PUBLIC, k=k)
    assert all(hit.audience == "public" for hit in hits)
    assert all(hit.passage_id.startswith(f"{hit.article_id}#") for hit in hits)
    assert all(0 <= number <= 1 for hit in hits for number in (hit.score, hit.dense, hit.lexical))


def test_lexical_is_the_share_of_the_query_that_is_found(index: Index, encoder: Encoder) -> None:
    def lexical(query: str) -> float:
        return max(hit.lexical for hit in ask(index, encoder, query))

    assert lexical("xylophone") == 0
    assert 0 < lexical("hub xylophone quartz") < lexical("hub xylophone") < lexical("hub")


def test_a_typing_error_counts_like_the_word(index: Index, encoder: Encoder) -> None:
    for wrong in ("delivrey", "dleivery", "deliverry"):
        assert ask(index, encoder, wrong)[0].lexical == ask(index, encoder, "delivery")[0].lexical
