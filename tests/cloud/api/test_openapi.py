import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cloud.app import create_app
from cloud.settings import Settings

SNAPSHOT = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
OPEN = {"/health", "/ping"}
"""What a load balancer asks without a token."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_snapshot_is_current() -> None:
    assert create_app(Settings()).openapi() == DOCUMENT, "the API changed: run `make snapshots`"


def test_every_operation_says_what_it_does() -> None:
    for method, path, operation in operations():
        assert operation["summary"], f"{method} {path}"
        assert operation["description"].endswith("."), f"{method} {path}"


def test_operation_ids_are_a_verb_and_a_noun_and_unique() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(
            r"(create|export|get|import|list|open|stream|take|write)(_[a-z]+)+", name
        )


def test_every_operation_declares_whether_it_needs_the_token() -> None:
    assert DOCUMENT["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for method, path, operation in operations():
        if path in OPEN:
            assert "security" not in operation
        elif method == "get":
            assert operation["security"] == [{}, {"bearer": []}], path
        else:
            assert operation["security"] == [{"bearer": []}], path


def test_every_operation_declares_the_shape_of_its_errors() -> None:
    for method, path, operation in operations():
        (content,) = operation["responses"]["default"]["content"].values()
        expected = "InfluxProblem" if path.startswith("/api/v2/") else "Problem"
        assert content["schema"]["$ref"].endswith(f"/{expected}"), f"{method} {path}"
        assert "422" not in operation["responses"]


def test_every_reference_leads_to_a_schema() -> None:
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert used <= DOCUMENT["components"]["schemas"].keys()


def test_texts_are_localized_and_no_key_names_a_language() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["LocalizedText"]["additionalProperties"] == {"type": "string"}
    for name, schema in schemas.items():
        for key in schema.get("properties", {}):
            assert not key.endswith(("_zh", "_en")), f"{name}.{key}"
