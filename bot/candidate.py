"""A changed knowledge base before it goes live: built and calibrated beside the live one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.calibration import calibrate, teach
from bot.confidence import Confidence
from bot.evaluation.questions import known_questions
from bot.knowledge import Encodes, Knowledge
from kb_index.articles import Article
from kb_index.index import adopt, build
from kb_index.search import Reranks

CONFIDENCE = "confidence.npz"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A knowledge base that could go live in the data directory `data`."""

    knowledge: Knowledge
    confidence: Confidence
    root: Path
    data: Path

    def publish(self) -> None:
        """Go live; servers notice within a second. The build before stays on disk."""
        models = self.data / "models"
        models.mkdir(parents=True, exist_ok=True)
        self.confidence.save(models / CONFIDENCE)
        adopt(self.data / "index", self.root)


@contextmanager
def build_candidate(
    articles: Sequence[Article],
    data: Path,
    encoder: Encodes,
    progress: Callable[[int, int], None] | None = None,
    reranker: Reranks | None = None,
) -> Iterator[Candidate]:
    """Build and calibrate on these articles. What isn't published is deleted at the end.

    Texts that the live index holds are not encoded again.
    """
    live = data / "index"
    # Publishing clears `builds`, so what a killed run left there goes, too.
    (live / "builds").mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=live / "builds", prefix="candidate-") as folder:
        root = Path(folder) / "index"
        labelled = known_questions(data, [article.id for article in articles])
        build(teach(articles, labelled), encoder, root, progress, like=live)
        knowledge = Knowledge(root, encoder, reranker)
        confidence = calibrate(knowledge.index, encoder, reranker, labelled)
        yield Candidate(knowledge, confidence, root, data)


def build_index(
    articles: Sequence[Article],
    data: Path,
    encoder: Encodes,
    progress: Callable[[int, int], None] | None = None,
    reranker: Reranks | None = None,
) -> None:
    """Replace the live index by one of these articles, unchecked."""
    with build_candidate(articles, data, encoder, progress, reranker) as candidate:
        candidate.publish()
