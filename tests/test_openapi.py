"""What the API's description allows never breaks the server."""

from typing import Any

import httpx
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from tests.fakes.people import Customer

Operation = APIOperation[Any, Any, Any, Any]


def test_no_request_that_the_description_allows_is_a_server_error(
    client: TestClient, live: httpx.Client, alice: dict[str, str]
) -> None:
    Customer(client, "Carol").is_handed_over()
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    schema.config.update(base_url=str(live.base_url))
    found = list(schema.exclude(path="/web/events").get_all_operations())  # its stream never ends
    assert len(found) > 15
    for operation in found:
        assert isinstance(operation, Ok)
        try_out(operation.ok(), alice)


def try_out(operation: Operation, headers: dict[str, str]) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(headers=headers, checks=[not_a_server_error])

    ask()
