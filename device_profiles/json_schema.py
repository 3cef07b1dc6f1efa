"""The JSON Schema of a profile file, for editors (yaml-language-server) and for validation.

That of the models, with `defaults`: a point may then leave out what the defaults give, so the
schema does not insist on the keys of a point; the loader does, with better words.
"""

from typing import Any

from pydantic import TypeAdapter

from device_profiles.quantities import QUANTITIES
from device_profiles.schema import DeviceProfile

ID = "https://smart-campus.invalid/device-profile.schema.json"

_POINTS = {"ModbusProfile": "ModbusPoint", "MqttProfile": "MqttPoint", "BleProfile": "BlePoint"}


def profile_schema() -> dict[str, Any]:
    """Return the schema as a plain tree."""
    schema: dict[str, Any] = TypeAdapter(DeviceProfile).json_schema(by_alias=True)
    definitions = schema["$defs"]
    for profile, point in _POINTS.items():
        definitions[point].pop("required", None)
        definitions[point]["properties"]["quantity"]["enum"] = sorted(QUANTITIES)
        definitions[profile]["properties"]["defaults"] = {
            "allOf": [{"$ref": f"#/$defs/{point}"}],
            "description": "What every point has unless it says otherwise.",
        }
        _accept_numbers_as_keys(definitions[point]["properties"]["values"])
    _accept_numbers_as_keys(definitions["ModbusExample"]["properties"]["registers"])
    schema.pop("discriminator", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Device profile",
        **schema,
    }


def _accept_numbers_as_keys(tree: dict[str, Any]) -> None:
    """YAML keys such as 0x000C and 1 are numbers; pydantic would want them in one spelling."""
    tree.pop("propertyNames", None)
    for part in tree.get("anyOf", []):
        part.pop("propertyNames", None)
