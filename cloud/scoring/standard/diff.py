"""The differences between two editions of a standard. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloud.scoring.standard.standard import Standard

_LISTS = ("dimensions", "clauses", "rules", "variation")


def differences(old: Standard, new: Standard) -> list[str]:
    """Return one line for each thing that is gone, new or changed; the order of clauses is none."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    lines = list(_changes("", _rest(before), _rest(after)))
    for name in _LISTS:
        was = {part["id"]: part for part in before[name]}
        now = {part["id"]: part for part in after[name]}
        lines += [f"- {name}.{key}: {_title(was[key])}" for key in was if key not in now]
        lines += [f"+ {name}.{key}: {_title(now[key])}" for key in now if key not in was]
        for key, part in was.items():
            if key in now:
                lines += _changes(f"{name}.{key}.", part, now[key])
    return lines


def _rest(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if key not in _LISTS}


def _title(part: Mapping[str, Any]) -> str:
    return f"{part['title']['zh']} · {part['title']['en']}"


def _changes(path: str, was: Any, now: Any) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*was, *now]):
            yield from _changes(f"{path}{key}.", was.get(key), now.get(key))
    elif was != now:
        yield f"~ {path[:-1]}: {_shown(was)} → {_shown(now)}"


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return str(value)
