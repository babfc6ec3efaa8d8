"""Articles to passages: cut where a reader would, with ids that stay."""

from hypothesis import given
from hypothesis import strategies as st

from kb_index.articles import Article
from kb_index.passages import plain_text, split


def article(text: str) -> Article:
    return Article(id="lamp", title="Lamps", text=text)


def ids(text: str) -> list[str]:
    return [passage.id for passage in split(article(text))]


SECTIONS = "Lead.\n\n## Fees\n\nFree.\n\n## How to return\n\nPost it.\n"


def test_one_passage_a_section() -> None:
    passages = split(article(SECTIONS))
    assert [(each.id, each.heading, each.text) for each in passages] == [
        ("lamp#top", "", "Lead."),
        ("lamp#fees", "Fees", "Free."),
        ("lamp#how-to-return", "How to return", "Post it."),
    ]


def test_ids_stay_when_other_sections_change() -> None:
    assert ids(SECTIONS.replace("## Fees\n\nFree.", "## New\n\nNew.\n\n## Fees\n\n£2.")) == [
        "lamp#top",
        "lamp#new",
        "lamp#fees",
        "lamp#how-to-return",
    ]


def test_equal_headings_get_different_ids() -> None:
    assert ids("## Fees\n\na\n\n## Fees\n\nb") == ["lamp#fees", "lamp#fees-2"]


def test_a_heading_that_repeats_the_title_and_headings_without_text() -> None:
    assert ids("# Lamps\n\nLead.\n\n## Empty\n\n## Full\n\ntext") == ["lamp#top", "lamp#full"]


def test_hashes_in_code_and_quotations_are_not_headings() -> None:
    text = "```\n# not a heading\n```\n\n> # nor this"
    assert ids(text) == ["lamp#top"]


def test_an_article_of_headings_only_can_still_be_found() -> None:
    assert [passage.text for passage in split(article("# One\n## Two"))] == ["# One\n## Two"]


def test_long_sections_are_cut_between_paragraphs() -> None:
    paragraphs = [f"{name} " + "word " * 50 for name in ("one", "two", "three", "four")]
    passages = split(article("\n\n".join(paragraphs)), max_words=110)
    assert [passage.id for passage in passages] == ["lamp#top", "lamp#top.2"]
    assert [passage.text.split()[0] for passage in passages] == ["one", "three"]


def test_what_announces_a_list_stays_with_it() -> None:
    text = "word " * 8 + "\n\nDo this:\n\n- " + "step " * 6
    assert [each.text.split()[0] for each in split(article(text), max_words=12)] == ["word", "Do"]


def test_long_tables_are_cut_between_rows_under_their_head() -> None:
    rows = "\n".join(f"| lamp {number} | £{number} |" for number in range(60))
    passages = split(article(f"| Name | Price |\n|---|---|\n{rows}"))
    assert len(passages) > 1
    for passage in passages:
        lines = passage.text.split("\n")
        assert lines[:2] == ["| Name | Price |", "|---|---|"]
        assert all(line.count("|") == 3 for line in lines)


def test_long_lists_are_cut_between_items_and_keep_their_numbers() -> None:
    steps = "\n".join(f"1. step {number}\n   - detail" for number in range(1, 31))
    first, second = split(article(steps), max_words=100)
    last = first.text.split("\n")[-2]
    assert last.startswith("20. ")
    assert second.text.startswith("21. step 21\n    - detail")


def test_an_endless_paragraph_is_cut_between_sentences() -> None:
    passages = split(article("It glows. " * 200), max_words=100)
    assert len(passages) == 4
    assert all(passage.text.endswith("glows.") for passage in passages)


def test_plain_text_is_what_a_reader_sees() -> None:
    markdown = (
        "# Hi\n\nOpen **[Settings](x)** &amp; `go`.\nNext ![a lamp](l.png)\n\n- one\n- two\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n<div>In <b>a</b> box<script>no()</script></div>\n"
    )
    assert plain_text(markdown).split("\n") == [
        "Hi",
        "Open Settings & go. Next a lamp",
        "one",
        "two",
        "a b",
        "1 2",
        "In a box",
    ]


WORDS = st.text(alphabet="ab #-|\n>1.*`:{}<", max_size=200)


@given(WORDS)
def test_any_text_gives_passages_with_unique_ids(text: str) -> None:
    passages = split(article(text), max_words=5)
    assert passages
    assert len({passage.id for passage in passages}) == len(passages)
    plain_text(text)


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=5), min_size=1, max_size=80))
def test_no_word_of_a_list_is_lost(words: list[str]) -> None:
    passages = split(article("\n".join(f"* {word}" for word in words)), max_words=7)
    assert "\n".join(plain_text(passage.text) for passage in passages).split("\n") == words
