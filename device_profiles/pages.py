"""Profiles -> Markdown pages, quantities -> one page. Pure; `campus-profiles docs` writes them."""

import json
from collections.abc import Mapping
from typing import Any

from device_profiles.json_schema import profile_schema
from device_profiles.protocols.modbus import ModbusPoint
from device_profiles.quantities import QUANTITIES
from device_profiles.schema import (
    BleExample,
    DeviceProfile,
    Example,
    ModbusExample,
    MqttExample,
    MqttProfile,
)
from device_profiles.sentence import address_text, usage_sentence, value_text

NOTE = "<!-- Written by `campus-profiles docs`. Change the profile, not this page. -->"

_GRADES = {
    "bronze": "validates and has an example",
    "silver": "has an example from a manual, a capture or another project's published test",
    "gold": "confirmed on hardware",
}
_CATEGORIES = {
    "display": "显示设备 · displays",
    "recorder": "录播设备 · recorders",
    "instrument": "实验仪器 · instruments",
    "epaper": "电子纸 · e-paper",
    "meter": "电表与插座 · meters and plugs",
    "environment": "环境 · environment",
    "computer": "计算机 · computers",
}


def pages(profiles: Mapping[str, DeviceProfile]) -> dict[str, str]:
    """Return file name -> text: one page per model, and the index."""
    found = {f"{profile.id}.md": profile_page(profile) for profile in profiles.values()}
    return {"index.md": index_page(profiles), **found}


def index_page(profiles: Mapping[str, DeviceProfile]) -> str:
    """Return the list of models, by category."""
    lines = [NOTE, "", "# Device profiles", "", f"{len(profiles)} models.", ""]
    for category, title in _CATEGORIES.items():
        members = [p for p in profiles.values() if p.category == category]
        if not members:
            continue
        lines += [
            f"## {title}",
            "",
            "| Model | Protocol | Use | Grade |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| [{p.vendor} {p.model}]({p.id}.md)<br>{p.title.get('zh', '')} | {p.protocol} "
            f"| {'yes' if p.usage else 'no'} | {p.quality_grade} |"
            for p in members
        ]
        lines.append("")
    lines += ["Grades:", ""]
    lines += [f"- **{grade}**: {meaning}." for grade, meaning in _GRADES.items()]
    return "\n".join(lines) + "\n"


def profile_page(profile: DeviceProfile) -> str:
    """Return the page of one model."""
    grade = profile.quality_grade
    lines = [NOTE, "", f"# {profile.vendor} {profile.model}", ""]
    lines += [f"{profile.title.get('zh', '')} · {profile.title.get('en', '')}", ""]
    lines += [
        f"- Profile: `{profile.id}`",
        f"- Category: {profile.category}; protocol: {profile.protocol}",
        f"- Grade: {grade}, {_GRADES[grade]}"
        + (f": {profile.confirmed}" if profile.confirmed else ""),
        f"- Source: {profile.source}",
    ]
    if profile.aliases:
        lines.append("- Also for: " + ", ".join(f"{a.vendor} {a.model}" for a in profile.aliases))
    if isinstance(profile, MqttProfile) and profile.presence is not None:
        lines.append(f"- Presence: `{profile.presence.topic}`")
    if isinstance(profile, MqttProfile) and profile.time is not None:
        lines.append(f"- Time of its own: `{profile.time.path}`, {profile.time.format}")
    lines += ["", "## Points", "", *_points_table(profile), ""]
    lines += ["## Use", "", usage_sentence(profile), ""]
    if profile.commands:
        lines += ["## Commands", ""]
        for name, command in profile.commands.items():
            title = command.title or {}
            lines.append(f"- `{name}`: {title.get('zh', '')} · {title.get('en', '')}")
        lines.append("")
    if profile.caveats:
        lines += ["## Caveats", "", *(f"- {caveat}" for caveat in profile.caveats), ""]
    lines += ["## Examples", ""]
    for example in profile.examples:
        lines += [f"From: {example.source}", "", "```text", *example_lines(example), "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def example_lines(example: Example) -> list[str]:
    """Return what went over the wire and what it means, line by line."""
    lines: list[str] = []
    if isinstance(example, ModbusExample):
        for address, words in example.registers.items():
            lines.append(f"0x{address:04X}: " + " ".join(f"{word:04X}" for word in words))
        lines += [f"coil 0x{a:04X}: {value_text(bit)}" for a, bit in example.coils.items()]
    elif isinstance(example, MqttExample):
        lines += [example.topic, _payload(example.payload)]
        if example.observed_at is not None:
            lines.append(f"= at {example.observed_at}")
    elif isinstance(example, BleExample):
        if example.service_data is not None:
            lines.append(f"service data fcd2: {example.service_data}")
        else:
            lines.append(f"{example.characteristic}: {example.value or ''}")
    return [*lines, *(f"= {name}: {value_text(v)}" for name, v in example.readings.items())]


def quantities_page() -> str:
    """Return the table of quantities."""
    lines = [
        NOTE.replace("Change the profile", "Change device_profiles/quantities.py"),
        "",
        "# Quantities",
        "",
        "What a point may measure, in which units, and what its value is.",
        "",
        "| Quantity | 中文 | English | Units | Value |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, quantity in sorted(QUANTITIES.items()):
        units = ", ".join(unit for unit in quantity.units if unit) or "none"
        lines.append(
            f"| `{name}` | {quantity.zh} | {quantity.en} | {units} | {quantity.value_type} |"
        )
    return "\n".join(lines) + "\n"


def schema_page() -> str:
    """Return what every key of a profile file means, from the models themselves."""
    schema = profile_schema()
    lines = [
        NOTE.replace("Change the profile", "Change device_profiles/schema.py and protocols/"),
        "",
        "# The keys of a profile file",
        "",
        "One file is one device model. `defaults` beside `points` gives what every point has",
        "unless it says otherwise. Keys in **bold** must be there. The same as JSON Schema, for",
        "editors: `campus-profiles schema`.",
    ]
    for name, title in _SECTIONS.items():
        part = schema["$defs"][name]
        about = part.get("description", "").partition("\n\n")
        lines += ["", f"## {title}", "", about[0]]
        if about[2]:
            lines += ["", about[2]]
        lines += ["", "| Key | Value | Default | Meaning |", "| --- | --- | --- | --- |"]
        for key, field in part["properties"].items():
            shown = f"**`{key}`**" if key in part.get("required", []) else f"`{key}`"
            default = field.get("default")
            given = "" if default is None or default in ([], {}) else f"`{_payload(default)}`"
            if isinstance(default, dict):
                given = ""
            meaning = field.get("description", "").replace("|", "\\|")
            lines.append(f"| {shown} | {_kind(field)} | {given} | {meaning} |")
    return "\n".join(lines) + "\n"


_SECTIONS = {
    "ModbusProfile": "Profile, Modbus",
    "MqttProfile": "Profile, MQTT",
    "BleProfile": "Profile, BLE",
    "ModbusPoint": "Point, Modbus",
    "MqttPoint": "Point, MQTT",
    "BlePoint": "Point, BLE",
    "UsageRule": "usage",
    "Simulation": "simulation",
    "ModbusExample": "Example, Modbus",
    "MqttExample": "Example, MQTT",
    "BleExample": "Example, BLE",
    "ModbusCommand": "Command, Modbus",
    "MqttCommand": "Command, MQTT",
    "BleCommand": "Command, BLE",
    "ModbusLimits": "limits (Modbus)",
    "MqttTime": "time (MQTT)",
    "MqttPresence": "presence (MQTT)",
    "Alias": "aliases",
    "AssetClass": "asset_class",
}
_KINDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "keys and values",
    "null": "",
}


def _kind(field: Mapping[str, Any]) -> str:
    """Return what a key's value looks like, in words."""
    if "$ref" in field or "allOf" in field:
        reference: str = field.get("$ref") or field["allOf"][0]["$ref"]
        name = reference.rsplit("/", 1)[1]
        return f"see {_SECTIONS.get(name, name)}"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        values = field["enum"]
        return "a quantity" if len(values) > 12 else ", ".join(f"`{value}`" for value in values)
    if "anyOf" in field:
        kinds = dict.fromkeys(_kind(option) for option in field["anyOf"])
        return " or ".join(kind for kind in kinds if kind)
    return _KINDS.get(field.get("type", ""), "anything")


def _points_table(profile: DeviceProfile) -> list[str]:
    lines = ["| Point | Quantity | Unit | Where | Details |", "| --- | --- | --- | --- | --- |"]
    for name, point in profile.points.items():
        details = []
        if point.values:
            details.append(", ".join(f"{raw} = {value_text(v)}" for raw, v in point.values.items()))
        if point.scale != 1 or point.offset:
            details.append(f"× {point.scale:g}" + (f" {point.offset:+g}" if point.offset else ""))
        if point.invalid:
            details.append("no value: " + ", ".join(value_text(v) for v in point.invalid))
        if isinstance(point, ModbusPoint):
            details.append(f"every {point.poll_s:g} s")
        where = address_text(point).replace("|", "\\|")
        lines.append(
            f"| `{name}` | {point.quantity} | {point.unit} | `{where}` | {'; '.join(details)} |"
        )
    return lines


def _payload(payload: Any) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
