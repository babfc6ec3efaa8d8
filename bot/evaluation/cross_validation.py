"""Which intents are taken for which: the classifier on its own training lines, cross-validated."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bot.evaluation.intents import OUT_OF_SCOPE
from bot.evaluation.vectors import Progress
from bot.intent import IntentModel, Verdict, name_vectors
from bot.knowledge import Encodes, Floats
from bot.nlu_data import Example

FOLDS = 5
MATRIX = 12  # intents in the matrix: those with the most mistakes


@dataclass(frozen=True, slots=True)
class Mistake:
    """A training line that a model trained on the other lines takes for another intent, and the
    nearest of that intent's lines."""

    line: Example
    taken_for: str
    cause: Example | None


@dataclass(frozen=True, slots=True)
class IntentConfusion:
    """Counts [wanted, decided] over `intents`, the most confused ones, and all mistakes, those of
    the most frequent kind first."""

    lines: int
    intents: list[str]
    counts: list[list[int]]
    mistakes: list[Mistake]


def cross_validate(
    examples: Sequence[Example], encoder: Encodes, seed: int, progress: Progress
) -> IntentConfusion:
    """Train on four fifths of the lines and judge the last fifth, five times."""
    from sklearn.metrics import confusion_matrix

    vectors = encoder.encode([example.text for example in examples])
    wanted = [example.intent for example in examples]
    decided = [OUT_OF_SCOPE] * len(examples)
    for place, verdict in _verdicts(examples, vectors, encoder, seed, progress):
        if not verdict.refused:
            decided[place] = verdict.intent
    wrong = [place for place, intent in enumerate(decided) if intent != wanted[place]]
    missed = Counter(name for place in wrong for name in (wanted[place], decided[place]))
    mistakes = [_mistake(place, decided[place], examples, vectors) for place in wrong]
    pairs = Counter((each.line.intent, each.taken_for) for each in mistakes)
    labels = sorted(name for name, _ in missed.most_common(MATRIX))
    return IntentConfusion(
        lines=len(examples),
        intents=labels,
        counts=confusion_matrix(wanted, decided, labels=labels).tolist() if labels else [],
        mistakes=sorted(mistakes, key=lambda each: -pairs[each.line.intent, each.taken_for]),
    )


def _verdicts(
    examples: Sequence[Example], vectors: Floats, encoder: Encodes, seed: int, progress: Progress
) -> Iterator[tuple[int, Verdict]]:
    """Each line's place and the verdict of a model that was not trained on it."""
    from sklearn.model_selection import KFold

    texts = [example.text for example in examples]
    intents = [None if each.intent == OUT_OF_SCOPE else each.intent for each in examples]
    names = name_vectors(intents, encoder)
    folds = KFold(FOLDS, shuffle=True, random_state=seed).split(vectors)
    for done, (kept, asked) in enumerate(folds):
        progress(done, FOLDS)
        model = IntentModel.train(
            vectors[kept],
            [texts[place] for place in kept],
            [intents[place] for place in kept],
            names,
            seed,
        )
        verdicts = model.judge(vectors[asked], [texts[place] for place in asked])
        yield from zip(asked.tolist(), verdicts, strict=True)


def _mistake(place: int, taken_for: str, examples: Sequence[Example], vectors: Floats) -> Mistake:
    others = [other for other, each in enumerate(examples) if each.intent == taken_for]
    if not others:
        return Mistake(examples[place], taken_for, None)
    nearest = others[int(np.argmax(vectors[others] @ vectors[place]))]
    return Mistake(examples[place], taken_for, examples[nearest])
