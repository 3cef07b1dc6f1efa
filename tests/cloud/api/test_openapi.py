import json
from pathlib import Path

from cloud.app import create_app
from cloud.settings import Settings

SNAPSHOT = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


def test_the_snapshot_is_current() -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert create_app(Settings()).openapi() == kept, "the API changed: run `make snapshots`"


def test_every_operation_says_what_it_does() -> None:
    for path, operations in json.loads(SNAPSHOT.read_text(encoding="utf-8"))["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], f"{method} {path}"
            assert operation["description"].endswith("."), f"{method} {path}"
