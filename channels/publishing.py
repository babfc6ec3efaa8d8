"""A change of the knowledge base from files to live: built, checked, published, recorded."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.candidate import Candidate, build_candidate
from bot.db import Database, open_database
from bot.regression.check import check
from bot.regression.history import KnowledgeChange
from bot.regression.report import Limits, Report
from bot.settings import Settings
from bot.trained import open_batching_encoder, open_reranker
from channels.command import err, progress_bar, stop
from channels.importing import Change, read_change
from kb_index.index import IndexUnusable


@dataclass(frozen=True, slots=True)
class Checked:
    """A change that isn't live yet, and what it does to past questions."""

    change: Change
    candidate: Candidate
    report: Report
    database: Database

    def publish(self, who: str, reason: str | None) -> None:
        """Go live, on record; `reason` is why although the check refused it."""
        with self.database.write() as session:
            session.add(
                KnowledgeChange(
                    who=who,
                    added=len(self.change.added),
                    changed=len(self.change.changed),
                    removed=len(self.change.removed),
                    figures=self.report.figures() if self.report.comparisons else {},
                    reason=reason,
                )
            )
            self.candidate.publish()


@contextmanager
def checked(
    settings: Settings,
    paths: Sequence[Path],
    audience: str,
    *,
    labels: Path | None,
    last: int,
    limits: Limits,
) -> Iterator[Checked]:
    """The change that files and folders make. Unless it is published, nothing happens.

    What couldn't be read is told on standard error; gives up where nothing could.
    """
    with ExitStack() as stack:
        change = stack.enter_context(read_change(settings, paths, audience))
        for error in change.errors:
            err.print(str(error), style="red", markup=False)
        if not change.read:
            stop(f"0 articles read, {len(change.errors)} problems.", 2)
        database = open_database(settings.database)
        stack.callback(database.close)
        encoder = open_batching_encoder(settings)
        with progress_bar("Encoding articles") as progress:
            candidate = stack.enter_context(
                build_candidate(
                    change.articles, settings.data, encoder, progress, open_reranker(settings)
                )
            )
        with progress_bar("Replaying questions") as progress:
            try:
                report = check(
                    candidate, settings, database, progress, limits=limits, labels=labels, last=last
                )
            except IndexUnusable:  # of another model, or the first of all
                report = Report((), change.removed, limits)
                err.print("There is no live knowledge base of this model to compare with.")
        yield Checked(change, candidate, report, database)
