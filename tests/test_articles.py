"""Files to articles: every format, every way a file can be wrong, and nothing good lost."""

import json
from pathlib import Path

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from kb_index.articles import Article, ArticleError, read_articles

MARKDOWN = """---
title: How do I return a lamp?
audience: Employees
tags: [returns, lamps]
questions:
  - send my lamp back
  - lamp retrun
url: https://help.example/return-lamp
---
Send it back within 30 days.
"""


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def read_one(file: Path, audience: str | None = None) -> Article:
    articles, errors = read_articles([file], audience)
    assert errors == []
    assert len(articles) == 1
    return articles[0]


def fail_one(path: Path) -> ArticleError:
    articles, errors = read_articles([path])
    assert articles == []
    assert len(errors) == 1
    return errors[0]


def test_markdown_with_front_matter(tmp_path: Path) -> None:
    file = write(tmp_path, "Return a Lamp.md", MARKDOWN)
    article = read_one(file)
    assert article == Article(
        id="return-a-lamp",
        title="How do I return a lamp?",
        text="Send it back within 30 days.",
        audience="employees",
        questions=("send my lamp back", "lamp retrun"),
        tags=("returns", "lamps"),
        url="https://help.example/return-lamp",
        source=str(file.resolve()),
    )


def test_front_matter_values_are_taken_as_written(tmp_path: Path) -> None:
    article = read_one(write(tmp_path, "a.md", "---\nid: 0012\ntitle: No\n---\ntext\n"))
    assert (article.id, article.title) == ("0012", "No")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_and_byte_order_mark(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "a.md"
    file.write_bytes(b"\xef\xbb\xbf" + MARKDOWN.replace("\n", ending).encode())
    assert read_one(file).audience == "employees"


def test_title_from_the_first_heading_then_from_the_file_name(tmp_path: Path) -> None:
    headed = read_one(
        write(tmp_path, "x1.md", "Hello.\n\n## Lamps *and* bulbs {#lamps}\n\nText.\n")
    )
    bare = read_one(write(tmp_path, "lamps_and-bulbs.txt", "Some text"))
    assert (headed.title, bare.title) == ("Lamps and bulbs", "Lamps and bulbs")


def test_the_caller_s_audience_is_for_files_that_name_none(tmp_path: Path) -> None:
    named = write(tmp_path, "a.md", MARKDOWN)
    silent = write(tmp_path, "b.md", "text")
    assert read_one(named, "partners").audience == "employees"
    assert read_one(silent, "Partners").audience == "partners"
    assert read_one(silent).audience == "public"


@pytest.mark.parametrize("name", ["audience", "Audience"])
def test_an_audience_left_empty_is_not_taken_for_public(tmp_path: Path, name: str) -> None:
    error = fail_one(write(tmp_path, "a.md", f"---\n{name}:\n---\nsecret\n"))
    assert "audience is empty" in error.message


def test_front_matter_left_open_is_not_taken_for_text(tmp_path: Path) -> None:
    error = fail_one(write(tmp_path, "a.md", "---\naudience: employees\n\nsecret\n"))
    assert "not closed" in error.message
    assert error.line == 1


def test_broken_front_matter_names_file_and_line(tmp_path: Path) -> None:
    file = write(tmp_path, "a.md", "---\ntitle: ok\nurl: a: b\n---\ntext\n")
    error = fail_one(file)
    assert (error.path, error.line) == (file, 3)
    assert str(error).startswith(f"{file}:3: broken front matter")


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("just words", "`name: value`"),
        ("title: [a, b]", "title must be one text"),
        ("questions:\n  - how: do I", "questions must be a list of texts"),
        ("id: a#b", "the id 'a#b' may hold"),
    ],
)
def test_front_matter_of_the_wrong_shape(tmp_path: Path, front: str, message: str) -> None:
    assert message in fail_one(write(tmp_path, "a.md", f"---\n{front}\n---\ntext\n")).message


def test_not_utf8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("first\nzweite für\n".encode("latin-1"))
    error = fail_one(file)
    assert error.line == 2
    assert "UTF-8" in error.message


def test_an_article_without_text(tmp_path: Path) -> None:
    assert "no text" in fail_one(write(tmp_path, "a.md", "---\ntitle: A\n---\n\n")).message


def test_missing_path_empty_folder_and_unknown_suffix(tmp_path: Path) -> None:
    assert "no such file" in fail_one(tmp_path / "nowhere").message
    assert "no articles" in fail_one(tmp_path).message
    assert ".xls is unknown" in fail_one(write(tmp_path, "a.xls", "x")).message


def test_folders_are_read_in_order_without_hidden_and_foreign_files(tmp_path: Path) -> None:
    for name in ("b/two.md", "a/one.md", ".git/three.md", "logo.svg"):
        write(tmp_path, name, "text")
    articles, errors = read_articles([tmp_path, tmp_path / "a" / "one.md"])
    assert [article.id for article in articles] == ["one", "two"]
    assert errors == []


def test_two_files_with_one_id_are_both_named(tmp_path: Path) -> None:
    first = write(tmp_path, "a/same.md", "one")
    second = write(tmp_path, "b/same.md", "two")
    articles, errors = read_articles([tmp_path])
    assert [article.text for article in articles] == ["one"]
    assert str(first) in str(errors[0])
    assert str(second) in str(errors[0])


def test_jsonl_keeps_the_good_lines(tmp_path: Path) -> None:
    good = {
        "id": "a",
        "title": "A",
        "text": "one\u2028two",
        "questions": ["q"],
        "audience": "staff",
    }
    lines = [json.dumps(good, ensure_ascii=False), "{broken", '{"id": "b", "title": "B"}', "[]"]
    file = write(tmp_path, "kb.jsonl", "\n".join(lines))
    articles, errors = read_articles([file])
    assert [(each.id, each.audience, each.questions) for each in articles] == [
        ("a", "staff", ("q",))
    ]
    assert [error.line for error in errors] == [2, 3, 4]
    assert "'text' is missing" in errors[1].message


def test_html_without_its_navigation(tmp_path: Path) -> None:
    page = """<html><head><title>Change your plan</title></head><body>
      <nav><a href="/">Home</a></nav><main><h1>Change your plan</h1>
      <p>Open <b>Settings</b> and pick a plan.</p><h2>Fees</h2>
      <table><tr><th>Plan</th><th>Price</th></tr><tr><td>Basic</td><td>5</td></tr></table>
      </main><footer>Imprint</footer></body></html>"""
    article = read_one(write(tmp_path, "plan.html", page))
    assert article.title == "Change your plan"
    assert "## Fees" in article.text
    assert "| Basic | 5 |" in article.text
    assert "Home" not in article.text


def test_word_document_with_a_table(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Return a lamp", 1)
    document.add_paragraph("Send it back.")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ["Size", "Fee", "S", "£2"], strict=True):
        cell.text = text
    document.save(str(tmp_path / "a.docx"))
    article = read_one(tmp_path / "a.docx")
    assert article.title == "Return a lamp"
    assert "| S | £2 |" in article.text


def test_pdf_with_text_and_without(tmp_path: Path) -> None:
    for name, text in (("with.pdf", "Send it back within 30 days."), ("scan.pdf", "")):
        canvas = Canvas(str(tmp_path / name))
        canvas.drawString(72, 720, text)
        canvas.save()
    assert "within 30 days" in read_one(tmp_path / "with.pdf").text
    assert "has no text" in fail_one(tmp_path / "scan.pdf").message


@pytest.mark.parametrize(("name", "kind"), [("a.pdf", "PDF"), ("a.docx", "Word")])
def test_a_file_that_is_not_what_it_says(tmp_path: Path, name: str, kind: str) -> None:
    assert kind in fail_one(write(tmp_path, name, "nonsense")).message
