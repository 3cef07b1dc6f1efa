"""The JSON Schema of a standard's file, for editors. Pure."""

from typing import Any

from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import SHAPES
from cloud.scoring.standard.standard import Standard


def standard_schema() -> dict[str, Any]:
    """Return the schema; `campus-cloud standard check` checks weights, names and thresholds."""
    schema = Standard.model_json_schema()
    clause = schema["$defs"]["Clause"]
    clause["oneOf"] = [{"required": [shape]} for shape in SHAPES]
    for shape in SHAPES:
        options = clause["properties"][shape]["anyOf"]
        reference = next(option for option in options if "$ref" in option)
        clause["properties"][shape] = reference
    clause["properties"]["indicator"]["enum"] = list(all_indicators())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A standard of Smart Campus",
    }
