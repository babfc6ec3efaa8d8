"""Rasa itself: an assistant of its own, trained and served by `rasa`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.action_server import free_port, running, wait_for
from tests.fakes.rasa_environment import rasas_python

ALONE = {"RASA_TELEMETRY_ENABLED": "false", "PYTHONPATH": "", "PYTHONWARNINGS": "ignore"}
PATIENCE = 150.0  # seconds for training, and for starting: it imports TensorFlow each time


@dataclass(frozen=True)
class FullRasa:
    """A server at `url` with one assistant."""

    url: str

    def says(self, sender: str, message: str) -> list[dict[str, Any]]:
        """What the assistant answers over its REST channel."""
        body = {"sender": sender, "message": message}
        answers: list[dict[str, Any]] = self._post("/webhooks/rest/webhook", body)
        return answers

    def adds(self, sender: str, event: str) -> None:
        """An event of that name, to the sender's tracker."""
        self._post(f"/conversations/{sender}/tracker/events", {"event": event})

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        response = httpx.post(self.url + path, json=body, timeout=60, trust_env=False)
        assert response.status_code == 200, response.text
        return response.json()


@contextmanager
def full_rasa(folder: Path, project: dict[str, str], action_endpoint: str) -> Iterator[FullRasa]:
    """Trains the project's files in the folder and serves them, with its actions at the URL."""
    project |= {
        "endpoints.yml": f'action_endpoint: {{url: "{action_endpoint}"}}',
        "credentials.yml": "rest:",
    }
    for name, text in project.items():
        (folder / name).write_text(text, encoding="utf-8")
    rasa: list[str | Path] = ["nice", rasas_python(), "-m", "rasa"]
    train = [*rasa, "train", "--quiet", "--data", ".", "--fixed-model-name", "assistant"]
    with running(train, folder, **ALONE) as training:
        assert training.wait(PATIENCE) == 0, (folder / "log").read_text()
    port = free_port()
    serve = [*rasa, "run", "--enable-api", "--interface", "127.0.0.1", "--port", str(port)]
    with running(serve, folder, **ALONE) as process:
        wait_for(f"http://127.0.0.1:{port}/", process, PATIENCE)
        yield FullRasa(f"http://127.0.0.1:{port}")
