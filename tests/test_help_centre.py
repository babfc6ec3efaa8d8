"""The help centre shows every public article well, and employees' articles to nobody."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from bot.db import Base, Database
from bot.settings import Desk, Settings
from channels.app import Assets
from channels.problems import add_problem_handlers
from channels.web import pages
from channels.web.snippet import LONGEST, mark, snippet
from handoff.agents import Role, add_agent, find_agent, issue_token
from handoff.auth import COOKIE
from handoff.markdown import headings, render, render_page
from kb_index.articles import Article
from kb_index.search import Hit

RETURNS = Article(
    id="return-unopened-item",
    title="How do I return an unopened item?",
    text="You have 30 days. See [refunds](article:refund-times).\n\n## Send it back\n\n1. Pack it.",
    tags=("returns",),
)
REFUNDS = Article(
    id="refund-times",
    title="How long does a refund take?",
    text="Five working days after the parcel has arrived.",
    tags=("refund",),
)
SECRET = Article(
    id="it-vpn-set-up",
    title="How do I set up LarkGate?",
    text="Install the client.",
    audience="employees",
    tags=("returns",),
)


BROWSER = {"Accept": "text/html,application/xhtml+xml"}
DESKS = {"customers": Desk(), "employees": Desk(audiences=frozenset({"public", "employees"}))}


class FakeKnowledge:
    """Finds an article by any word of its title or text."""

    everything = (RETURNS, REFUNDS, SECRET)

    def articles(self, audiences: frozenset[str]) -> list[Article]:
        return [article for article in self.everything if article.audience in audiences]

    def article(self, article_id: str, audiences: frozenset[str]) -> Article | None:
        return next((a for a in self.articles(audiences) if a.id == article_id), None)

    def search(self, query: str, audiences: frozenset[str], k: int) -> list[Hit]:
        words = query.lower().split()
        found = [
            article
            for article in self.articles(audiences)
            if any(word in (article.title + article.text).lower() for word in words)
        ]
        return [_hit(article) for article in found][:k]


def _hit(article: Article) -> Hit:
    passage = f"{article.id}#top"
    return Hit(article.id, article.title, None, "public", passage, "", article.text, 1, 1, 1)


class FakeVotes:
    def __init__(self) -> None:
        self.cast: list[tuple[str, bool]] = []

    def record(self, article_id: str, helpful: bool) -> None:
        self.cast.append((article_id, helpful))


@pytest.fixture
def votes() -> FakeVotes:
    return FakeVotes()


@pytest.fixture
def app(votes: FakeVotes, tmp_path: Path) -> Iterator[FastAPI]:
    app = FastAPI()
    app.state.knowledge, app.state.votes = FakeKnowledge(), votes
    app.state.settings = Settings(data=tmp_path, company="Larkhome", demo=True, desks=DESKS)
    app.state.database = Database(f"sqlite:///{tmp_path / 'help.db'}")
    Base.metadata.create_all(app.state.database.engine)
    add_problem_handlers(app)
    app.include_router(pages.router)
    yield app
    app.state.database.close()


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


@pytest.fixture
def alice(app: FastAPI) -> TestClient:
    """The browser of an agent who is signed in to the console."""
    with app.state.database.write() as session:
        add_agent(session, "Alice", "alice@larkhome.example", Role.AGENT, "correct horse")
        agent = find_agent(session, "alice@larkhome.example")
        assert agent
        return TestClient(app, cookies={COOKIE: issue_token(session, agent)})


def test_the_shop_has_the_widget_and_says_that_it_is_a_demo(client: TestClient) -> None:
    page = client.get("/").text
    assert '<script src="/widget.js" data-desk="customers" async></script>' in page
    assert "demo of Firstline" in page
    assert 'href="/console"' in page


def test_articles_stand_under_topics_with_friendly_names(client: TestClient) -> None:
    page = client.get("/help").text
    assert "Returns and refunds" in page
    assert 'href="/help/refund-times"' in page


def test_an_article_is_shown_with_links_contents_and_what_is_related(client: TestClient) -> None:
    page = client.get("/help/return-unopened-item").text
    assert "<h1>How do I return an unopened item?</h1>" in page
    assert '<a href="/help/refund-times" rel="noopener noreferrer">refunds</a>' in page
    assert '<h2 id="send-it-back">Send it back</h2>' in page
    assert 'href="/help/refund-times">How long does a refund take?' in page


@pytest.mark.parametrize(
    "path", ["/help", "/help/search?q=LarkGate", "/help/search?q=how", "/help/refund-times", "/"]
)
def test_employees_articles_are_nowhere(client: TestClient, path: str) -> None:
    page = client.get(path).text
    assert SECRET.id not in page
    assert SECRET.title not in page


def test_an_employees_article_is_no_page_and_takes_no_votes(
    client: TestClient, votes: FakeVotes
) -> None:
    page = client.get(f"/help/{SECRET.id}")
    vote = client.post(f"/help/{SECRET.id}/vote", data={"helpful": "yes"})
    nonsense = client.get("/help/no-such-article")
    assert [page.status_code, vote.status_code, nonsense.status_code] == [404, 404, 404]
    assert page.text.replace(SECRET.id, "") == nonsense.text.replace("no-such-article", "")
    assert votes.cast == []


def test_an_agent_may_read_an_employees_article_that_the_console_links_to(
    alice: TestClient, client: TestClient
) -> None:
    page = alice.get(f"/help/{SECRET.id}")
    assert page.status_code == 200
    assert "For employees only" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert client.get(f"/help/{SECRET.id}").status_code == 404
    forged = TestClient(client.app, cookies={COOKIE: "made-up"})
    assert forged.get(f"/help/{SECRET.id}").status_code == 404


def test_an_agent_finds_no_employees_article_where_customers_look(alice: TestClient) -> None:
    for path in ("/help", "/help/search?q=LarkGate", "/help/return-unopened-item"):
        assert SECRET.title not in alice.get(path).text


def test_search_marks_the_words_whatever_their_ending(client: TestClient) -> None:
    page = client.get("/help/search", params={"q": "refund parcels"}).text
    assert "<mark>refund</mark>" in page
    assert "<mark>parcel</mark>" in page


def test_a_search_without_hits_offers_to_ask(client: TestClient) -> None:
    page = client.get("/help/search", params={"q": "zebra <script>"}).text
    assert "Nothing found for “zebra &lt;script&gt;”" in page
    assert 'data-firstline-open="zebra &lt;script&gt;"' in page


def test_a_search_that_fits_nothing_well_has_no_hits(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeKnowledge, "search", lambda *_: [replace(_hit(REFUNDS), score=0.15)])
    assert "Nothing found for “zzzqqq”" in client.get("/help/search?q=zzzqqq").text


def test_an_installation_of_one_s_own_is_called_by_its_name_and_shows_no_shop(
    client: TestClient, app: FastAPI
) -> None:
    app.state.settings = Settings(company="Acme", desks={"customers": Desk()})
    page = client.get("/")
    assert page.url.path == "/help"
    assert "Acme" in page.text
    assert "Mon-Fri 09:00-17:00" in page.text
    assert "Larkhome" not in page.text + client.get("/help/refund-times").text


def test_a_wrong_address_is_a_page_for_browsers_and_a_problem_for_programs(
    client: TestClient,
) -> None:
    page = client.get("/no-such-page", headers=BROWSER)
    assert page.status_code == 404
    assert "This page isn’t here" in page.text
    for path, headers in (("/no-such-page", {}), ("/api/v1/nothing", BROWSER)):
        answer = client.get(path, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"


def test_browsers_ask_each_time_whether_a_static_file_is_still_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    client = TestClient(Assets(directory=tmp_path))
    first = client.get("/a.js")
    again = client.get("/a.js", headers={"If-None-Match": first.headers["etag"]})
    assert [first.status_code, again.status_code] == [200, 304]
    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"


def test_an_empty_search_leads_to_all_topics(client: TestClient) -> None:
    answer = client.get("/help/search?q=%20", follow_redirects=False)
    assert answer.headers["location"] == "/help"


@pytest.mark.parametrize(("helpful", "thanks"), [("yes", "glad it helped"), ("no", "look at this")])
def test_a_vote_is_recorded_and_thanked_for_without_javascript(
    client: TestClient, votes: FakeVotes, helpful: str, thanks: str
) -> None:
    page = client.post("/help/refund-times/vote", data={"helpful": helpful})
    assert thanks in page.text
    assert votes.cast == [("refund-times", helpful == "yes")]


def test_markup_and_dangerous_links_in_markdown_stay_text() -> None:
    html = render("<script>x</script> [a](javascript:alert(1)) ![b](https://evil.example/b.png)")
    assert "<script" not in html
    assert "href" not in html
    assert "<img" not in html


def test_an_answer_s_links_open_in_a_new_tab_and_a_page_s_own_do_not() -> None:
    words = "[us](article:warranty) [them](https://a.example) [them too](//a.example)"
    assert render(words).count('target="_blank"') == 3
    assert render_page(words).count('target="_blank"') == 2


def test_headings_go_below_the_page_s_title_and_each_can_be_linked_to() -> None:
    text = "# Set up\n\n### Deep\n\n# Set up"
    assert "<h2" in render_page(text)
    assert "<h1" not in render_page(text)
    assert [heading.slug for heading in headings(text)] == ["set-up", "set-up-2"]


@given(st.text(alphabet="ab <>&.?\n*#é", max_size=400), st.text(alphabet="ab é", max_size=20))
def test_a_snippet_is_a_stretch_of_the_text(text: str, query: str) -> None:
    parts = snippet(text, query)
    assert len("".join(part.text for part in parts)) <= LONGEST + 4
    assert "".join(part.text for part in mark(text, query)) == text


def test_a_snippet_begins_near_the_first_word_of_the_query() -> None:
    text = "Nothing of interest here. " * 30 + "The parcel is lost. " + "More of it. " * 30
    words = "".join(part.text for part in snippet(text, "lost parcels"))
    assert words.startswith("… The parcel is lost.")
    assert words.endswith("…")
