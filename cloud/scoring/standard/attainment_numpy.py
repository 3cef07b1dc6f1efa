"""The attainment curves of a standard over arrays, with thresholds that may be moved. Pure.

The same curves as `cloud.scoring.standard.attainment`, for analyses that evaluate them thousands of
times. Where every threshold is multiplied by `shift`, a target that is a share stays at most 1.
"""

import math

import numpy as np
from numpy.typing import NDArray

from cloud.scoring.expressions import EPSILON
from cloud.scoring.standard.attainment import AttainmentCurve, Band, Linear, Steps

Figures = NDArray[np.floating]


def attained_by(
    curve: AttainmentCurve,
    measured: Figures,
    whole: Figures,
    stage: str,
    *,
    shift: float = 1.0,
    most: float = math.inf,
) -> Figures:
    """Return the attainment, 0 to 1, of figures; no threshold is moved beyond `most`."""
    if isinstance(curve, Linear):
        return _linear(curve, measured, stage, shift, most)
    if isinstance(curve, Band):
        return _band(curve, measured, shift, most)
    if isinstance(curve, Steps):
        return _steps(curve, measured, shift, most)
    lost = whole * (1.0 - measured) * (curve.per_missing / curve.points * shift)
    return _attained(1.0 - lost)


def bends(curve: AttainmentCurve, stage: str, whole: float) -> list[float]:
    """Return the figures at which a curve bends or jumps, on the way up to its top."""
    if isinstance(curve, Linear):
        floor, target = threshold(curve.floor, stage), threshold(curve.target, stage)
        if curve.scale == "linear":
            return [floor, target]
        # Straight between points of a logarithm lies below it, so no gain is promised too much.
        return [floor * (target / floor) ** (part / 12) for part in range(13)]
    if isinstance(curve, Band):
        return [curve.low_floor, curve.low]
    if isinstance(curve, Steps):
        return [at for at, _ in curve.steps()]
    return [1.0 - curve.points / curve.per_missing / whole, 1.0]


def threshold(value: object, stage: str) -> float:
    """Return a threshold of a stage."""
    figure = value[stage] if isinstance(value, dict) else value
    return float(figure)  # type: ignore[arg-type]  # a number, or one for each stage


def _moved(value: float, shift: float, most: float) -> float:
    return value if shift == 1.0 else min(value * shift, max(value, most))


def _attained(share: Figures) -> Figures:
    """Return a share as an attainment; what is left of 0 by rounding is 0, as in the engine.

    A geometric mean is 0 where one attainment is, so a remainder of 1e-17 would change it.
    """
    attained: Figures = np.where(share < EPSILON, 0.0, np.minimum(share, 1.0))
    return attained


def _linear(curve: Linear, measured: Figures, stage: str, shift: float, most: float) -> Figures:
    floor, target = threshold(curve.floor, stage), threshold(curve.target, stage)
    top = _moved(target, shift, most)
    low = floor * (top / target if target else 1.0)
    if curve.scale == "linear":
        share: Figures = (measured - low) * (1.0 / (top - low))
    else:
        logs = np.log(np.maximum(measured, low))
        share = (logs - math.log(low)) * (1.0 / math.log(top / low))
    return _attained(share)


def _band(curve: Band, measured: Figures, shift: float, most: float) -> Figures:
    edges = (curve.low_floor, curve.low, curve.high, curve.high_ceiling)
    low_floor, low, high, ceiling = (_moved(edge, shift, most) for edge in edges)
    rise, fall = low - low_floor, ceiling - high
    below = (measured - low_floor) / rise if rise > 0 else np.zeros_like(measured)
    above = (ceiling - measured) / fall if fall > 0 else np.zeros_like(measured)
    inside = np.where(measured > high, above, 1.0)
    return _attained(np.where(measured < low, below, inside))


def _steps(curve: Steps, measured: Figures, shift: float, most: float) -> Figures:
    attained: Figures = np.zeros_like(measured)
    for at, worth in curve.steps():
        attained = np.where(measured >= _moved(at, shift, most), worth, attained)
    return attained
