import json
from pathlib import Path

import jsonschema
import pytest

from cloud.scoring.standard.json_schema import standard_schema
from device_profiles import yaml_tree

ROOT = Path(__file__).parents[4]
SHIPPED = sorted((ROOT / "cloud/scoring/standards").glob("*/*.yaml"))
WRONG = Path(__file__).parents[1] / "wrong"


def test_the_reference_schema_is_current() -> None:
    kept = (ROOT / "docs/reference/standard.schema.json").read_text(encoding="utf-8")
    assert json.loads(kept) == standard_schema()
    jsonschema.Draft202012Validator.check_schema(standard_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}@{path.stem}")
def test_the_schema_accepts_what_is_shipped(path: Path) -> None:
    tree = json.loads(json.dumps(yaml_tree.parse(path.read_text(encoding="utf-8")).value))
    jsonschema.Draft202012Validator(standard_schema()).validate(tree)


@pytest.mark.parametrize(
    "name", ["linear-and-band", "neither-linear-nor-band", "unknown-key", "unknown-stage"]
)
def test_the_schema_refuses_what_the_loader_refuses(name: str) -> None:
    tree = yaml_tree.parse((WRONG / f"{name}.yaml").read_text(encoding="utf-8")).value
    assert not jsonschema.Draft202012Validator(standard_schema()).is_valid(tree)
