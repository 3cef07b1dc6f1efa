from datetime import date, datetime, timedelta

import polars as pl

from cloud.integrity.occupancy import PERIODS, SAMPLES, from_co2
from cloud.utilization.periods import BETWEEN, OUTSIDE

DAY = date(2026, 11, 23)
SCHOOL, ROOM = "2133100001", "A101"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{text}") - timedelta(hours=8)


def occupancy(
    *samples: tuple[str, float], lessons: tuple[int, ...] = (1, 2)
) -> dict[int, tuple[float, float]]:
    rows = [(SCHOOL, ROOM, DAY, at(clock), ppm) for clock, ppm in samples]
    periods = [
        (SCHOOL, DAY, 1, at("08:00"), at("08:40")),
        (SCHOOL, DAY, 2, at("13:00"), at("13:40")),
    ]
    occupied = from_co2(
        pl.DataFrame(rows, schema=dict(SAMPLES), orient="row"),
        pl.DataFrame(periods, schema=dict(PERIODS), orient="row"),
        pl.DataFrame(
            [(SCHOOL, ROOM, DAY, number) for number in lessons],
            schema={"school": pl.String, "room": pl.String, "day": pl.Date, "period": pl.Int64},
            orient="row",
        ),
    )
    return {
        row["period"]: (row["seen_s"], row["occupied_s"]) for row in occupied.iter_rows(named=True)
    }


def test_a_sample_holds_until_the_next_and_half_an_hour_at_most() -> None:
    assert occupancy(("18:00", 1200), ("18:10", 500)) == {OUTSIDE: (2400.0, 600.0)}
    assert occupancy(("18:00", 1200), ("21:00", 1200)) == {OUTSIDE: (3600.0, 3600.0)}


def test_samples_go_to_the_part_of_the_day_they_are_of() -> None:
    assert occupancy(("07:30", 500), ("08:10", 1300), ("10:30", 900), ("14:50", 900)) == {
        OUTSIDE: (3600.0, 1800.0),
        1: (1800.0, 1800.0),
        BETWEEN: (1800.0, 1800.0),
    }


def test_air_shortly_after_a_lesson_of_the_room_says_nothing() -> None:
    assert occupancy(("08:50", 1300), ("09:20", 1000)) == {}
    assert occupancy(("08:50", 1300), lessons=(2,)) == {BETWEEN: (1800.0, 1800.0)}


def test_no_samples_no_company() -> None:
    assert occupancy() == {}
