"""What becomes here of each part that a Rasa project may name, and the mend where it can't run."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of a part of a project."""

    AS_IT_IS = "as it is"
    REPLACED = "replaced"
    NOT_NEEDED = "not needed"
    NOT_SUPPORTED = "not supported"


@dataclass(frozen=True, slots=True)
class Fate:
    """A verdict, and by what it is replaced, why it isn't needed, or how to mend it."""

    verdict: Verdict
    how: str


def _all(names: str, verdict: Verdict, how: str) -> dict[str, Fate]:
    return dict.fromkeys(names.split(), Fate(verdict, how))


COMPONENTS = {
    **_all(
        "WhitespaceTokenizer JiebaTokenizer MitieTokenizer SpacyTokenizer ConveRTTokenizer "
        "LanguageModelTokenizer RegexFeaturizer LexicalSyntacticFeaturizer CountVectorsFeaturizer "
        "ConveRTFeaturizer LanguageModelFeaturizer MitieFeaturizer SpacyFeaturizer SpacyNLP "
        "MitieNLP HFTransformersNLP",
        Verdict.NOT_NEEDED,
        "the installation's encoder reads texts as they are",
    ),
    **_all(
        "DIETClassifier",
        Verdict.REPLACED,
        "by Firstline's intent classifier and its learned entity extractor, which train in seconds",
    ),
    **_all(
        "KeywordIntentClassifier LogisticRegressionClassifier SklearnIntentClassifier "
        "MitieIntentClassifier",
        Verdict.REPLACED,
        "by Firstline's intent classifier",
    ),
    **_all(
        "CRFEntityExtractor MitieEntityExtractor",
        Verdict.REPLACED,
        "by Firstline's learned entity extractor",
    ),
    **_all(
        "ResponseSelector",
        Verdict.REPLACED,
        "by the intent classifier; the responses are articles of the knowledge base, too",
    ),
    **_all("RegexEntityExtractor", Verdict.AS_IT_IS, "regexes and lookup tables find entities"),
    **_all("DucklingEntityExtractor", Verdict.AS_IT_IS, "it is asked at its url"),
    **_all("EntitySynonymMapper", Verdict.AS_IT_IS, "synonyms become their values"),
    **_all("FallbackClassifier", Verdict.AS_IT_IS, "its thresholds count"),
    **_all("RegexMessageHandler", Verdict.AS_IT_IS, "a message may be /intent{...}"),
    **_all(
        "SpacyEntityExtractor",
        Verdict.NOT_SUPPORTED,
        "annotate these entities in the examples, or list them in a lookup table",
    ),
}
POLICIES = {
    **_all("RulePolicy", Verdict.AS_IT_IS, "rules and forms run as Rasa defines them"),
    **_all(
        "MemoizationPolicy AugmentedMemoizationPolicy",
        Verdict.AS_IT_IS,
        "stories run by the longest history that matches",
    ),
    **_all(
        "TEDPolicy KerasPolicy EmbeddingPolicy SklearnPolicy",
        Verdict.REPLACED,
        "by the longest history that matches; where none does, the knowledge base answers, and "
        "then a person",
    ),
    **_all("FormPolicy", Verdict.REPLACED, "by RulePolicy, as in Rasa 3"),
    **_all(
        "MappingPolicy",
        Verdict.NOT_SUPPORTED,
        "Rasa 3 has none: write a rule for each intent that triggers an action",
    ),
    **_all(
        "FallbackPolicy TwoStageFallbackPolicy",
        Verdict.NOT_SUPPORTED,
        "Rasa 3 has none: take FallbackClassifier, and a rule for nlu_fallback",
    ),
    **_all(
        "IntentlessPolicy FlowPolicy EnterpriseSearchPolicy",
        Verdict.NOT_SUPPORTED,
        "it is of Rasa Pro: write rules and stories; articles answer what they don't",
    ),
}
UNHANDLED = Fate(Verdict.NOT_NEEDED, "no rule or story has action_unlikely_intent")
HANDLED = Fate(
    Verdict.NOT_SUPPORTED, "action_unlikely_intent never comes: leave it out of rules and stories"
)
OWN_COMPONENT = Fate(
    Verdict.NOT_SUPPORTED, "code of your own in the pipeline isn't run: do it in a custom action"
)
OWN_POLICY = Fate(
    Verdict.NOT_SUPPORTED, "policies of your own aren't run: write rules, or a custom action"
)
OWN_SLOT = Fate(
    Verdict.NOT_SUPPORTED, "types of your own aren't loaded: use one of Rasa's, filled by an action"
)
CONFIG = {
    **_all("importers", Verdict.NOT_SUPPORTED, "put the data of all projects into one folder"),
    **_all(
        "nodes train_schema predict_schema",
        Verdict.NOT_SUPPORTED,
        "graph recipes aren't run: take the recipe default.v1",
    ),
}
TESTS = Fate(Verdict.AS_IT_IS, "`firstline eval conversations` runs them")
ACTIONS = Fate(Verdict.AS_IT_IS, "they run in this process, or on the action server")
FLOWS = Fate(Verdict.NOT_SUPPORTED, "flows are of Rasa Pro: write forms with rules")
ENDPOINTS = {
    **_all("action_endpoint", Verdict.AS_IT_IS, "custom actions run on this server"),
    **_all(
        "tracker_store lock_store",
        Verdict.REPLACED,
        "by Firstline's database, SQLite or PostgreSQL (FIRSTLINE_DATABASE_URL)",
    ),
    **_all(
        "event_broker",
        Verdict.REPLACED,
        "by Firstline's database, which holds every line with the bot's reasons",
    ),
    **_all("models", Verdict.REPLACED, "by `firstline train`, beside the server"),
    **_all(
        "nlg",
        Verdict.NOT_SUPPORTED,
        "write the responses into the domain, or utter them in a custom action",
    ),
}
CHANNELS = {
    **_all("rest callback socketio", Verdict.AS_IT_IS, "clients made for Rasa connect"),
    **_all(
        "telegram",
        Verdict.REPLACED,
        "by Firstline's own: set FIRSTLINE_TELEGRAM_TOKEN (docs/telegram.md)",
    ),
    **_all(
        "slack",
        Verdict.REPLACED,
        "by Firstline's own: set FIRSTLINE_SLACK_BOT_TOKEN and the rest (docs/slack.md)",
    ),
    **_all("rasa rasa_chat", Verdict.NOT_NEEDED, "agents have the console"),
}
OTHER_CHANNEL = Fate(
    Verdict.NOT_SUPPORTED, "there is no such channel: have its webhook post to the REST channel"
)
UNKNOWN = Fate(Verdict.NOT_NEEDED, "nothing here reads it")
