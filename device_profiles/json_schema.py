"""The JSON Schema of a profile file, for editors (yaml-language-server) and for validation.

Pure. That of the models, with `defaults`: a point may then leave out what the defaults give, so the
schema does not insist on the keys of a point; the loader does, with better words.
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from pydantic import TypeAdapter

from device_profiles.protocol import part, protocols
from device_profiles.quantities import QUANTITIES, Quantity

ID = "https://smart-campus.invalid/device-profile.schema.json"


def profile_schema(quantities: Mapping[str, Quantity] = QUANTITIES) -> dict[str, Any]:
    """Return the schema as a plain tree; a point's quantity is one of those given."""
    specs = protocols().values()
    kinds: Any = reduce(or_, [spec.profile for spec in specs])
    schema: dict[str, Any] = TypeAdapter(kinds).json_schema(by_alias=True)
    definitions = schema["$defs"]
    for spec in specs:
        point = part(spec, "points").__name__
        definitions[point].pop("required", None)
        definitions[point]["properties"]["quantity"]["enum"] = sorted(quantities)
        definitions[spec.profile.__name__]["properties"]["defaults"] = {
            "allOf": [{"$ref": f"#/$defs/{point}"}],
            "description": "What every point has unless it gives another value.",
        }
    for definition in definitions.values():
        for field in definition.get("properties", {}).values():
            _accept_numbers_as_keys(field)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Device profile",
        **schema,
    }


def _accept_numbers_as_keys(tree: dict[str, Any]) -> None:
    """YAML keys such as 0x000C and 1 are numbers; pydantic would want them in one spelling."""
    for branch in (tree, *tree.get("anyOf", [])):
        if branch.get("propertyNames", {}).get("type") == "integer":
            del branch["propertyNames"]
