"""Intents and scope: which one a line means, how sure that is, and what is none of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.intent import IntentModel, ModelUnusable, Verdict, name_vectors
from kb_index.articles import Article
from kb_index.classifier import called
from kb_index.encoder import Encoder
from kb_index.index import Index, build
from kb_index.search import search
from kb_index.wording import Wording

Lines = dict[str | None, list[str]]

BANK: Lines = {
    "lost_card": [
        *("I lost my card", "my bank card is gone", "someone stole my card"),
        *("I can't find my debit card", "my wallet with the card was stolen"),
        *("the card fell out of my pocket", "I left my card in the cash machine", "card missing"),
    ],
    "exchange_rate": [
        *("what is your exchange rate", "how many euros do I get for a pound"),
        *("is the rate for dollars good today", "which rate did you use for my yen"),
        *("how do you work out foreign currency", "the rate you gave me was bad"),
        *("do you add a fee to the exchange rate", "dollars to pounds today"),
    ],
    "change_pin": [
        *("I want a new PIN", "how do I change my PIN", "can I choose another PIN number"),
        *("reset the pin of my card", "the four digits are hard to remember, change them"),
        *("where can I set my PIN", "my PIN should be different", "pick a new PIN"),
    ],
    "top_up": [
        *("how do I top up", "put money on my account", "my top up did not arrive"),
        *("can I add money by cheque", "load fifty pounds from my other bank"),
        *("top up by transfer please", "is there a limit for adding money", "top me up"),
    ],
    "close_account": [
        *("close my account", "I want to leave the bank", "how do I cancel my account for good"),
        *("delete everything you have on me and shut the account", "end my contract"),
        *("I am moving to another bank, close it", "terminate my account", "stop being a customer"),
    ],
}
ELSEWHERE = ("how do I bake sourdough bread", "which dinosaur was the largest", "sing me a song")


def train(encoder: Encoder, lines: Lines) -> IntentModel:
    texts = [text for own in lines.values() for text in own]
    intents = [intent for intent, own in lines.items() for _ in own]
    return IntentModel.train(encoder.encode(texts), texts, intents, name_vectors(intents, encoder))


def judge(model: IntentModel, encoder: Encoder, *texts: str) -> list[Verdict]:
    return model.judge(encoder.encode(texts), texts)


@pytest.fixture(scope="module")
def bank(encoder: Encoder) -> IntentModel:
    return train(encoder, BANK)


def is_sound(verdict: Verdict) -> bool:
    """Whether the numbers of a verdict are probabilities that agree with each other."""
    chances = [chance for _, chance in verdict.ranking]
    return (
        all(0 <= chance <= 1 for chance in (*chances, verdict.in_scope))
        and chances == sorted(chances, reverse=True)
        and verdict.ranking[0] == (verdict.intent, verdict.confidence)
        and verdict.refused == (verdict.in_scope < 0.5)
    )


@pytest.mark.parametrize(
    ("line", "intent"),
    [
        ("my card has been stolen on the bus", "lost_card"),
        ("how many dollars for a hundred pounds", "exchange_rate"),
        ("I forgot my PIN and need a new one", "change_pin"),
        ("top up my balance with twenty pounds", "top_up"),
        ("please shut down my account", "close_account"),
    ],
)
def test_a_line_in_other_words_is_understood(
    bank: IntentModel, encoder: Encoder, line: str, intent: str
) -> None:
    (verdict,) = judge(bank, encoder, line)
    assert (verdict.intent, verdict.refused) == (intent, False)
    assert verdict.confidence > 0.5


def test_a_topic_that_nobody_foresaw_is_less_in_scope_than_any_training_line(
    bank: IntentModel, encoder: Encoder
) -> None:
    known = judge(bank, encoder, *(text for own in BANK.values() for text in own))
    for verdict in judge(bank, encoder, *ELSEWHERE):
        assert verdict.refused
        assert verdict.in_scope < min(each.in_scope for each in known)


def test_an_intent_that_is_left_out_is_out_of_scope(encoder: Encoder) -> None:
    model = train(encoder, {name: own for name, own in BANK.items() if name != "exchange_rate"})
    absent = judge(model, encoder, *BANK["exchange_rate"])
    present = judge(model, encoder, *BANK["lost_card"])
    assert max(each.in_scope for each in absent) < min(each.in_scope for each in present)


def test_training_twice_gives_the_same_verdicts(bank: IntentModel, encoder: Encoder) -> None:
    texts = [*BANK["top_up"], *ELSEWHERE]
    assert judge(train(encoder, BANK), encoder, *texts) == judge(bank, encoder, *texts)


def test_lines_are_judged_alike_alone_and_together(bank: IntentModel, encoder: Encoder) -> None:
    texts = ["I lost my card", "what is a top up", "bread"]
    together = judge(bank, encoder, *texts)
    for text, verdict in zip(texts, together, strict=True):
        (alone,) = judge(bank, encoder, text)
        assert alone.intent == verdict.intent
        assert alone.confidence == pytest.approx(verdict.confidence, abs=1e-3)


HELLO: Lines = {"greet": ["hello", "hi there"]}
FEW: dict[str, Lines] = {
    "one intent": {"greet": ["hello", "hi there", "good morning"]},
    "one line": {"greet": ["hello"]},
    "one line each": {"greet": ["hello"], "leave": ["bye"], "thank": ["thanks a lot"]},
    "two intents": HELLO | {"leave": ["bye", "see you"]},
    "one intent and none": HELLO | {None: ["what is the weather like", "who won the match"]},
    "an intent whose name says nothing": {"greet": ["hello", "hi there"], "___": ["see you"]},
}


@pytest.mark.parametrize("lines", FEW.values(), ids=FEW.keys())
def test_little_training_data_is_enough_for_sound_verdicts(encoder: Encoder, lines: Lines) -> None:
    hello, other = judge(train(encoder, lines), encoder, "hello", "ünïcödé 🙂 \x00")
    assert hello.intent == "greet"
    assert is_sound(hello)
    assert is_sound(other)
    assert {name for name, _ in hello.ranking} == {name for name in lines if name}


@pytest.mark.parametrize("lines", [{}, {None: ["what is the weather like", "who won"]}])
def test_no_intent_at_all_is_refused(encoder: Encoder, lines: Lines) -> None:
    texts = [text for own in lines.values() for text in own]
    vectors = np.zeros((len(texts), encoder.dimension), np.float32)
    with pytest.raises(ValueError, match="no line has an intent"):
        IntentModel.train(vectors, texts, [None] * len(texts), {})


def test_lines_labelled_as_none_put_their_like_out_of_scope(
    bank: IntentModel, encoder: Encoder
) -> None:
    jobs = [f"are you hiring {role}" for role in ("cashiers", "tellers", "managers", "interns")]
    jobs += [f"I want to work for the bank as a {role}" for role in ("clerk", "cook", "guard")]
    labelled = train(encoder, BANK | {None: [*ELSEWHERE, *jobs]})
    asked = "do you have a job for a driver at the bank"
    (before,), (after,) = (judge(model, encoder, asked) for model in (bank, labelled))
    assert after.in_scope < before.in_scope
    assert after.refused
    assert None not in {name for name, _ in after.ranking}
    (card,) = judge(labelled, encoder, "my card was stolen")
    assert (card.intent, card.refused) == ("lost_card", False)


def test_an_intent_with_one_odd_example_is_found_by_its_name(encoder: Encoder) -> None:
    lines = BANK | {"cash_withdrawal_limit": ["friday was awkward, only half of it came out"]}
    asked = "what is the limit for a cash withdrawal"
    assert judge(train(encoder, lines), encoder, asked)[0].intent == "cash_withdrawal_limit"
    texts = [text for own in lines.values() for text in own]
    intents = [intent for intent, own in lines.items() for _ in own]
    nameless = IntentModel.train(encoder.encode(texts), texts, intents, {})
    assert judge(nameless, encoder, asked)[0].intent != "cash_withdrawal_limit"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("card_arrival", "card arrival"),
        ("faq/ask-Refund", "faq ask refund"),
        ("closeAccount", "close account"),
        ("__", ""),
    ],
)
def test_a_name_is_read_as_words(name: str, words: str) -> None:
    assert called(name) == words


def test_rare_names_with_typing_errors_are_seen_by_the_wording(encoder: Encoder) -> None:
    typos = {
        "zendorix": "zendroix stopped",
        "brilkatu": "the light on the brilktu blinks red",
        "quorvex": "qourvex leaks",
        "plimsota": "is a plimsotta safe for kids",
        "vardunel": "vardunl",
        "moxifera": "moxfera, why",
    }
    lines: Lines = {name: [f"my {name} is broken", f"{name} does not start"] for name in typos}
    model = train(encoder, lines)
    wording = model.classifier.wording_weights
    unworded = replace(model.classifier, wording_weights=np.zeros_like(wording))
    for name, text in typos.items():
        (seen,) = judge(model, encoder, text)
        (blind,) = judge(replace(model, classifier=unworded), encoder, text)
        assert seen.intent == name
        assert seen.confidence / seen.in_scope > dict(blind.ranking)[name] / blind.in_scope


def test_few_lines_that_are_all_understood_do_not_make_it_certain(
    bank: IntentModel, encoder: Encoder
) -> None:
    (verdict,) = judge(bank, encoder, "close my account or change my PIN")
    assert {name for name, _ in verdict.ranking[:2]} == {"close_account", "change_pin"}
    assert verdict.ranking[1][1] > 0.05


def test_a_saved_model_gives_the_same_verdicts(
    bank: IntentModel, encoder: Encoder, tmp_path: Path
) -> None:
    bank.save(tmp_path / "intents.npz")
    texts = [*BANK["lost_card"], *ELSEWHERE]
    loaded = IntentModel.load(tmp_path / "intents.npz")
    assert judge(loaded, encoder, *texts) == judge(bank, encoder, *texts)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def replace_by_text(path: Path) -> None:
    path.write_text("this is no model")


def leave_out_the_scope(path: Path) -> None:
    with np.load(path) as stored:
        kept = {name: stored[name] for name in stored if name != "scope"}
    np.savez(path, allow_pickle=False, **kept)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (cut_short, "is damaged"),
        (replace_by_text, "is damaged"),
        (leave_out_the_scope, "is damaged"),
        (Path.unlink, "is missing"),
    ],
)
def test_a_damaged_model_is_named_with_the_mend(
    bank: IntentModel, tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "intents.npz"
    bank.save(path)
    harm(path)
    with pytest.raises(ModelUnusable, match=rf"intents\.npz {words}.*firstline train"):
        IntentModel.load(path)


MANY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


@MANY
@given(text=st.text(max_size=200))
def test_whatever_is_written_the_verdict_is_sound(
    bank: IntentModel, encoder: Encoder, text: str
) -> None:
    (verdict,) = judge(bank, encoder, text)
    assert is_sound(verdict)
    assert sum(chance for _, chance in verdict.ranking) == pytest.approx(verdict.in_scope, abs=1e-4)


@given(text=st.text(), learnt=st.lists(st.text(), max_size=5))
def test_a_wording_is_of_unit_length_or_empty(text: str, learnt: list[str]) -> None:
    places, values = Wording.learn(learnt).of(text)
    assert len(set(places.tolist())) == len(places) == len(values)
    assert np.isfinite(values).all()
    assert float(np.linalg.norm(values)) == pytest.approx(1 if len(places) else 0, abs=1e-4)


@pytest.mark.parametrize("text", ["", " \n", "🙂🙃", "?!…", "\x00"])
def test_a_text_without_words_has_no_wording(text: str) -> None:
    places, values = Wording.learn(["hello", text]).of(text)
    assert (len(places), len(values)) == (0, 0)


def similarity(one: str, other: str, wording: Wording) -> float:
    rows = wording.matrix([one, other]).toarray()
    return float(rows[0] @ rows[1])


@pytest.mark.parametrize(
    ("one", "like", "unlike"),
    [
        ("refund", "refnud", "parcel"),
        ("I want a REFUND", "i want a refund", "i want a hat"),
        ("订单在哪里", "我的订单在哪里", "退款需要多久"),
        ("Größe", "GRÖSSE größe", "Farbe"),
        ("ﬁle", "file", "mile"),
    ],
)
def test_alike_wordings_are_near(one: str, like: str, unlike: str) -> None:
    wording = Wording.learn(["where is my parcel", "which size", "a hat"])
    assert similarity(one, like, wording) > similarity(one, unlike, wording) + 0.1


def test_what_every_line_says_tells_less_than_rare_words() -> None:
    one, other = "my order of a kettle", "my order of a violin"
    usual = Wording.learn([f"my order of a {thing}" for thing in ("tent", "piano", "bicycle")])
    assert similarity(one, other, usual) < similarity(one, other, Wording.learn([])) - 0.1


TOPICS = ("kettle", "bicycle", "violin", "tent")
ASKED = ("how do I clean my {}", "what does the {} cost", "is the {} in stock", "a spare {} part")


def topics(*ways: str) -> list[Article]:
    """An article about each topic for either audience, with these known questions."""
    return [
        Article(
            f"{audience}-{topic}",
            f"The {topic}",
            f"All about the {topic} for {audience}.",
            audience=audience,
            questions=tuple(f"{way.format(topic)} {audience}" for way in ways),
        )
        for audience in ("public", "employees")
        for topic in TOPICS
    ]


def index_of(articles: Sequence[Article], encoder: Encoder, root: Path) -> Index:
    build(articles, encoder, root)
    return Index.open(root, encoder.name, encoder.dimension)


def test_articles_are_recognised_by_their_known_questions_if_there_are_enough(
    encoder: Encoder, tmp_path: Path
) -> None:
    recogniser = index_of(topics(*ASKED), encoder, tmp_path / "asked").recogniser
    assert recogniser is not None
    asked = "what will the violin cost employees"
    (scores,) = recogniser.scores(encoder.encode([asked]), [asked]).classes
    index = Index.open(tmp_path / "asked", encoder.name, encoder.dimension)
    assert index.articles[int(scores.argmax())].id == "employees-violin"
    assert index_of(topics(), encoder, tmp_path / "titles").recogniser is None
    one = topics(*ASKED)[:1]
    assert index_of(one, encoder, tmp_path / "one").recogniser is None


def test_the_recogniser_brings_no_article_of_another_audience(
    encoder: Encoder, tmp_path: Path
) -> None:
    index = index_of(topics(*ASKED), encoder, tmp_path)
    public = frozenset({"public"})
    for article in index.articles:
        for question, vector in zip(
            article.questions, encoder.encode(article.questions), strict=True
        ):
            hits = search(index, question, vector, audiences=public, k=100)
            assert {hit.audience for hit in hits} == {"public"}
            everyone = search(index, question, vector, audiences=public | {"employees"}, k=100)
            assert everyone[0].article_id == article.id
