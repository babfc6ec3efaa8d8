"""Articles from files and folders into the knowledge base."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from bot.candidate import Candidate, build_candidate, build_index
from bot.knowledge import Encodes
from bot.project.articles import SOURCE
from bot.settings import Settings
from bot.trained import open_batching_encoder, open_reranker
from kb_index.articles import Article, read_articles
from kb_index.build import read_articles_of
from kb_index.index import IndexUnusable, current_build
from kb_index.manifest import open_build
from kb_index.readers import ArticleError

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """The knowledge base as files and folders would make it.

    `read` counts the articles read and `errors` tells what couldn't be; `added`, `changed` and
    `removed` are ids.
    """

    articles: Sequence[Article]
    read: int
    errors: Sequence[ArticleError]
    added: frozenset[str]
    changed: frozenset[str]
    removed: frozenset[str]


@contextmanager
def read_change(
    settings: Settings, paths: Sequence[Path], audience: str | None
) -> Iterator[Change]:
    """Add or replace the articles in files and folders, and forget those that their files lost.

    An article whose file can't be read any more stays as it was. Until the change is published or
    given up, another waits. Raises IndexUnusable rather than forget what a damaged index holds.
    """
    with FileLock(settings.data / "index" / "import.lock"):
        read, errors = read_articles(paths, audience)
        present = _present(settings)
        articles = [*_unless_replaced(present, read, paths, errors), *read] if read else present
        before, after = _by_id(present), _by_id(articles)
        yield Change(
            articles=articles,
            read=len(read),
            errors=errors,
            added=frozenset(after.keys() - before.keys()),
            changed=frozenset(id for id in before.keys() & after.keys() if before[id] != after[id]),
            removed=frozenset(before.keys() - after.keys()),
        )


@contextmanager
def with_articles_of_project(
    settings: Settings, articles: Sequence[Article], encoder: Encodes
) -> Iterator[Candidate | None]:
    """A knowledge base with these articles in place of those of the Rasa project before; None if
    that changes nothing. An article of another source keeps its id. Raises IndexUnusable."""
    with FileLock(settings.data / "index" / "import.lock"):
        try:
            present = _present(settings)
        except IndexUnusable:
            if articles:
                raise
            yield None
            return
        others = [each for each in present if each.source != SOURCE]
        taken = {article.id for article in others}
        after = [*others, *(each for each in articles if each.id not in taken)]
        if _by_id(after) == _by_id(present) and current_build(settings.data / "index"):
            yield None
            return
        reranker = open_reranker(settings)
        with build_candidate(after, settings.data, encoder, reranker=reranker) as candidate:
            yield candidate


def import_articles(
    settings: Settings, paths: Sequence[Path], audience: str | None, progress: Progress
) -> None:
    """Put a change into use without a check; what can't be read is left out."""
    with read_change(settings, paths, audience) as change:
        if change.read:
            encoder = open_batching_encoder(settings)
            reranker = open_reranker(settings)
            build_index(change.articles, settings.data, encoder, progress, reranker)


def _by_id(articles: Sequence[Article]) -> dict[str, Article]:
    """The articles as their authors wrote them, by id: wherever their files lie, and whatever the
    index was taught beside."""
    return {article.id: replace(article, source=None, asked=()) for article in articles}


def _present(settings: Settings) -> Sequence[Article]:
    """The articles imported before. Raises IndexUnusable rather than forget them."""
    root = settings.data / "index"
    if current_build(root) is None:
        return ()
    try:
        folder, _ = open_build(root)
    except IndexUnusable as error:
        raise IndexUnusable(
            f"{error}. Its articles can't be read back: delete {root}, then import every folder"
        ) from error
    return read_articles_of(folder)


def _unless_replaced(
    present: Sequence[Article],
    read: Sequence[Article],
    paths: Sequence[Path],
    errors: Sequence[ArticleError],
) -> list[Article]:
    new = {article.id for article in read}
    broken = {str(error.path.resolve()) for error in errors}
    folders = [path.resolve() for path in paths]

    def was_imported_from_here(article: Article) -> bool:
        source = Path(article.source or "")
        return any(source.is_relative_to(folder) for folder in folders)

    return [
        article
        for article in present
        if article.id not in new
        and (article.source in broken or not was_imported_from_here(article))
    ]
