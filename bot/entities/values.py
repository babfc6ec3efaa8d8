"""What a wording stands for: synonyms as Rasa's EntitySynonymMapper has them, and numbers."""

import re
from collections import Counter
from collections.abc import Mapping

from bot.entities.options import EntityOptions
from bot.entities.patterns import WORD, plain
from bot.training import Training

NUMBERED = re.compile(r"([A-Za-z]{1,5})[\s–-]*(\d{4,})")
ONLY_WORDS = re.compile(r"[\w\s'’.,–-]*")


class Values:
    """The values of wordings. A known value comes back as the training data first writes it; for a
    Rasa project it stays as the customer wrote it, as there."""

    def __init__(self, training: Training, options: EntityOptions) -> None:
        self._options = options
        known = training.synonyms if options.synonyms else {}
        self._synonyms = {text.lower(): value for text, value in known.items()}
        # Whatever is between the words, but "C++" isn't "C".
        self._in_words = {
            _words(text): value for text, value in known.items() if ONLY_WORDS.fullmatch(text)
        }
        self._written: dict[str, str] = {}
        if not options.as_rasa:
            annotated = (each.value for line in training.examples for each in line.entities)
            for value in map(str, (*known.values(), *annotated)):
                self._written.setdefault(value.lower(), value)
        self._prefixes = {} if options.as_rasa else _usual_prefixes(training)

    def of(self, entity: str, wording: str) -> str:
        """E.g. LH-204518 for "lh 204518" where order numbers are usually written so."""
        lower = wording.lower()
        synonym = self._synonyms.get(lower) or self._in_words.get(_words(wording))
        if synonym:
            return synonym
        numbered = NUMBERED.fullmatch(wording)
        if numbered and self._prefixes.get(entity) == numbered[1].upper():
            return f"{numbered[1].upper()}-{numbered[2]}"
        return wording if self._options.as_rasa else self._written.get(lower, wording).lstrip("#")


def _usual_prefixes(training: Training) -> Mapping[str, str]:
    """The letters before the number, for entities that are mostly written so: LH for LH-204518."""
    seen: dict[str, Counter[str]] = {}
    for example in training.examples:
        for entity in example.entities:
            numbered = re.fullmatch(r"([A-Z]{1,5})-\d{4,}", str(entity.value))
            prefix = numbered[1] if numbered else ""
            seen.setdefault(entity.entity, Counter())[prefix] += 1
    usual = {name: prefixes.most_common(1)[0][0] for name, prefixes in seen.items()}
    return {name: prefix for name, prefix in usual.items() if prefix}


def _words(text: str) -> tuple[str, ...]:
    return tuple(plain(word) for word in WORD.findall(text))
