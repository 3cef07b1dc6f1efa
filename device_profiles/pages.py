"""Profiles -> Markdown pages, quantities -> one page. Pure; `campus-profiles docs` writes them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from device_profiles.json_schema import profile_schema
from device_profiles.protocol import part, protocol_of, protocols
from device_profiles.quantities import QUANTITIES, Quantity
from device_profiles.schema import DeviceProfile, Example
from device_profiles.sentence import usage_sentence, value_text

NOTE = "<!-- Written by `campus-profiles docs`. Change the profile, not this page. -->"

_GRADES = {
    "bronze": "validates and has an example",
    "silver": "has an example from a manual, a capture or another project's published test",
    "gold": "confirmed on hardware",
}
_SURE = {
    "bronze": "按资料编写，未见实测 · written from documents",
    "silver": "有手册或实测报文为证 · a manual or a capture shows it",
    "gold": "已在实机确认 · confirmed on hardware",
}
_MORE_HEADS = ("可控制 · commands", "使用判定 · use", "依据 · how sure")
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
    by_file = {f"{profile.id}.md": profile_page(profile) for profile in profiles.values()}
    return {"index.md": index_page(profiles), **by_file}


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
    lines += protocol_of(profile).profile_lines(profile)
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
        lines += [
            f"From: {example.source}",
            "",
            "```text",
            *example_lines(profile, example),
            "```",
            "",
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def example_lines(profile: DeviceProfile, example: Example) -> list[str]:
    """Return what went over the wire and what it means, line by line."""
    return [
        *protocol_of(profile).example_lines(example),
        *(f"= {name}: {value_text(value)}" for name, value in example.readings.items()),
    ]


def devices_page(profiles: Mapping[str, DeviceProfile]) -> str:
    """Return all models by what an equipment manager knows of them."""
    lines = [
        NOTE,
        "",
        "# Devices by kind and maker",
        "",
        f"支持的 {len(profiles)} 种型号：怎样接、采集什么、能控制什么、依据有多可靠。",
        "",
        f"The {len(profiles)} models: how each is connected, what is read, what can be commanded,",
        "how sure that is. The facts for an installer are on the page of the model.",
    ]
    for category, title in _CATEGORIES.items():
        members = [p for p in profiles.values() if p.category == category]
        if not members:
            continue
        lines += [
            "",
            f"## {title}",
            "",
            _row("品牌与型号 · maker, models", "连接 · wire", "采集 · read", *_MORE_HEADS),
            _row(*["---"] * 6),
        ]
        lines += [_device_row(profile) for profile in members]
    return "\n".join(lines) + "\n"


def _device_row(profile: DeviceProfile) -> str:
    spec = protocol_of(profile)
    read = {(p.title or {}).get("zh") or p.definition.zh: None for p in profile.points.values()}
    commands = [(c.title or {}).get("zh", name) for name, c in profile.commands.items()]
    also = "".join(f"<br>{alias.vendor} {alias.model}" for alias in profile.aliases)
    model = f"[{profile.vendor} {profile.model}](profiles/{profile.id}.md){also}"
    return _row(
        f"{model}<br>{profile.title.get('zh', '')}",
        f"{spec.wire or spec.title}<br>{spec.title}",
        "、".join(read),
        "、".join(commands) or "-",
        "是 · yes" if profile.usage is not None else "-",
        _how_sure(profile),
    )


def _how_sure(profile: DeviceProfile) -> str:
    if "reference contract of this project" in profile.source:
        return "本项目的参考规范，不是市售产品 · a contract of ours, no product"
    if "memory" in profile.source:
        return "部分凭记忆编写 · partly from memory"
    return _SURE[profile.quality_grade]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def quantities_page(quantities: Mapping[str, Quantity] = QUANTITIES) -> str:
    """Return the table of quantities."""
    lines = [
        NOTE.replace("Change the profile", "Change device_profiles/quantities.py"),
        "",
        "# Quantities",
        "",
        "What a point may measure, in which units, and what its value is. `=` gives a unit in the",
        "first one; units without `=` cannot be converted. The range is what physics allows, in",
        "the first unit. A folder of profiles may add quantities in a file `quantities.yaml`; see",
        "[Add a device](../how-to/add-a-device.md#a-quantity-of-your-own).",
        "",
        "| Quantity | 中文 | English | Units | Value | Range |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, quantity in sorted(quantities.items()):
        lines.append(
            f"| `{name}` | {quantity.zh} | {quantity.en} | {_units(quantity)} "
            f"| {quantity.value_type} | {_range(quantity)} |"
        )
    return "\n".join(lines) + "\n"


def _units(quantity: Quantity) -> str:
    first, *others = quantity.units
    shown = [first or "none"]
    for unit in others:
        factor = quantity.units[unit]
        shown.append(unit if factor is None else f"{unit} = {factor:.6g} {first}")
    return ", ".join(shown)


def _range(quantity: Quantity) -> str:
    if quantity.low is None and quantity.high is None:
        return ""
    if quantity.high is None:
        return f"≥ {quantity.low:g}"
    return (
        f"≤ {quantity.high:g}" if quantity.low is None else f"{quantity.low:g} to {quantity.high:g}"
    )


def schema_page() -> str:
    """Return what every key of a profile file means, from the models themselves."""
    schema = profile_schema()
    lines = [
        NOTE.replace("Change the profile", "Change device_profiles/schema.py and protocols/"),
        "",
        "# The keys of a profile file",
        "",
        "One file is one device model. `defaults` next to `points` gives what every point has",
        "unless it gives another value. Keys in **bold** must be there. As JSON Schema, for",
        "editors: `campus-profiles schema`.",
    ]
    titles = _model_titles()
    for name, title in titles.items():
        model = schema["$defs"][name]
        about = model.get("description", "").partition("\n\n")
        lines += ["", f"## {title}", "", about[0]]
        if about[2]:
            lines += ["", about[2]]
        lines += ["", "| Key | Value | Default | Meaning |", "| --- | --- | --- | --- |"]
        for key, field in model["properties"].items():
            shown = f"**`{key}`**" if key in model.get("required", []) else f"`{key}`"
            default = field.get("default")
            given = "" if default is None or default in ([], {}) else f"`{_payload(default)}`"
            if isinstance(default, dict):
                given = ""
            meaning = field.get("description", "").replace("|", "\\|")
            lines.append(f"| {shown} | {_kind(field, titles)} | {given} | {meaning} |")
    return "\n".join(lines) + "\n"


def _model_titles() -> dict[str, str]:
    """Return the models of a profile file with the title of each, in the order of the page."""
    specs = protocols().values()
    titles = {spec.profile.__name__: f"Profile, {spec.title}" for spec in specs}
    for field, noun in (("points", "Point"), ("examples", "Example"), ("commands", "Command")):
        titles |= {part(spec, field).__name__: f"{noun}, {spec.title}" for spec in specs}
    titles |= {"UsageRule": "usage", "Simulation": "simulation"}
    for spec in specs:
        for name, field in spec.profile.model_fields.items():
            for model in _models(field.annotation):
                titles.setdefault(model, name if name in _COMMON else f"{name} ({spec.title})")
    return titles


_COMMON = frozenset(DeviceProfile.model_fields)


def _models(annotation: Any) -> Iterator[str]:
    """Yield the names of the models in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation.__name__
    for inner in get_args(annotation):
        yield from _models(inner)


_KINDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "keys and values",
    "null": "",
}


def _kind(field: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return what a key's value looks like, in words."""
    if "$ref" in field or "allOf" in field:
        reference: str = field.get("$ref") or field["allOf"][0]["$ref"]
        name = reference.rsplit("/", 1)[1]
        return f"see {titles.get(name, name)}"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        values = field["enum"]
        return "a quantity" if len(values) > 12 else ", ".join(f"`{value}`" for value in values)
    if "anyOf" in field:
        kinds = dict.fromkeys(_kind(option, titles) for option in field["anyOf"])
        return " or ".join(kind for kind in kinds if kind)
    return _KINDS.get(field.get("type", ""), "anything")


def _points_table(profile: DeviceProfile) -> list[str]:
    lines = ["| Point | Quantity | Unit | Where | Details |", "| --- | --- | --- | --- | --- |"]
    spec = protocol_of(profile)
    for name, point in profile.points.items():
        details = []
        if point.values:
            details.append(", ".join(f"{raw} = {value_text(v)}" for raw, v in point.values.items()))
        if point.scale != 1 or point.offset:
            details.append(f"× {point.scale:g}" + (f" {point.offset:+g}" if point.offset else ""))
        if point.invalid:
            details.append("no value: " + ", ".join(value_text(v) for v in point.invalid))
        details += spec.point_details(point)
        where = spec.address_text(point).replace("|", "\\|")
        lines.append(
            f"| `{name}` | {point.quantity} | {point.unit} | `{where}` | {'; '.join(details)} |"
        )
    return lines


def _payload(payload: Any) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
