"""The JSON Schema of a standard's file, for editors. Pure."""

from typing import Any

from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import CURVES
from cloud.scoring.standard.standard import Standard


def standard_schema() -> dict[str, Any]:
    """Return the schema; `campus-cloud standard check` checks weights, names and thresholds."""
    schema = Standard.model_json_schema()
    clause = schema["$defs"]["Clause"]
    clause["oneOf"] = [{"required": [curve]} for curve in CURVES]
    for curve in CURVES:
        options = clause["properties"][curve]["anyOf"]
        reference = next(option for option in options if "$ref" in option)
        clause["properties"][curve] = reference
    clause["properties"]["indicator"]["enum"] = list(all_indicators())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A standard of Smart Campus",
    }
