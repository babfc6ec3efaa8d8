"""E-mails as programs really write them, and as nobody should."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.authentication import verified_address
from channels.mail.automatic import read_bounce, why_automatic
from channels.mail.reading import NOBODY, read_mail
from channels.mail.reply import new_words

PAYLOADS = Path(__file__).parent / "payloads" / "email"
US = "help@lark.example"
MX = "mx.lark.example"


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.eml").read_bytes()


@pytest.mark.parametrize(
    ("name", "sender", "words"),
    [
        ("gmail_reply", "alice@home.example", "That did not help. Is there a person…?"),
        (
            "outlook_reply_german",
            "bob@firma.example",
            "Die Lieferung ist noch nicht da. Können Sie nachsehen?",
        ),
        ("french_reply", "claire@maison.example", "Merci, mais quand arrive-t-elle ?"),
        ("apple_inline_image", "dan@home.example", "Look at this:\n\n\n\nIt leaks."),
        ("html_only", "erin@home.example", "How long is the warranty?\n\nMy receipt is here."),
        ("japanese", "yamada@home.example", "質問があります。"),
        ("invitation", "fay@home.example", "Does this suit you?"),
        ("broken_charset", "gus@home.example", "Café \ufffd?"),
        ("broken_headers", "hal@home.example", "Words without an end"),
    ],
)
def test_what_is_new_is_read_without_quotes_and_signatures(
    name: str, sender: str, words: str
) -> None:
    mail = read_mail(payload(name))
    assert (mail.sender, new_words(mail.text)) == (sender, words)
    assert why_automatic(mail, US) is None


def test_all_of_the_text_is_kept_beside_it() -> None:
    assert "turn it off and on again" in read_mail(payload("gmail_reply")).text
    linked = read_mail(payload("html_only")).linked
    assert "[here](https://files.example/r?id=1)" in linked
    assert not any(word in linked for word in ("alert", "evil", "tracker", "hidden", "red"))


def test_headers_are_decoded() -> None:
    mail = read_mail(payload("gmail_reply"))
    assert (mail.name, mail.subject) == ("Alice Exämple", "Re: Kühlschrank")
    assert mail.message_id == "<CAF=gmail+1@mail.home.example>"
    assert mail.references == ("<ours@lark.example>", "<root@home.example>")


def test_files_are_everything_that_is_no_text_of_the_letter() -> None:
    named = {
        name: [(file.name, file.media_type) for file in read_mail(payload(name)).files]
        for name in ("apple_inline_image", "invitation", "gmail_reply")
    }
    assert named == {
        "apple_inline_image": [("kettle.png", "image/png")],
        "invitation": [
            ("text.ics", "text/calendar"),
            ("winmail.dat", "application/ms-tnef"),
            ("message.eml", "message/rfc822"),
        ],
        "gmail_reply": [],
    }
    [kettle] = read_mail(payload("apple_inline_image")).files
    assert (kettle.data or b"").startswith(b"\x89PNG")
    assert b"LH-1001" in (read_mail(payload("invitation")).files[2].data or b"")


def test_an_e_mail_without_an_id_is_named_by_all_that_it_is() -> None:
    one, other = payload("broken_charset"), payload("broken_charset") + b"!"
    assert read_mail(one).message_id == read_mail(one).message_id != read_mail(other).message_id


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Thanks, that did not help.", "Thanks, that did not help."),
        ("Hello\nThanks, but no.\nWhere is it?", "Hello\nThanks, but no.\nWhere is it?"),
        ("Where is it?\n\nThanks,\nAlice\n\n-- \nAlice Example\nTel. 1", "Where is it?"),
        ("Broke.\n\nThanks\n\nAnd my refund?", "Broke.\n\nThanks\n\nAnd my refund?"),
        ("Geht nicht.\n\nAm 03.05.26 um 10:12 schrieb Lark Home:\n> Hallo", "Geht nicht."),
        ("Grazie.\n\nIl giorno 3 mag 2026 alle 10:12 Lark ha scritto:\n> a\n> b\n> c", "Grazie."),
        ("On Mon, Bob wrote:\n> How many?\n> Where?\n\nTwo, to Leeds.", "Two, to Leeds."),
        ("See below.\n> How many?\nTwo.\n> Where?\nLeeds.", "See below.\nTwo.\nLeeds."),
        ("No.\n\n________________________________\nFrom: L <l@l>\nSent: Monday\n\nold", "No."),
        ("- one\n- two", "- one\n- two"),
        ("Thanks", "Thanks"),
        ("Thanks\n\n-- \nAlice", "Thanks"),
        ("> only\n> what was\n> quoted", "> only\n> what was\n> quoted"),
        ("", ""),
    ],
)  # fmt: skip
def test_quotes_and_signatures_go_and_nothing_else(text: str, words: str) -> None:
    assert new_words(text) == words


def test_a_forwarded_e_mail_without_a_word_is_what_is_said() -> None:
    forwarded = (
        "---------- Forwarded message ---------\nFrom: Shop <s@x.example>\nDate: Mon\n\nHello"
    )
    assert "Hello" in new_words(forwarded)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("out_of_office", "an automatic reply"),
        ("newsletter", "bulk"),
        ("bounce_postfix", "a report"),
        ("delayed", "a report"),
    ],
)
def test_machines_are_told_from_people(name: str, why: str) -> None:
    assert why_automatic(read_mail(payload(name)), US) == why


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "MAILER-DAEMON@home.example"},
        {"From": "Shop <no-reply@shop.example>"},
        {"From": "noreply+7@shop.example"},
        {"From": US},
        {"X-Firstline": US},
        {"Return-Path": "<>"},
        {"Auto-Submitted": "auto-generated; owner-email=x"},
        {"X-Autoreply": "yes"},
        {"X-Auto-Response-Suppress": "OOF"},
        {"Precedence": "auto_reply"},
        {"List-Id": "<l.example>"},
    ],
)
def test_each_mark_of_a_machine_is_enough(headers: dict[str, str]) -> None:
    email = EmailMessage()
    for name, value in ({"From": "alice@home.example"} | headers).items():
        email[name] = value
    email.set_content("Hello")
    assert why_automatic(read_mail(bytes(email)), US)


@pytest.mark.parametrize("value", ["no", "No", ""])
def test_a_person_may_say_so(value: str) -> None:
    raw = f"From: noreen@home.example\nAuto-Submitted: {value}\n\nHello".encode()
    assert why_automatic(read_mail(raw), US) is None


def test_a_bounce_says_which_e_mail_of_ours_and_why() -> None:
    unknown = read_bounce(read_mail(payload("bounce_postfix")))
    assert unknown
    assert (unknown.message_id, unknown.status) == ("<ours@lark.example>", "5.1.1")
    assert unknown.nobody_there
    assert "User unknown" in unknown.explanation
    full = read_bounce(read_mail(payload("bounce_headers_only")))
    assert full
    assert (full.message_id, full.nobody_there) == ("<ours@lark.example>", False)
    assert read_bounce(read_mail(payload("delayed"))) is None
    assert read_bounce(read_mail(payload("gmail_reply"))) is None


FOUND = f"Authentication-Results: {MX}; dmarc=pass header.from=home.example\n"
FROM = "From: Alice <alice@home.example>\n"


@pytest.mark.parametrize(
    "headers",
    [
        FROM,
        FROM + FOUND.replace("pass", "fail"),
        FROM + FOUND.replace("home.example", "elsewhere.example"),
        FROM + FOUND.replace(MX, "mx.mallory.example"),
        FROM + FOUND.replace(f"{MX}; dmarc", f"{MX}; spf"),
        # The sender's own invention, below what our server found:
        FROM + f"Authentication-Results: {MX}; dmarc=fail header.from=home.example\n" + FOUND,
        FROM + f"Authentication-Results: {MX}; none\n" + FOUND,
        FROM + "From: mallory@elsewhere.example\n" + FOUND,
        FROM + "Authentication-Results: ((((\n" + FOUND,
    ],
)  # fmt: skip
def test_an_address_is_only_verified_by_our_own_server(headers: str) -> None:
    mail = read_mail((headers + "\nHello").encode())
    assert verified_address(mail, MX) is None


def test_dmarc_verifies_the_address() -> None:
    mail = read_mail((FROM + FOUND + "\nHello").encode())
    assert verified_address(mail, MX) == "alice@home.example"
    assert verified_address(mail, None) is None


HEADERS = [
    "From",
    "To",
    "Subject",
    "Message-ID",
    "References",
    "In-Reply-To",
    "Date",
    "Return-Path",
]
HEADERS += [f"Content-{name}" for name in ("Type", "Disposition", "Transfer-Encoding")]
VALUES = rb"""=?utf-8?b?/w==?= | =?x?q? | < | " | a@[ | @,:;<> | ((( | <a@b>\r\n < | base64
    | multipart/mixed; boundary=b | multipart/report | message/rfc822 | text/html; charset=utf-7
    | text/plain; name*0*="utf-8''%ff | attachment; filename==?""".split(b" | ")
VALUE = st.one_of(st.binary(max_size=60), st.sampled_from(VALUES))
PART = st.one_of(st.binary(max_size=80), st.sampled_from([b"--b\r\n\r\n", b"--b--"]))


@given(st.lists(st.tuples(st.sampled_from(HEADERS), VALUE), max_size=8), st.lists(PART, max_size=5))
@settings(max_examples=300, deadline=None)
def test_nothing_that_can_be_sent_stops_the_reading(
    headers: list[tuple[str, bytes]], parts: list[bytes]
) -> None:
    head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
    mail = read_mail(head + b"\r\n" + b"\r\n".join(parts))
    why_automatic(mail, US)
    read_bounce(mail)
    verified_address(mail, MX)
    new_words(mail.text)
    assert "@" in mail.sender or mail.sender == NOBODY
    assert len(mail.message_id) <= 300


@given(st.text(max_size=300))
def test_whatever_is_written_something_is_left_of_it(text: str) -> None:
    assert bool(new_words(text)) == bool(text.translate({0x200B: None, 0xFEFF: None}).strip())
