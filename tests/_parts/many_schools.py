"""A large standard and the evidence tables of many schools, made from a seed."""

from collections.abc import Mapping
from random import Random
from typing import Any

import polars as pl

from cloud.scoring.standard.standard import Standard
from tests._parts.scoring import standard_of

TYPES = ("111", "211", "311", "312", "341", "342", "345", "361")
DIMENSIONS = {"a": 20, "b": 18, "c": 16, "d": 16, "e": 14, "f": 8, "g": 4, "h": 4}


def large_standard(clauses: int = 56) -> Standard:
    """Return a standard of so many clauses that uses every kind of shape, rule and mark."""
    names = list(DIMENSIONS)
    made = [_clause(number, names[number % len(names)]) for number in range(clauses)]
    return standard_of(
        made,
        dimensions=DIMENSIONS,
        dimension_keys={
            "a": {"pass_mark": 60},
            "b": {"aggregate": "geometric"},
            "c": {"aggregate": "minimum"},
        },
        declared_cap=0.8,
        pass_mark=60,
        grades={"A": 80, "B": 60, "C": 40},
        rules=[
            {
                "id": "most",
                "title": {"zh": "多数", "en": "most"},
                "of": [clause["id"] for clause in made[:10]],
                "at_least": 8,
                "attained": 0.6,
                "others_at_least": 0.2,
            }
        ],
    )


def _clause(number: int, dimension: str) -> dict[str, Any]:
    shapes: list[dict[str, Any]] = [
        {"linear": {"floor": 0.2, "target": 0.95}},
        {"linear": {"target": {"KG": 0.5, "PRI": 0.6, "JUN": 0.7, "SEN": 0.8, "VOC": 0.8}}},
        {"steps": {0.5: 0.4, 0.8: 0.9, 0.95: 1.0}},
        {"deduction": {"points": 6, "per_missing": 2}},
        {"linear": {"floor": 0.05, "target": 1.0, "scale": "log"}},
    ]
    clause: dict[str, Any] = {
        "id": f"{dimension.upper()}{number:02d}",
        "dimension": dimension,
        "weight": 1 + number % 5,
        "indicator": "assets_tagged",
        "data_source": ("telemetry", "ledger", "declared")[number % 3],
        **shapes[number % len(shapes)],
    }
    if number % 7 == 3:
        clause |= {"indicator": "screen_time_share"}
        clause = {key: value for key, value in clause.items() if key not in _SHAPES}
        clause["band"] = {"low": 0.1, "high": 0.3, "high_ceiling": 0.6}
    if number % 6 == 1:
        clause["min_classes"] = 18
    if number % 4 == 2 and "linear" in clause:
        clause["gate"] = 0.1
    if number % 5 == 4:
        clause["stages"] = ["PRI", "JUN", "SEN"]
    return clause


_SHAPES = ("linear", "band", "steps", "deduction")


def many_schools(
    standard: Standard, schools: int, seed: int, *, least: float = 0.0
) -> pl.DataFrame:
    """Return the evidence table of so many schools, some of it unknown.

    Of every clause a school has at least the share `least`.
    """
    random = Random(seed)
    rows: list[Mapping[str, Any]] = [
        _row(standard, random, number, least) for number in range(schools)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(standard: Standard, random: Random, number: int, least: float) -> dict[str, Any]:
    kind = random.choice(TYPES)
    row: dict[str, Any] = {
        "id": f"{number:06d}",
        "school_type": kind,
        "classes": random.choice([6, 12, 18, 24, 36, None]),
        "pupils": random.randrange(100, 2000),
        "pupils_PRI": random.choice([None, 300, 600]) if kind in {"312", "345"} else None,
        "pupils_JUN": random.choice([None, 200, 900]) if kind in {"312", "341", "345"} else None,
        "pupils_SEN": random.choice([None, 500]) if kind in {"341", "345"} else None,
    }
    for clause in standard.clauses:
        whole = random.choice([0, *range(60)])
        part = random.randrange(int(whole * least), whole + 1)
        unknown = random.choice([0, 0, 0, random.randrange(whole - part + 1)])
        known = random.random() > 0.03
        row[f"{clause.id}.part"] = float(part) if known else None
        row[f"{clause.id}.whole"] = float(whole) if known else None
        row[f"{clause.id}.unknown"] = float(unknown) if known else None
        if clause.data_source == "declared":
            row[f"{clause.id}.confirmed"] = random.choice([True, False, None])
    return row
