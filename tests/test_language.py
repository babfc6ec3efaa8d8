"""A customer whose language the desk doesn't speak gets a person at once; nobody else does."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from bot.language import LanguageDetector, languages, notice
from bot.policy import Act, Facts, decide
from bot.settings import PolicySettings, SettingsError, load_settings
from bot.training import read_training
from channels.app import create_app
from tests.fakes.people import Customer

ENGLISH = ["en"]
GERMAN = "Hallo, wo bleibt denn meine Bestellung? Ich warte seit zwei Wochen."
TUESDAY_NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)

WHERE_IS_MY_ORDER = {
    "ar": "أين طلبي؟ أنا أنتظر منذ أسبوعين",
    "bg": "Къде е поръчката ми? Чакам вече две седмици.",
    "bn": "আমার অর্ডার কোথায়? আমি দুই সপ্তাহ ধরে অপেক্ষা করছি",
    "cs": "Kde je moje objednávka? Čekám už dva týdny.",
    "da": "Hvor er min ordre? Jeg har ventet i to uger nu.",
    "de": "Wo ist meine Bestellung? Ich warte seit zwei Wochen.",
    "el": "Πού είναι η παραγγελία μου;",
    "es": "¿Dónde está mi pedido? Llevo dos semanas esperando.",
    "fa": "سفارش من کجاست؟ دو هفته است که منتظرم",
    "fi": "Missä tilaukseni on? Olen odottanut jo kaksi viikkoa.",
    "fr": "Où est ma commande ? J'attends depuis deux semaines.",
    "he": "איפה ההזמנה שלי?",
    "hi": "मेरा ऑर्डर कहाँ है? मैं दो हफ़्ते से इंतज़ार कर रहा हूँ",
    "hu": "Hol van a rendelésem? Már két hete várok rá.",
    "hy": "Որտե՞ղ է իմ պատվերը",
    "id": "Di mana pesanan saya? Saya sudah menunggu dua minggu.",
    "it": "Dov'è il mio ordine? Aspetto da due settimane.",
    "ja": "注文した商品はどこですか？",
    "ka": "სად არის ჩემი შეკვეთა?",
    "ko": "제 주문은 어디에 있나요?",
    "nl": "Waar blijft mijn bestelling? Ik wacht al twee weken.",
    "pl": "Gdzie jest moje zamówienie? Czekam już dwa tygodnie.",
    "pt": "Onde está o meu pedido? Estou à espera há duas semanas.",
    "ro": "Unde este comanda mea? Aștept de două săptămâni.",
    "ru": "Где мой заказ?",
    "sv": "Var är min beställning? Jag har väntat i två veckor.",
    "ta": "என் ஆர்டர் எங்கே?",
    "te": "నా ఆర్డర్ ఎక్కడ ఉంది?",
    "th": "คำสั่งซื้อของฉันอยู่ที่ไหน",
    "tr": "Siparişim nerede? İki haftadır bekliyorum.",
    "uk": "Де моє замовлення? Я чекаю вже два тижні.",
    "ur": "میرا آرڈر کہاں ہے؟ میں دو ہفتوں سے انتظار کر رہا ہوں",
    "vi": "Đơn hàng của tôi đâu rồi? Tôi đã đợi hai tuần.",
    "zh": "我的订单在哪里？",
}


@pytest.fixture(scope="module")
def detector(prepared: Path) -> LanguageDetector:
    examples = read_training(prepared / "training").examples
    return LanguageDetector(example.text for example in examples)


@pytest.mark.parametrize("code", WHERE_IS_MY_ORDER)
def test_a_question_is_recognised(detector: LanguageDetector, code: str) -> None:
    found = detector.foreign(WHERE_IS_MY_ORDER[code], ENGLISH)
    assert found
    assert found.code == code
    assert detector.foreign(WHERE_IS_MY_ORDER[code], ["en", code]) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "pizza?",
            "hiya",
            "LH-204518",
            "ok merci",
            "Vodafone eSIM",
            "c'est la vie",
            "¯\\_(ツ)_/¯",
        ),
        *("wheres my oder pls", "its nt wrking agian", "Ça va, thanks", "Siobhán Ní Bhriain", ""),
        *("Beatriz Rodríguez", "flat 2, 14 Hôtel Street, Leeds LS1 4AP", "jörg@müller.example"),
        *("The Größe on the label says 42, is that a large?", "do you ship to Île-de-France?"),
        *("florble wug zxcv", "asdfgh qwerty uiop", "HELLO???", "αβ testing of the 小米 plug"),
    ],
)
def test_english_names_codes_and_loanwords_are_not_foreign(
    detector: LanguageDetector, text: str
) -> None:
    assert detector.foreign(text, ENGLISH, ["Where is my parcel?", "thanks"]) is None


@given(
    text=st.text(
        st.characters(categories=("Nd", "Pc", "Pd", "Ps", "Pe", "Po", "Sm", "Sc", "Zs"))
        | st.characters(min_codepoint=0x1F300, max_codepoint=0x1FAFF)
    )
)
def test_digits_punctuation_and_emoji_are_of_no_language(text: str) -> None:
    assert LanguageDetector([]).foreign(text, ENGLISH) is None


def test_a_short_line_is_read_with_those_before_it(detector: LanguageDetector) -> None:
    assert detector.foreign("und jetzt?", ENGLISH) is None
    found = detector.foreign("und jetzt?", ENGLISH, ["Guten Tag", "mein Paket fehlt noch immer"])
    assert found
    assert found.code == "de"


def test_english_is_foreign_where_nobody_speaks_it() -> None:
    german = LanguageDetector(["Wo ist mein Paket?", "Ich möchte etwas zurückgeben."])
    found = german.foreign("Where on earth is my parcel, please?", ["de"])
    assert found
    assert found.code == "en"
    assert german.foreign(GERMAN, ["de"]) is None


def test_a_notice_in_every_large_language_holds_what_the_customer_needs() -> None:
    large = [language for language in languages().values() if language.queued]
    assert len(large) >= 25
    for language in languages().values():
        queued = notice(language, ticket="FL-123456", hours="Mon-Fri 09:00-17:00", staffed=True)
        closed = notice(language, ticket="FL-123456", hours="Mon-Fri 09:00-17:00", staffed=False)
        assert "FL-123456" in queued
        assert "FL-123456" in closed
        assert "Mon-Fri 09:00-17:00" in closed


def test_danger_and_a_form_s_value_come_before_the_language() -> None:
    policy = PolicySettings()
    assert decide(Facts(foreign=True), policy).handoff == "language"
    assert decide(Facts(foreign=True, frustration=1.0), policy).handoff == "language"
    danger = Facts(foreign=True, intent="safety_emergency", intent_confidence=0.9)
    assert decide(danger, policy).handoff == "safety"
    assert decide(Facts(foreign=True, form=True, fills=True), policy).act == Act.FLOW


@pytest.mark.parametrize(
    ("moment", "words"),
    [(TUESDAY_NOON, "Vielen Dank"), (SUNDAY_NIGHT, "Mon-Fri 08:00-20:00")],
)
def test_a_person_takes_over_and_sees_the_language_and_the_notice_is_in_it(
    client: TestClient,
    alice: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    moment: datetime,
    words: str,
) -> None:
    monkeypatch.setattr("handoff.desk.now", lambda: moment)
    carol = Customer(client, "Carol")
    (said,) = carol.says(GERMAN)
    assert said["custom"]["kind"] == "handoff"
    assert words in said["text"]
    assert "Ihre Ticketnummer: FL-" in said["text"]
    assert carol.says("Hallo?") == []
    url = f"/api/v1/conversations/{said['custom']['conversation_id']}"
    ticket = client.get(url, headers=alice).json()["ticket"]
    assert ticket["reason"] == "language"
    assert ticket["language"] == {"code": "de", "name": "German"}


def test_the_agent_s_console_names_the_language(client: TestClient, alice: dict[str, str]) -> None:
    number = Customer(client, "Carol").says(GERMAN)[0]["custom"]["conversation_id"]
    client.post("/console/sign-in", data={"email": "alice@larkhome.example"}, headers=alice)
    for url in ("/console?view=queue", f"/console/conversations/{number}"):
        assert "German" in client.get(url, headers=alice).text


def test_a_form_that_waits_for_a_value_is_not_left_for_one_that_looks_foreign(
    client: TestClient,
) -> None:
    carol = Customer(client, "Carol")
    carol.says("/return_item")
    (reply,) = carol.says("LH-204518, Calle Mayor cinco en Madrid")
    assert reply["custom"]["kind"] == "flow"
    (reply,) = carol.says("das ist mir leider zu klein")
    assert reply["custom"]["kind"] == "handoff"


def test_a_button_s_payload_is_of_no_language(client: TestClient) -> None:
    (reply,) = Customer(client, "Carol").says("/greet")
    assert reply["custom"]["kind"] == "smalltalk"


def test_a_desk_that_speaks_the_language_keeps_the_customer(
    data: Path, write_settings: Callable[[str], None]
) -> None:
    write_settings('languages = ["en", "de"]')
    with TestClient(create_app(load_settings(data))) as client:
        replies = Customer(client, "Carol").says(GERMAN)
    assert "handoff" not in [reply["custom"]["kind"] for reply in replies]


def test_an_unknown_language_is_refused_with_those_that_are_known(
    data: Path, write_settings: Callable[[str], None]
) -> None:
    write_settings('languages = ["english"]')
    with pytest.raises(SettingsError, match=r'no language has the code "english"; known are: .*en'):
        load_settings(data)


@pytest.fixture
def write_settings(data: Path) -> Callable[[str], None]:
    def write(line: str) -> None:
        (data / "firstline.toml").write_text(f"[desks.customers]\n{line}\n", encoding="utf-8")

    return write
