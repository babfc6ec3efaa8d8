"""What training data leaves in doubt: worth a warning, no reason not to train."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bot.domain import DEFAULT_INTENTS, Domain
from bot.nlu_data import Example, NluData
from bot.project.doubts import Doubts

# From about ten examples an intent is learnt well; below five it is mostly luck.
FEW = 5
MOST_NAMED = 20


def without_copies(examples: Iterable[Example]) -> tuple[Example, ...]:
    """Each line once under each intent, however often it is written: the best annotated one."""
    kept: dict[tuple[str, str], Example] = {}
    for example in examples:
        same = kept.setdefault((plain(example.text), example.intent), example)
        if len(example.entities) > len(same.entities):
            kept[plain(example.text), example.intent] = example
    return tuple(kept.values())


def check_examples(examples: Sequence[Example], doubts: Doubts) -> None:
    """Lines under two intents, lines written twice under one, intents with few examples."""
    for found in (_contradictions(examples, doubts), _copies(examples, doubts), _scarce(examples)):
        for message in found:
            doubts.say(message)


def check_names(domain: Domain, nlu: NluData, doubts: Doubts) -> None:
    """Intents without examples, examples without an intent, entities and responses that are
    missing in the domain: Rasa trains all the same."""
    with_examples = {base_of(intent) for intent in nlu.lines} | DEFAULT_INTENTS
    for intent in domain.intents:
        if base_of(intent) not in with_examples:
            message = f'intent "{intent}" has no examples in any nlu section'
            doubts.add(*domain.lines[f"intents/{intent}"], message)
    known = {*domain.intents, *DEFAULT_INTENTS}
    for intent, place in nlu.lines.items():
        if base_of(intent) not in known:
            message = f'intent "{base_of(intent)}" isn\'t under "intents:" in the domain; add it'
            doubts.add(*place, message)
        if intent != base_of(intent) and f"utter_{intent}" not in domain.responses:
            doubts.add(*place, f'there is no response "utter_{intent}" to answer "{intent}"')
    for name, example in _first_of_each_entity(nlu.examples).items():
        if name not in domain.entities:
            message = f'entity "{name}" isn\'t under "entities:" in the domain; add it'
            doubts.add(example.path, example.line, message)


def base_of(intent: str) -> str:
    """The intent that a retrieval intent's part belongs to: `faq` of `faq/hours`."""
    return intent.partition("/")[0]


def _first_of_each_entity(examples: Iterable[Example]) -> dict[str, Example]:
    found: dict[str, Example] = {}
    for example in examples:
        for entity in example.entities:
            found.setdefault(entity.entity, example)
    return found


def _contradictions(examples: Sequence[Example], doubts: Doubts) -> Iterator[str]:
    by_text: dict[str, list[Example]] = defaultdict(list)
    for example in without_copies(examples):
        by_text[plain(example.text)].append(example)
    contradicting = [same for same in by_text.values() if len(same) > 1]
    for same in contradicting[:MOST_NAMED]:
        meanings = " and ".join(
            f"{each.intent} ({doubts.place(each.path, each.line)})" for each in same
        )
        yield f'"{_short(same[0].text)}" is an example of {meanings}: keep it where it belongs'
    yield from _rest(contradicting, "lines are under two intents")


def _copies(examples: Sequence[Example], doubts: Doubts) -> Iterator[str]:
    by_meaning: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        by_meaning[plain(example.text), example.intent].append(example)
    copied = [same for same in by_meaning.values() if len(same) > 1]
    for same in copied[:MOST_NAMED]:
        places = " and ".join(doubts.place(each.path, each.line) for each in same[:3])
        yield f'"{_short(same[0].text)}" is {len(same)} times in {same[0].intent} ({places})'
    yield from _rest(copied, "lines are more than once under their intent")


def _scarce(examples: Sequence[Example]) -> Iterator[str]:
    counts = Counter(example.intent for example in without_copies(examples))
    scarce = sorted((count, intent) for intent, count in counts.items() if count < FEW)
    if scarce:
        named = ", ".join(f"{intent} ({count})" for count, intent in scarce[:FEW])
        more = f" and {len(scarce) - FEW:,} more" if len(scarce) > FEW else ""
        yield f"fewer than {FEW} examples: {named}{more}; from about 10 an intent is learnt well"


def _rest(found: Sequence[object], what: str) -> Iterator[str]:
    if len(found) > MOST_NAMED:
        yield f"{len(found) - MOST_NAMED:,} more {what}"


def plain(text: str) -> str:
    """A line as it is compared: without case, blanks at the ends and doubled ones."""
    return " ".join(text.casefold().split())


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
