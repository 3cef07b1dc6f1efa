"""What each clause would gain a school, unit by unit, and what that costs. Pure.

A unit is one thing more that counts (`cost: {per: unit}`), or one hundredth of attainment (`per:
point`). Gains are what the standard's own curves give, for the stages that the school teaches, and
stop where the curve does, at the cap of what is declared and not confirmed, and, of a share, at
what is known to be missing: what has no data is not bought, unless the caller assumes that it
had been seen.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from cloud.scoring.engine.column_names import ClauseColumns
from cloud.scoring.engine.engine import Scores, by_stage
from cloud.scoring.engine.school_table import COLUMN
from cloud.scoring.expressions import EPSILON
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import Band
from cloud.scoring.standard.attainment_numpy import attained_by, bends
from cloud.scoring.standard.clause import Clause, Cost
from cloud.scoring.standard.standard import Standard

_SHARES = ("%", "")


@dataclass(frozen=True, slots=True)
class Gain:
    """What a clause gains with so many units, straight between the units given.

    `points` are of the standard's scale; `attained` is the attainment then, `measured` the figure,
    which is not known of clauses priced by the point. `price` is what a unit costs, work and money
    in one figure (`Cost.comparable`).
    """

    clause: Clause
    weight: float
    attained: float
    price: float
    units: tuple[int, ...]
    points: tuple[float, ...]
    part: float
    whole: float

    @property
    def cost(self) -> Cost:
        """What a unit costs: money or work."""
        assert self.clause.cost is not None  # noqa: S101  a clause without a cost has no gain
        return self.clause.cost

    @property
    def is_by_unit(self) -> bool:
        """Whether a unit is a thing, not a point."""
        return self.clause.cost is not None and self.clause.cost.per == "unit"

    def gained(self, units: float) -> float:
        """Return the points gained with so many units."""
        return float(np.interp(units, self.units, self.points))

    def becomes(self, units: float, scale: float) -> float:
        """Return the attainment with so many units."""
        return min(1.0, self.attained + self.gained(units) * 100 / (self.weight * scale))

    def units_to_measure(self, figure: float) -> int:
        """Return the units with which what is measured reaches a figure."""
        return max(0, math.ceil(figure * self.whole - self.part - 1e-9))

    def units_to_attain(self, attained: float, scale: float) -> int | None:
        """Return the units with which so much is attained, None where none do."""
        wanted = (attained - self.attained) * self.weight * scale / 100 - EPSILON * scale
        for (u, v), (p, q) in zip(pairwise(self.units), pairwise(self.points), strict=True):
            if wanted <= p:
                return u
            if wanted <= q:
                return min(v, math.ceil(u + (wanted - p) * (v - u) / (q - p) - 1e-9))
        return None if wanted > self.points[-1] else 0


@dataclass(frozen=True, slots=True)
class Priced:
    """All that improvements are computed from: scores, and by stage what they are made of."""

    scores: Scores
    stages: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Any]]
    totals: Mapping[str, Mapping[str, Any]]
    dimensions: Mapping[str, Mapping[str, Any]]
    clauses: Mapping[str, Mapping[str, Any]]


def priced(scores: Scores) -> Priced:
    """Return scores ready to be asked for improvements, of one school or of all of them."""
    work, stages = by_stage(scores.standard, scores.table)
    wanted = ["id"]
    for clause in scores.standard.clauses:
        columns = ClauseColumns(clause.id)
        wanted += [columns.low, columns.known_whole]
        more = [columns.stage_weight(stage) for stage in stages]
        more += [columns.unknown, columns.confirmed]
        wanted += [name for name in more if name in work.columns]
    return Priced(
        scores,
        tuple(stages),
        rows={row["id"]: row for row in work.select(wanted).iter_rows(named=True)},
        totals={row["id"]: row for row in scores.totals.iter_rows(named=True)},
        dimensions={row["id"]: row for row in scores.dimensions.iter_rows(named=True)},
        clauses={row["id"]: row for row in scores.clauses.iter_rows(named=True)},
    )


def gains(pricing: Priced, school: str, *, is_all_seen: bool = False) -> Iterator[Gain]:
    """Yield what each clause that has a cost and evidence, and is not full, would gain a school.

    With `is_all_seen` what has no data counts as seen and missing, so it may be bought.
    """
    standard, row, clauses = pricing.scores.standard, pricing.rows[school], pricing.clauses[school]
    for clause in standard.clauses:
        columns = ClauseColumns(clause.id)
        weight, attained = clauses[columns.weight], clauses[columns.attainment]
        if clause.cost is None or attained is None or weight <= 0 or attained >= 1 - EPSILON:
            continue
        low, whole = row[columns.low], row[columns.known_whole]
        unknown = 0.0
        if clause.indicator != COLUMN and not is_all_seen:
            unknown = row.get(columns.unknown) or 0.0
        capped = clause.data_source == "declared" and not row.get(columns.confirmed)
        cap = standard.declared_cap if capped else 1.0
        if clause.cost.per == "point":
            units, points = _by_point(attained, cap, weight * standard.scale / 100)
        else:
            weights = {
                stage: stage_weight
                for stage in pricing.stages
                if (stage_weight := row.get(columns.stage_weight(stage), 0.0)) > 0
            }
            units, points = _by_unit(standard, clause, weights, low, whole, unknown, cap)
        if points[-1] > 0 or clause.gate is not None:
            yield Gain(
                clause, weight, attained, clause.cost.comparable, units, points, low * whole, whole
            )


def _by_point(
    attained: float, cap: float, worth: float
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    room = max(0.0, cap - attained)
    full = math.floor(100 * room + 1e-9)
    units, points = [0], [0.0]
    if full:
        units.append(full)
        points.append(full / 100 * worth)
    if 100 * room - full > 1e-9:
        units.append(full + 1)
        points.append(room * worth)
    return tuple(units), tuple(points)


def _by_unit(
    standard: Standard,
    clause: Clause,
    weights: Mapping[str, float],
    low: float,
    whole: float,
    unknown: float,
    cap: float,
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    curve, part = clause.curve, low * whole
    marks = {0}
    tops = [0]
    for stage in weights:
        at = [bend * whole - part for bend in bends(curve, stage, whole)]
        tops.append(math.ceil(at[-1] - 1e-9))
        for edge in at:
            # A curve may jump at a whole number, so the one before counts too.
            marks |= {math.floor(edge + 1e-9), math.ceil(edge - 1e-9), math.ceil(edge - 1e-9) - 1}
    if clause.gate is not None:
        tops.append(math.ceil(clause.gate * whole - part - 1e-9))
    top = max(tops)
    if unknown > 0 and isinstance(curve, Band):
        top = 0  # more of it might be too much
    elif unknown > 0 and all_indicators()[clause.indicator].unit in _SHARES:
        top = min(top, math.floor(whole - part - unknown + 1e-9))
    if top <= 0:
        return (0,), (0.0,)
    if cap < 1:
        marks |= _capped(_units_at_cap(clause, weights, part, whole, cap))
    units = np.array(sorted({mark for mark in marks if 0 <= mark < top} | {0, top}))
    figures = (part + units) / whole
    points = np.zeros(units.size)
    for stage, weight in weights.items():
        attained = attained_by(curve, figures, np.full(units.size, whole), stage)
        attained = np.minimum(attained, cap)
        points += (attained - attained[0]) * (weight * standard.scale / 100)
    return tuple(units.tolist()), tuple(np.maximum.accumulate(points).tolist())


def _units_at_cap(
    clause: Clause, weights: Mapping[str, float], part: float, whole: float, cap: float
) -> list[float]:
    """Return the units at which a straight piece of the curve meets the cap."""
    units = []
    for stage in weights:
        at = np.array(bends(clause.curve, stage, whole))
        attained = attained_by(clause.curve, at, np.full(at.size, whole), stage)
        for (a, b), (p, q) in zip(pairwise(at.tolist()), pairwise(attained.tolist()), strict=True):
            if p < cap < q:
                units.append((a + (cap - p) * (b - a) / (q - p)) * whole - part)
    return units


def _capped(at: list[float]) -> set[int]:
    return {edge for units in at for edge in (math.floor(units + 1e-9), math.ceil(units - 1e-9))}
