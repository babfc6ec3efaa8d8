"""How soon Telegram hears that an update is stored, while the bot is busy answering."""

import json
from pathlib import Path

from benchmarks.telegram.rig import Result, p95, rig

PER_SECOND = 100
PEOPLE = 500
AIM = 0.050
QUESTIONS = Path(__file__).parents[2] / "training_data" / "evaluation.jsonl"


def acknowledging(prepared: Path, folder: Path, quick: bool) -> list[Result]:
    """p95 over questions of customers that come at a steady rate."""
    seconds = 8 if quick else 60
    questions = [json.loads(line)["query"] for line in QUESTIONS.read_text().splitlines()]
    with rig(prepared, folder) as here:
        people = here.people(PEOPLE)
        for number in range(PER_SECOND * seconds):
            people[number % PEOPLE].says(questions[number % len(questions)])
        here.server.start()
        taken = here.bring(here.updates(), PER_SECOND)
    found = p95(taken)
    what = f"webhook acknowledged, {PER_SECOND} questions/s for {seconds} s: p95"
    return [Result(what, "under 50 ms", f"{found * 1000:.1f} ms", found < AIM)]
