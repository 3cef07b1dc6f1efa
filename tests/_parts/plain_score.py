"""The rules of scoring once more, school by school in plain Python, as an independent second."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cloud.registry.codes import statistics
from cloud.scoring.standard.attainment import (
    STAGES,
    UNNAMED,
    AttainmentCurve,
    Band,
    Deduction,
    Linear,
    Steps,
)
from cloud.scoring.standard.standard import Clause, Standard

Row = Mapping[str, Any]


def plain_score(standard: Standard, row: Row) -> dict[str, Any]:
    """Return value, raw, coverage and the failures of one row of an evidence table."""
    stages = {}
    for stage in _taught(row):
        scored = _of_stage(standard, row, stage)
        if scored is not None:
            stages[stage] = scored
    pupils = [row.get(f"pupils_{stage}") for stage in stages]
    sized = all(size is not None for size in pupils) and sum(size or 0 for size in pupils) > 0
    sizes = [float(size or 0) for size in pupils] if sized else [1.0] * len(stages)
    shares = {s: size / sum(sizes) for s, size in zip(stages, sizes, strict=True)}
    raw = sum(shares[stage] * scored["score"] for stage, scored in stages.items())
    clauses = {clause.id: _together(clause, row, stages, shares) for clause in standard.clauses}
    coverage = sum(clause["weight"] * clause["seen"] for clause in clauses.values()) / 100
    dimensions = {
        d.id: _dimension(d.id, standard, clauses, stages, shares) for d in standard.dimensions
    }
    marks = [
        d.id
        for d in standard.dimensions
        if d.pass_mark is not None
        and dimensions[d.id] != "n/a"
        and _below(dimensions[d.id], d.pass_mark)
    ]
    if standard.pass_mark is not None and _below(
        raw * standard.scale if stages else None, standard.pass_mark
    ):
        marks.append("total")
    gates = [
        c.id
        for c in standard.clauses
        if c.gate is not None and clauses[c.id]["weight"] > 0 and _below(_low(c, row), c.gate)
    ]
    rules = []
    for rule in standard.rules:
        got = [
            clauses[name]["attainment"] or 0.0 for name in rule.of if clauses[name]["weight"] > 0
        ]
        missed = sum(attained < rule.attained - 1e-9 for attained in got)
        if missed > len(rule.of) - rule.at_least or any(
            g < rule.others_at_least - 1e-9 for g in got
        ):
            rules.append(rule.id)
    rated = bool(stages) and coverage >= standard.min_coverage - 1e-12
    return {
        "raw": raw * standard.scale if stages else None,
        "value": raw * standard.scale if rated else None,
        "coverage": coverage,
        "passed": rated and not gates and not marks and not rules,
        "failed_gates": gates,
        "failed_marks": marks,
        "failed_rules": rules,
        "dimensions": {key: None if value == "n/a" else value for key, value in dimensions.items()},
        "clauses": clauses,
    }


def _below(value: Any, mark: float) -> bool:
    return value is None or value < mark - 1e-9


def _taught(row: Row) -> list[str]:
    kind = row.get("school_type")
    taught: list[str] = [
        stage
        for stage in STAGES
        if (kind is not None and stage in statistics.stages(kind))
        or (row.get(f"pupils_{stage}") or 0) > 0
        or (row.get(f"classes_{stage}") or 0) > 0
    ]
    return taught or ([UNNAMED] if kind is None else [])


def _of_stage(standard: Standard, row: Row, stage: str) -> dict[str, Any] | None:
    applying = [clause for clause in standard.clauses if _applies(clause, row, stage)]
    if not applying:
        return None
    by_dimension = {
        d.id: [clause for clause in applying if clause.dimension == d.id]
        for d in standard.dimensions
    }
    present = [d for d in standard.dimensions if by_dimension[d.id]]
    whole = sum(d.weight for d in present)
    values, weights, attained = {}, {}, {}
    for dimension in present:
        members = by_dimension[dimension.id]
        inside = sum(clause.weight for clause in members)
        for clause in members:
            weights[clause.id] = 100 * dimension.weight / whole * clause.weight / inside
            attained[clause.id] = _attained(standard, clause, row, stage)
        parts = [(clause.weight, attained[clause.id] or 0.0) for clause in members]
        values[dimension.id] = _mean(dimension.aggregate, parts)
    score = _mean(standard.aggregate, [(d.weight, values[d.id]) for d in present])
    part = {d.id: d.weight / whole for d in present}
    return {
        "score": score,
        "weights": weights,
        "attained": attained,
        "values": values,
        "part": part,
    }


def _applies(clause: Clause, row: Row, stage: str) -> bool:
    if stage != UNNAMED and stage not in clause.stages:
        return False
    if clause.indicator != "column":
        part, whole = row.get(f"{clause.id}.part"), row.get(f"{clause.id}.whole")
        if part == 0 and whole == 0 and not row.get(f"{clause.id}.unknown"):
            return False
    classes = row.get(f"classes_{stage}")
    classes = row.get("classes") if classes is None else classes
    if classes is not None and classes < clause.min_classes:
        return False
    kind = row.get("school_type")
    return clause.school_types is None or kind is None or kind in clause.school_types


def _sums(clause: Clause, row: Row) -> tuple[float, float, float] | None:
    names = [f"{clause.id}.{name}" for name in ("part", "whole", "unknown")]
    if clause.indicator == "column":
        names = [clause.parameters["column"], clause.parameters.get("of", "")]
    part, whole, unknown = ([row.get(name, 1.0 if not name else None) for name in names] + [0.0])[
        :3
    ]
    if part is None or not whole or whole <= 0:
        return None
    return part, whole, unknown or 0.0


def _seen(clause: Clause, row: Row) -> float:
    sums = _sums(clause, row)
    return 0.0 if sums is None else 1.0 - min(1.0, sums[2] / max(sums[1], sums[2]))


def _low(clause: Clause, row: Row) -> float | None:
    sums = _sums(clause, row)
    return None if sums is None or _seen(clause, row) <= 0 else sums[0] / sums[1]


def _attained(standard: Standard, clause: Clause, row: Row, stage: str) -> float | None:
    sums, low = _sums(clause, row), _low(clause, row)
    if low is None or sums is None or not clause.curve.knows(stage):
        return None
    high = (sums[0] + sums[2]) / sums[1]
    worse = min(_curve(clause.curve, figure, sums[1], stage) for figure in (low, high))
    worse = 0.0 if worse < 1e-9 else worse
    if clause.data_source == "declared" and not row.get(f"{clause.id}.confirmed"):
        worse = min(worse, standard.declared_cap)
    return worse


def _curve(curve: AttainmentCurve, x: float, whole: float, stage: str) -> float:
    if isinstance(curve, Linear):
        return _linear(curve, x, stage)
    if isinstance(curve, Band):
        return _band(curve, x)
    if isinstance(curve, Steps):
        return max((a for at, a in curve.root.items() if x >= at), default=0.0)
    assert isinstance(curve, Deduction)
    return min(1.0, max(0.0, 1 - curve.per_missing * (whole - x * whole) / curve.points))


def _linear(curve: Linear, x: float, stage: str) -> float:
    floor, target = (
        dict[str, float](value)[stage] if isinstance(value, dict) else value  # type: ignore[arg-type]  # narrower keys
        for value in (curve.floor, curve.target)
    )
    if curve.scale == "log":
        if x <= floor:
            return 0.0
        x, floor, target = math.log(x), math.log(floor), math.log(target)
    return min(1.0, max(0.0, (x - floor) / (target - floor)))


def _band(curve: Band, x: float) -> float:
    if x < curve.low:
        width = curve.low - curve.low_floor
        return max(0.0, (x - curve.low_floor) / width) if width else 0.0
    if x > curve.high:
        width = curve.high_ceiling - curve.high
        return max(0.0, (curve.high_ceiling - x) / width) if width else 0.0
    return 1.0


def _mean(aggregate: str, parts: Sequence[tuple[float, float]]) -> float:
    if aggregate == "minimum":
        return min(value for _, value in parts)
    whole = sum(weight for weight, _ in parts)
    if aggregate == "geometric":
        if any(value <= 0 for _, value in parts):
            return 0.0
        return math.exp(sum(weight * math.log(value) for weight, value in parts) / whole)
    return sum(weight * value for weight, value in parts) / whole


def _together(
    clause: Clause, row: Row, stages: Mapping[str, Any], shares: Mapping[str, float]
) -> dict[str, Any]:
    by_stage = [
        (shares[stage] * scored["weights"][clause.id], scored["attained"][clause.id])
        for stage, scored in stages.items()
        if clause.id in scored["weights"] and shares[stage] > 0
    ]
    weight = sum(stage_weight for stage_weight, _ in by_stage)
    known = any(attained is not None for _, attained in by_stage)
    earned = sum(stage_weight * (attained or 0.0) for stage_weight, attained in by_stage)
    return {
        "weight": weight,
        "seen": _seen(clause, row) if known else 0.0,
        "attainment": earned / weight if known else None,
    }


def _dimension(
    name: str,
    standard: Standard,
    clauses: Mapping[str, Any],
    stages: Mapping[str, Any],
    shares: Mapping[str, float],
) -> Any:
    members = [clauses[clause.id] for clause in standard.clauses if clause.dimension == name]
    if not any(clause["weight"] > 0 for clause in members):
        return "n/a"
    if not any(clause["weight"] * clause["seen"] > 0 for clause in members):
        return None
    parts = [
        (shares[stage] * scored["part"][name], scored["values"][name])
        for stage, scored in stages.items()
        if name in scored["values"]
    ]
    value = sum(weight * attained for weight, attained in parts) / sum(
        weight for weight, _ in parts
    )
    return value * standard.scale
