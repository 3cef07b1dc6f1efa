import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud.scoring.standard.attainment import (
    STAGES,
    UNNAMED,
    AttainmentCurve,
    Band,
    Deduction,
    Linear,
    Steps,
    thresholds,
)


@pytest.mark.parametrize(
    ("measured", "expected"), [(0, 0), (0.2, 0), (0.5, 0.5), (0.8, 1), (1.5, 1)]
)
def test_linear_runs_from_floor_to_target(measured: float, expected: float) -> None:
    linear = Linear(floor=0.2, target={"PRI": 0.8})
    assert linear.attainment(measured, "PRI") == pytest.approx(expected)
    assert linear.words("PRI") == "≥ 0.8"
    assert [linear.knows(stage) for stage in (*STAGES, UNNAMED)] == [False, True, *[False] * 4]
    assert list(thresholds(linear)) == ["PRI"]


@pytest.mark.parametrize(
    ("measured", "expected"), [(-5, 0), (0, 0), (10, 0), (100, 0.5), (1000, 1), (1e6, 1)]
)
def test_on_a_log_scale_twice_as_much_earns_the_same_everywhere(
    measured: float, expected: float
) -> None:
    linear = Linear(floor=10, target=1000, scale="log")
    assert linear.attainment(measured) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("measured", "expected"),
    [(0, 0), (0.05, 0.5), (0.1, 1), (0.3, 1), (0.45, 0.5), (0.6, 0), (1, 0)],
)
def test_a_band_falls_off_on_both_sides(measured: float, expected: float) -> None:
    band = Band(low=0.1, high=0.3, high_ceiling=0.6)
    assert band.attainment(measured, "PRI") == pytest.approx(expected)
    assert band.words("PRI", "%") == "10%–30%"


@pytest.mark.parametrize(("measured", "expected"), [(0.0, 0), (0.1, 1), (0.3, 1), (0.31, 0)])
def test_a_band_may_have_cliffs(measured: float, expected: float) -> None:
    band = Band(low_floor=0.1, low=0.1, high=0.3, high_ceiling=0.3)
    assert band.attainment(measured, "PRI") == expected


def test_at_most_is_a_band_from_nothing_on() -> None:
    band = Band(low_floor=0, low=0, high=2, high_ceiling=6)
    assert [band.attainment(figure) for figure in (0, 2, 4, 6, 9)] == [1, 1, 0.5, 0, 0]


@pytest.mark.parametrize(
    ("measured", "expected"), [(0, 0), (0.79, 0), (0.8, 0.5), (0.9, 0.8), (0.95, 1), (2, 1)]
)
def test_a_step_holds_from_its_figure_on(measured: float, expected: float) -> None:
    steps = Steps({0.9: 0.8, 0.8: 0.5, 0.95: 1.0})
    assert steps.attainment(measured) == expected
    assert steps.words("PRI", "%") == "≥ 95%"


def test_each_missing_room_costs_its_points() -> None:
    deduction = Deduction(points=6, per_missing=2)
    assert deduction.attainment(1.0, whole=5) == 1
    assert deduction.attainment(4 / 5, whole=5) == pytest.approx(2 / 3)
    assert deduction.attainment(2 / 5, whole=5) == 0
    assert deduction.attainment(0.0, whole=5) == 0
    assert deduction.attainment(1.4, whole=5) == 1
    assert deduction.words("PRI") == "≥ 1 (−2/6)"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Steps({}),
        lambda: Steps({0.5: 1.0, 0.9: 0.5}),
        lambda: Steps({0.5: 1.5}),
        lambda: Linear(floor=0, target=10, scale="log"),
        lambda: Deduction(points=0, per_missing=1),
    ],
)
def test_a_shape_that_makes_no_sense_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValidationError):
        wrong()


RISING: list[AttainmentCurve] = [
    Linear(floor=0.2, target=0.9),
    Linear(floor=0.01, target=5, scale="log"),
    Steps({0.3: 0.2, 0.8: 0.9}),
    Deduction(points=3, per_missing=1),
]
MEASURED = st.floats(0, 10, allow_nan=False)


@given(st.sampled_from(RISING), MEASURED, MEASURED)
def test_more_is_never_worse_except_in_a_band(
    curve: AttainmentCurve, first: float, other: float
) -> None:
    low, high = sorted((first, other))
    assert 0 <= curve.attainment(low) <= curve.attainment(high) <= 1


@given(st.lists(st.floats(-1, 10), min_size=1, max_size=9), st.sampled_from(RISING))
def test_a_column_attains_what_each_of_its_figures_does(
    figures: list[float], curve: AttainmentCurve
) -> None:
    table = pl.DataFrame({"m": figures})
    whole = table.select(curve.expression(pl.col("m"), pl.lit(1.0), UNNAMED)).to_series().to_list()
    alone = [curve.attainment(figure) for figure in figures]
    assert all(map(math.isfinite, whole))
    assert whole == alone


def test_dhis2_bands_have_no_gap_between_them() -> None:
    steps = Steps({0: 0.2, 51: 0.6, 81: 1.0})
    assert [steps.attainment(value) for value in (50, 50.5, 50.999, 51)] == [0.2, 0.2, 0.2, 0.6]
    band = Band(low_floor=0, low=50, high=51, high_ceiling=80)
    assert [band.attainment(value) for value in (50, 50.5, 51)] == [1.0, 1.0, 1.0]
    assert 0 < band.attainment(51.5) < 1
