"""What the parts of one profile must agree on: the points that others name, and their value types.

Pure. Works on the plain tree of a file, so that it can speak even where single keys are wrong.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from device_profiles.quantities import Quantity

Key = tuple[str, ...]


class Disagreement(ValueError):
    """Parts of a profile contradict one another."""


def disagreements(
    tree: Mapping[Any, Any], quantities: Mapping[str, Quantity]
) -> list[tuple[Key, str]]:
    """Return (key, what is wrong) for every contradiction; passes over what has the wrong shape."""
    points = {
        name: _type(point, quantities)
        for name, point in _mapping(tree.get("points")).items()
        if isinstance(name, str)
    }
    if not points:
        return []
    return [
        *_points(tree, quantities),
        *_usage(_mapping(tree.get("usage")), points, tree),
        *_examples(tree.get("examples"), points),
        *_named(_mapping(_mapping(tree.get("simulation")).get("points")), points, "simulation"),
    ]


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _type(point: Any, quantities: Mapping[str, Quantity]) -> str | None:
    quantity = _mapping(point).get("quantity")
    known = quantities.get(quantity) if isinstance(quantity, str) else None
    return known.value_type if known else None


def _no_point(name: Any, points: Mapping[str, Any]) -> str:
    return f"{name!r} is not a point of this profile; use one of {', '.join(points)}"


def _points(
    tree: Mapping[Any, Any], quantities: Mapping[str, Quantity]
) -> Iterator[tuple[Key, str]]:
    for name, point in _mapping(tree.get("points")).items():
        wanted, plain = _type(point, quantities), _mapping(point)
        if wanted is None:
            continue
        for raw, value in _mapping(plain.get("values")).items():
            if not _fits(value, wanted):
                yield (
                    ("points", str(name), "values", str(raw)),
                    f"{value!r} is not a value of {plain['quantity']}; give {_a(wanted)}",
                )


def _usage(
    usage: Mapping[Any, Any], points: Mapping[str, str | None], tree: Mapping[Any, Any]
) -> Iterator[tuple[Key, str]]:
    for key in ("point", "energy_point"):
        name = usage.get(key)
        if name is not None and name not in points:
            yield ("usage", key), _no_point(name, points)
    wanted = points.get(str(usage.get("point")))
    if wanted is not None:
        if usage.get("active_above") is not None and wanted != "number":
            yield (
                ("usage", "active_above"),
                f"{usage['point']} is {_a(wanted)}; give active_values instead",
            )
        for key in ("active_values", "standby_values"):
            for value in usage.get(key) or () if isinstance(usage.get(key), (list, tuple)) else ():
                if not _fits(value, wanted):
                    yield (
                        ("usage", key),
                        f"{value!r} is never a value of {usage['point']}; give {_a(wanted)}",
                    )
    energy = _mapping(_mapping(tree.get("points")).get(usage.get("energy_point")))
    if energy and energy.get("quantity") not in {"energy", "power"}:
        yield (
            ("usage", "energy_point"),
            f"{usage['energy_point']!r} is neither energy nor power; name a point that is",
        )


def _examples(examples: Any, points: Mapping[str, str | None]) -> Iterator[tuple[Key, str]]:
    for number, example in enumerate(examples if isinstance(examples, (list, tuple)) else ()):
        for name, value in _mapping(_mapping(example).get("readings")).items():
            key = ("examples", str(number), "readings", str(name))
            wanted = points.get(str(name))
            if str(name) not in points:
                yield key, _no_point(name, points)
            elif wanted is not None and not _fits(value, wanted):
                yield key, f"{value!r} is not a value of {name}; give {_a(wanted)}"


def _named(
    named: Mapping[Any, Any], points: Mapping[str, Any], part: str
) -> Iterator[tuple[Key, str]]:
    for name in named:
        if name not in points:
            yield (part, "points", str(name)), _no_point(name, points)


def _fits(value: Any, wanted: str) -> bool:
    if value is None or isinstance(value, (dict, list, tuple)):
        return True  # the models speak about shapes
    if wanted == "bool":
        return isinstance(value, bool)
    if wanted == "string":
        return isinstance(value, str)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _a(value_type: str) -> str:
    return {"number": "a number", "bool": "true or false", "string": "text"}[value_type]
