"""What pydantic finds wrong with a YAML file, in sentences with the file's own lines. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from device_profiles import yaml_tree
from device_profiles.errors import ProfileError
from device_profiles.protocol import protocols
from device_profiles.schema import DeviceProfile


def model_faults(
    tree: yaml_tree.Tree, shown: str, model: type[BaseModel], error: ValidationError
) -> list[ProfileError]:
    """Return what a model of any YAML file found wrong, in the words used for profiles."""
    return [
        pydantic_fault(tree, shown, model, item)
        for item in error.errors(include_url=False)
        if not is_echo(item)
    ]


def is_echo(item: Any) -> bool:
    """Whether another fault is the same: of a list's items, or of another member of a union."""
    if item["type"] == "too_short":
        return bool(item["input"])
    return item["loc"][-1:] in {("float",), ("bool",)} and item["type"].endswith("_type")


def fault_at(
    tree: yaml_tree.Tree, shown: str, path: Iterable[str | int], problem: str
) -> ProfileError:
    """Return a problem of a key as a fault; one of `defaults` names the defaults' own line."""
    place = _real_path(tree, tuple(path))
    known = place
    while known and known not in tree.lines:
        known = known[:-1]
    key = tree.origins.get(known, known) + place[len(known) :]
    return ProfileError(problem, path=shown, line=tree.line(place), key=dotted(key))


def _real_path(tree: yaml_tree.Tree, path: yaml_tree.Path) -> yaml_tree.Path:
    """Return the path as the file's own tree has it: numbers for list items and numeric keys."""
    real: yaml_tree.Path = ()
    for part in path:
        number = int(part) if isinstance(part, str) and part.isdecimal() else part
        real = (*real, number if (*real, number) in tree.lines else part)
    return real


def pydantic_fault(
    tree: yaml_tree.Tree, shown: str, model: type[BaseModel], item: Any
) -> ProfileError:
    """Return one of pydantic's errors as a fault."""
    location = _real_path(tree, tuple(item["loc"]))
    if item["type"] == "missing":
        description = _description(model, location)
        return fault_at(tree, shown, location, f"missing; needed: {description or 'a value'}")
    if item["loc"][-1:] == ("str",) and item["type"] == "string_type":
        got = shown_value(item["input"])
        problem = f"got {got}, expected a number, true or false, or text"
        return fault_at(tree, shown, location[:-1], problem)
    while location and location not in tree.lines:
        location = location[:-1]  # pydantic adds the names of a union's members
    if item["type"] == "extra_forbidden":
        known = _keys(model, location[:-1])
        near = get_close_matches(str(location[-1]), known, 1, 0.6)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(known))}"
        return fault_at(tree, shown, location, f"unknown key; {hint}")
    return fault_at(tree, shown, location, _sentence(item))


def _sentence(item: Any) -> str:
    kind, context, got = item["type"], item.get("ctx", {}), shown_value(item["input"])
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        near = get_close_matches(str(item["input"]), context["expected"].split("'"), 1)
        hint = f"did you mean {near[0]}? Known: " if near else "use "
        return f"{got} is not known; {hint}{context['expected'].replace(chr(39), '')}"
    if kind == "string_pattern_mismatch":
        return f"{got} has the wrong form; {_form(context['pattern'])}"
    wanted = next((words for start, words in _WANTED.items() if kind.startswith(start)), None)
    if kind == "string_type" and isinstance(item["input"], (int, float)):
        return f'got {got}, expected text; write "{got}" in quotes'
    return f"got {got}, expected {wanted}" if wanted else _limit(item, got)


def _limit(item: Any, got: str) -> str:
    """Return what is too large, too small, too long or too short."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "too_short":
        return f"is empty; give at least {context['min_length']}"
    if kind == "too_long":
        return f"holds {context['actual_length']}; give at most {context['max_length']}"
    if kind.startswith("string_too"):
        length = context.get("min_length", context.get("max_length"))
        return f"got {got}; use at {'least' if 'short' in kind else 'most'} {length} characters"
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"got {got}; use {words} {context[key]:g}"
    text = item["msg"]
    return f"got {got}; {text[:1].lower()}{text[1:]}"


_BOUNDS = {
    "less_than_equal": ("at most", "le"),
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
}
_WANTED = {
    "int_": "a whole number, such as 12 or 0x000C",
    "float_": "a number",
    "string_type": "text",
    "bool_": "true or false",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "tuple_type": "a list",
    "list_type": "a list",
}
_PATTERNS = {
    r"^[a-z0-9]+(-[a-z0-9]+)+$": "use <vendor>-<model> in lower case, such as eastron-sdm120",
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "use lower_case_words, such as active_power",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "use letters, digits, '.', '_' and '-', such as gw-001",
}


def _form(pattern: str) -> str:
    """Return how to write a text that must match the pattern."""
    forms = [_PATTERNS, *(spec.forms for spec in protocols().values())]
    return next((known[pattern] for known in forms if pattern in known), pattern)


def _model_at(model: type[BaseModel], path: yaml_tree.Path) -> type[BaseModel] | None:
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = _fields(current).get(str(part))
            current = None if field is None else field.annotation
        else:  # an item: all members of a list or mapping are of one type
            current = _unwrapped(current)
    current = _unwrapped(current)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _unwrapped(annotation: Any) -> Any:
    """Return the one model inside dict[...], tuple[...] or an optional, else what was given."""
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation
    for inner in get_args(annotation):
        model = _unwrapped(inner)
        if isinstance(model, type) and issubclass(model, BaseModel):
            return model
    return annotation


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _keys(model: type[BaseModel], path: yaml_tree.Path) -> list[str]:
    inner = _model_at(model, path)
    known = list(_fields(inner)) if inner else []
    return [*known, "defaults"] if not path and issubclass(model, DeviceProfile) else known


def _description(model: type[BaseModel], path: yaml_tree.Path) -> str:
    parent = _model_at(model, path[:-1])
    field = _fields(parent).get(str(path[-1])) if parent else None
    text: str = (field.description or "") if field else ""
    return text[:1].lower() + text[1:].rstrip(".") if text else ""


def dotted(path: Iterable[str | int]) -> str:
    """Return a key as people write it: `points.power.unit`."""
    return ".".join(str(part) for part in path)


def shown_value(value: Any) -> str:
    """Return a value as YAML has it, or what kind of value it is; cut to one short line."""
    text = repr(value) if isinstance(value, (str, int, float, bool)) else ""
    if not text:
        text = {type(None): "nothing", dict: "keys and values", list: "a list"}.get(
            type(value), type(value).__name__
        )
    text = {"True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= 60 else text[:57] + "..."
