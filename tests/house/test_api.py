"""Every address documents its answer and every parameter its meaning."""

from typing import Any

import pytest

from cloud.app import create_app
from cloud.settings import Settings

OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, methods in create_app(Settings()).openapi()["paths"].items()
    for method, operation in methods.items()
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_address_has_a_summary_and_a_sentence(name: str) -> None:
    operation = OPERATIONS[name]
    by_default = operation["summary"].lower().replace(" ", "_")
    assert not operation["operationId"].startswith(f"{by_default}_")
    assert operation["description"].rstrip().endswith(".")
    assert operation["tags"]
