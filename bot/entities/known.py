"""What the training data knows: its words, and how entities are worded."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.entities.tokens import Token, tokens_of
from bot.nlu_data import Example

Value = tuple[str, str]  # a wording in lower case, blanks between its tokens; its entity


@dataclass(frozen=True, slots=True)
class Known:
    """How often there is each word, and each wording of an entity. `plain` are wordings that are
    an entity in some line, and all of another line that has no entity."""

    words: Counter[str] = field(default_factory=Counter)
    values: Counter[Value] = field(default_factory=Counter)
    plain: frozenset[str] = frozenset()

    @classmethod
    def of(cls, examples: Iterable[Example]) -> "Known":
        words, values, plain = Counter[str](), Counter[Value](), set[str]()
        for example in examples:
            words.update(token.text.lower() for token in tokens_of(example.text))
            for entity in example.entities:
                wording = wording_of(tokens_of(example.text[entity.start : entity.end]))
                values[wording, entity.entity] += 1
            if not example.entities:
                plain.add(wording_of(tokens_of(example.text)))
        return cls(words, values, frozenset(plain.intersection(wording for wording, _ in values)))

    def entities(self) -> dict[str, list[str]]:
        """The entities of each wording."""
        entities: dict[str, list[str]] = defaultdict(list)
        for wording, entity in self.values:
            entities[wording].append(entity)
        return dict(entities)


def wording_of(tokens: Iterable[Token]) -> str:
    return " ".join(token.text.lower() for token in tokens)
