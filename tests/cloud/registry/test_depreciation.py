import datetime as dt

import pytest

from cloud.registry.depreciation import months_used, net_value_fen


@pytest.mark.parametrize(
    ("months", "expected"),
    [(0, 1300), (1, 1200), (2, 1100), (11, 200), (12, 100), (40, 100)],
)
def test_snipe_it_11822_straight_line_to_the_floor(months: int, expected: int) -> None:
    assert net_value_fen(1300_00, months, 12, 100_00) == expected * 100


def test_a_cost_below_the_floor_stays() -> None:
    assert net_value_fen(50_00, 3, 12, 100_00) == 50_00


def test_the_month_of_acquisition_counts_and_the_future_does_not() -> None:
    today = dt.date(2026, 11, 29)
    assert months_used(dt.date(2026, 11, 30), today) == 1
    assert months_used(dt.date(2025, 12, 1), today) == 12
    assert months_used(dt.date(2031, 1, 1), today) == 0
