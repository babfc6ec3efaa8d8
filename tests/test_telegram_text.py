"""Lines as Telegram shows them: its HTML, its length, its keyboards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Author
from bot.turn import Button, Source
from channels.base import Outgoing
from channels.telegram.rendering import keyboard, parts
from channels.telegram.richtext import LONGEST, Run, plain, split, to_html, units
from tests.fakes.telegram.markup import Entity, parse_html

BASE = "https://desk.example"
FRAGMENTS = st.sampled_from(
    [
        *(
            "# ",
            "## ",
            "- ",
            "1. ",
            "> ",
            "    ",
            "```\n",
            "`",
            "**",
            "_",
            "~~",
            "\n",
            "\n\n",
            "---\n",
        ),
        *("[a link](https://x.example/?a=1&b='\"2)", "[b](/help/x)", "[c](article:faulty#within)"),
        *(
            "[d](http://[x)",
            "[e](mailto:a@b.example)",
            "![p](https://x.example/y.png)",
            "<b>",
            "&lt;",
        ),
        *(
            "| A | B |\n|---|---|\n| 1 | 2 |\n",
            "| only |\n|---|\n",
            "🙂",
            "👩‍👩‍👧",
            "é",
            "。",
            "word. ",
        ),
    ]
)
MARKDOWN = st.lists(FRAGMENTS | st.text(max_size=20), max_size=30).map("".join)


def line(text: str, **more: object) -> Outgoing:
    given = {"author": Author.BOT, "markdown": True} | more
    return Outgoing(7, 12, "1", "5", text=text, **given)  # type: ignore[arg-type]


def shown(text: str, **more: object) -> str:
    """The one message's HTML, which Telegram takes."""
    (message,) = parts(line(text, **more), BASE)
    html = to_html(message)
    parse_html(html)
    return html


def words(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Big *news*", "<b>Big <i>news</i></b>"),
        ("**a** _b_ ~~c~~ `d<e`", "<b>a</b> <i>b</i> <s>c</s> <code>d&lt;e</code>"),
        ("**see `x` there**", "<b>see </b><code>x</code><b> there</b>"),
        ("```py\nif a < b:\n    pass\n```", "<pre>if a &lt; b:\n    pass</pre>"),
        ("- one\n- two\n  1. deep", "• one\n• two\n   1. deep"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("> said **so**", "<blockquote>said <b>so</b></blockquote>"),
        ("a\nb  \nc", "a b\nc"),
        ("<b>raw</b> & so", "&lt;b&gt;raw&lt;/b&gt; &amp; so"),
        ("[shop](https://x.example/?a&b)", '<a href="https://x.example/?a&amp;b">shop</a>'),
        ("[help](/help/a)", '<a href="https://desk.example/help/a">help</a>'),
        ("[it](article:faulty#x)", '<a href="https://desk.example/help/faulty#x">it</a>'),
        ("[write](mailto:us@x.example)", "write (us@x.example)"),
        ("[us@x.example](mailto:us@x.example)", "us@x.example"),
        ("[ring](tel:+441234)", "ring (+441234)"),
        ("[no](ftp://x.example/)", "no"),
        ("![A lamp](https://x.example/lamp.png)", "A lamp"),
        (
            "| Size | Price |\n|---|---|\n| S | £5 |\n| M | |",
            "• <b>Size</b>: S · <b>Price</b>: £5\n• <b>Size</b>: M",
        ),
    ],
)
def test_markdown_becomes_what_telegram_can_show(markdown: str, html: str) -> None:
    assert shown(markdown) == html


def test_plain_text_stays_as_it_is() -> None:
    assert shown("2 * 3 * 4 < _x_", markdown=False) == "2 * 3 * 4 &lt; _x_"


def test_an_agent_is_named_and_sources_are_linked() -> None:
    html = shown("Hello.", markdown=False, author=Author.AGENT, name="Dora <D>")
    assert html == "<b>Dora &lt;D&gt;</b>\nHello."
    sources = (Source("a", "Faults & all", "", "/help/faults"), Source("b", "B", "", ""))
    html = shown("Yes.", sources=sources)
    assert html.startswith(
        'Yes.\n\n📖 <a href="https://desk.example/help/faults">Faults &amp; all</a>'
    )


@given(MARKDOWN)
def test_whatever_is_written_telegram_takes_it(markdown: str) -> None:
    for message in parts(line(markdown), BASE):
        text, _ = parse_html(to_html(message))
        assert text == plain(message)
        assert text.strip() == text != ""


@given(MARKDOWN, st.integers(2, 60))
def test_parts_are_short_enough_and_lose_nothing(markdown: str, limit: int) -> None:
    whole = [run for message in parts(line(markdown * 3), BASE) for run in message]
    messages = split(whole, limit)
    assert all(0 < units(plain(message)) <= limit for message in messages)
    assert words("".join(map(plain, messages))) == words(plain(whole))
    kept = {(run.tags, words(run.text)) for run in whole if words(run.text)}
    assert {run.tags for message in messages for run in message if words(run.text)} <= {
        tags for tags, _ in kept
    }


def entities_of(message: list[Run]) -> list[Entity]:
    return parse_html(to_html(message))[1]


def test_a_long_answer_is_split_where_a_reader_would() -> None:
    sentences = "".join(f"Sentence {number} is here. " for number in range(400))
    first, *_, last = parts(line(sentences), BASE)
    assert plain(first).endswith("is here.")
    assert LONGEST - 40 < units(plain(first)) <= LONGEST
    paragraphs = "\n\n".join(f"{'Go on. ' * 300}End {number}." for number in range(4))
    assert [plain(part)[-6:] for part in parts(line(paragraphs), BASE)] == [
        "End 0.",
        "End 1.",
        "End 2.",
        "End 3.",
    ]
    assert last


def test_no_part_ends_inside_a_link_or_a_bold_word_that_fits() -> None:
    text = (
        "word " * 815
        + "**a bold phrase. And more of it** "
        + "[a link. And more](https://x.example) " * 20
    )
    first, second = parts(line(text), BASE)
    assert plain(first).endswith("word")
    assert entities_of(second)[0]["length"] == len("a bold phrase. And more of it")
    assert [each["length"] for each in entities_of(second)[1:]] == [len("a link. And more")] * 20


def test_code_that_is_too_long_is_code_in_each_part() -> None:
    code = "\n".join(f"line {number}" for number in range(800))
    messages = parts(line(f"```\n{code}\n```"), BASE)
    assert len(messages) == 2
    for message in messages:
        (entity,) = entities_of(message)
        assert (entity["type"], entity["length"]) == ("pre", len(plain(message)))


def test_sentences_without_spaces_end_too() -> None:
    messages = split([Run("一。二。三。" * 3)], limit=3)
    assert "".join(map(plain, messages)) == "一。二。三。" * 3
    assert [plain(message) for message in split([Run("。" * 4)], limit=1)] == ["。"] * 4


def test_emoji_count_twice() -> None:
    messages = parts(line("🙂" * 4096), BASE)
    assert [units(plain(message)) for message in messages] == [4096, 4096]


def test_buttons_stand_in_a_row_if_they_are_short() -> None:
    def rows(*titles: str) -> list[list[str]]:
        markup = keyboard(line("?", buttons=tuple(Button(title, f"/{title}") for title in titles)))
        assert markup
        return [[key.text for key in row] for row in markup.inline_keyboard]

    assert rows("Yes", "No", "Talk to a person") == [["Yes", "No", "Talk to a person"]]
    assert rows("Where is my order?", "Return something") == [
        ["Where is my order?"],
        ["Return something"],
    ]
    assert keyboard(line("?")) is None


def test_a_buttons_data_fits_and_tells_the_line() -> None:
    far = Outgoing(
        2**53, 10**9, "1", "5", Author.BOT, "?", buttons=(Button("a" * 200, "/b" * 900),)
    )
    markup = keyboard(far)
    assert markup
    data = markup.inline_keyboard[0][0].callback_data
    assert data == f"{2**53}:{10**9}:0"
    assert len(str(data).encode()) <= 64
