"""The curves over arrays are those of the shapes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.scoring.standard.attainment import (
    UNNAMED,
    AttainmentCurve,
    Band,
    Deduction,
    Linear,
    Steps,
)
from cloud.scoring.standard.attainment_numpy import attained_by, bends, threshold

CURVES: list[AttainmentCurve] = [
    Linear(floor=0.2, target=0.9),
    Linear(target=2000),
    Linear(floor=0.05, target=1, scale="log"),
    Band(low_floor=0.05, low=0.1, high=0.3, high_ceiling=0.6),
    Band(low_floor=0.1, low=0.1, high=0.3, high_ceiling=0.3),
    Steps({0.3: 0.4, 0.8: 1.0}),
    Deduction(points=6, per_missing=2),
]
BY_STAGE = Linear(
    floor={"PRI": 1.2, "JUN": 1.4, "KG": 0, "SEN": 0, "VOC": 0},
    target={"PRI": 1.58, "JUN": 1.92, "KG": 1, "SEN": 1, "VOC": 1},
)


@given(
    st.sampled_from(CURVES),
    st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.3, 0.55, 0.8, 0.9, 1.0, 3.0, 1500.0]),
    st.integers(1, 40),
)
def test_a_curve_over_an_array_is_the_curve_of_the_shape(
    curve: AttainmentCurve, measured: float, whole: int
) -> None:
    attained = attained_by(curve, np.array([measured]), np.array([float(whole)]), UNNAMED)[0]
    if isinstance(curve, Deduction):
        expected = curve.attainment(measured, whole=whole)
    else:
        expected = curve.attainment(measured)
    assert math.isclose(attained, expected, abs_tol=1e-12)


@pytest.mark.parametrize("stage", ["PRI", "JUN"])
def test_thresholds_are_those_of_the_stage(stage: str) -> None:
    attained = attained_by(BY_STAGE, np.array([1.5]), np.ones(1), stage)[0]
    assert math.isclose(attained, BY_STAGE.attainment(1.5, stage))
    assert bends(BY_STAGE, stage, 1.0) == [
        threshold(BY_STAGE.floor, stage),
        threshold(BY_STAGE.target, stage),
    ]


@given(st.sampled_from(CURVES), st.floats(0.5, 1.0), st.floats(0, 3))
def test_lower_thresholds_never_cost_points_where_more_is_better(
    curve: AttainmentCurve, shift: float, measured: float
) -> None:
    if not isinstance(curve, Band):
        figures = np.array([measured])
        before = attained_by(curve, figures, np.ones(1), UNNAMED)[0]
        assert attained_by(curve, figures, np.ones(1), UNNAMED, shift=shift)[0] >= before - 1e-12


def test_a_share_is_not_asked_for_more_than_all() -> None:
    curve = Linear(floor=0.5, target=0.98)
    attained = attained_by(curve, np.array([1.0]), np.ones(1), UNNAMED, shift=1.1, most=1.0)[0]
    assert math.isclose(attained, 1.0)
    assert attained_by(curve, np.array([1.0]), np.ones(1), UNNAMED, shift=1.1)[0] < 1.0


@given(st.sampled_from(CURVES), st.integers(1, 30))
def test_a_curve_is_straight_between_its_bends(curve: AttainmentCurve, whole: int) -> None:
    at = np.array(bends(curve, UNNAMED, float(whole)))
    middle = (at[:-1] + at[1:]) / 2
    wholes = np.full(middle.size, float(whole))
    ends = attained_by(curve, at, np.full(at.size, float(whole)), UNNAMED)
    straight = (ends[:-1] + ends[1:]) / 2
    attained = attained_by(curve, middle, wholes, UNNAMED)
    if isinstance(curve, Linear) and curve.scale == "log":
        assert (attained >= straight - 1e-9).all()  # the chord lies below
    elif not isinstance(curve, Steps):
        assert np.allclose(attained, straight)
