"""What Rasa's own extractors find. Runs in Rasa's Python, for benchmarks.entities.

    python rasa_entities.py JOBS.json FOUND.json

A job has lines to learn from, texts to read, and the name of an extractor.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.model_training import train_nlu
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import write_yaml

WORDS = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
EXTRACTORS: dict[str, dict[str, Any]] = {
    "CRFEntityExtractor": {},
    "DIETClassifier": {"epochs": 100, "constrain_similarities": True, "random_seed": 1},
}


def main() -> None:
    jobs, found = map(Path, sys.argv[1:])
    answers = [asyncio.run(do(job)) for job in json.loads(jobs.read_text())]
    found.write_text(json.dumps(answers))


async def do(job: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nlu.yml").write_text(lessons(job).nlu_as_yaml(), encoding="utf-8")
        extractor = {"name": job["extractor"], **EXTRACTORS[job["extractor"]]}
        pipeline = {"recipe": "default.v1", "language": "en", "pipeline": [*WORDS, extractor]}
        write_yaml(pipeline, folder / "config.yml")
        begun = time.perf_counter()
        model = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), name)
        trained = time.perf_counter()
        agent = Agent.load(model)
        loaded = time.perf_counter()
        parsed = [await agent.parse_message(text) for text in job["texts"]]
        return {
            "entities": [each["entities"] for each in parsed],
            "training": trained - begun,
            "reading": (time.perf_counter() - loaded) / len(parsed),
        }


def lessons(job: dict[str, Any]) -> TrainingData:
    return TrainingData(
        [Message.build(**line) for line in job["lines"]],
        regex_features=[
            {"name": name, "pattern": pattern}
            for name, patterns in job["regexes"].items()
            for pattern in patterns
        ],
        lookup_tables=[
            {"name": name, "elements": elements} for name, elements in job["lookups"].items()
        ],
    )


if __name__ == "__main__":
    main()
