"""Air and light while lessons are held: readings of CO2 and illuminance against the timetable.

- A room is measured from the first reading of a sensor in it, and as far back as the store keeps
  readings; each lesson timetabled there since then counts, whether there are readings or not.
- A gateway sends what changes: a reading holds until the next one, and for `HOLDS_S` at most.
  Seconds of a lesson for which no reading holds were not observed.
- A reading of CO2 is good up to `GOOD["co2"]` ppm, of light from `GOOD["illuminance"]` lx on. A
  light sensor is a proxy: it is mounted where it is mounted, and lessons are read on desks.
- Two sensors of one kind in a room count as twice the lessons.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.registry_tables import Books
from cloud.telemetry.store import Samples, Sensor, TelemetryStore
from device_profiles.points import to_ns

GOOD: Mapping[str, float] = {"co2": 1500.0, "illuminance": 300.0}
"""ppm at most, and lx at least."""
HOLDS_S = 2400
"""Seconds for which a reading holds at most; sensors are read every half hour, or more often."""
_HOLDS_NS = HOLDS_S * 10**9
_HOUR_NS = 3600 * 10**9
_CATEGORY = "environment"
_SENSOR = {
    "sensor": pl.Int32,
    "school": pl.String,
    "room": pl.String,
    "quantity": pl.String,
    "device": pl.String,
    "first_ns": pl.Int64,
}
_PLACE = ["school", "room", "quantity"]
_OF_DAY = [*_PLACE, "device", "day"]
_SECONDS = ("occupied_s", "seen_s", "good_s")
AIR_DAYS = {
    "school": pl.String,
    "room": pl.String,
    "quantity": pl.String,
    "device": pl.String,
    "day": pl.Date,
    **dict.fromkeys(_SECONDS, pl.Float64),
}
"""The table `AIR` is the sum of these rows: each sensor, by its name in telemetry, on each day."""


async def gather_air(store: TelemetryStore, books: Books, start: date, end: date) -> pl.DataFrame:
    """Return the table `AIR` of the schools of some books."""
    days = await air_days(store, books, start, end)
    return (
        days.group_by(_PLACE, maintain_order=True)
        .agg(pl.col(_SECONDS).sum())
        .select(pl.col(name).cast(kind) for name, kind in evidence.AIR.items())
        .sort(_PLACE)
    )


async def air_days(store: TelemetryStore, books: Books, start: date, end: date) -> pl.DataFrame:
    """Return the table `AIR_DAYS` of the schools of some books."""
    before = datetime.combine(end + timedelta(days=2), time(), UTC)
    first_readings = await store.sensors(books.asked, list(GOOD), category=_CATEGORY, before=before)
    known = {sensor: first_ns for sensor, first_ns in first_readings.items() if sensor.room}
    if not known:
        return pl.DataFrame(schema=AIR_DAYS)
    lessons = await asyncio.to_thread(_lessons, books, _rooms(known), start, end)
    if lessons.is_empty():
        return pl.DataFrame(schema=AIR_DAYS)
    first, last = lessons.select(pl.col("starts_ns").min(), pl.col("ends_ns").max()).row(0)
    samples = await store.samples(
        books.asked, list(GOOD), first - _HOLDS_NS, last + 1, category=_CATEGORY
    )
    return await asyncio.to_thread(_air_days, known, samples, lessons)


def _rooms(sensors: Mapping[Sensor, int]) -> pl.DataFrame:
    """Return the rooms that have a sensor."""
    rooms = sorted({(sensor.school, sensor.room) for sensor in sensors})
    return pl.DataFrame(rooms, schema={"school": pl.String, "room": pl.String}, orient="row")


def _air_days(
    first_readings: Mapping[Sensor, int], samples: Samples, lessons: pl.DataFrame
) -> pl.DataFrame:
    """Return the table `AIR_DAYS` of some lessons."""
    numbers = {sensor: number for number, sensor in enumerate(samples.sensors)}
    sensors = pl.DataFrame(
        [
            (
                numbers.setdefault(sensor, len(numbers)),
                sensor.school,
                sensor.room,
                sensor.point,
                sensor.asset,
                first_ns,
            )
            for sensor, first_ns in first_readings.items()
        ],
        schema=_SENSOR,
        orient="row",
    )
    rows = pl.DataFrame(samples.rows)
    return _summed(sensors, lessons, _observed(_held(rows, sensors), lessons))


def _lessons(books: Books, rooms: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    """Return the lessons of a span in some rooms, with their moments."""
    timetable = books.timetable().join(rooms, on=["school", "room"])
    days, moments = [], []
    for school in rooms["school"].unique().sort():
        days += [
            (school, day.day, day.term, day.weekday)
            for day in books.registry.taught(school, start, end)
        ]
        moments += [
            (school, row.day, row.period, to_ns(row.starts_at), to_ns(row.ends_at))
            for row in books.registry.calendar(school, start, end)
        ]
    taught = pl.DataFrame(
        days,
        schema={"school": pl.String, "day": pl.Date, "term": pl.Int64, "weekday": pl.Int64},
        orient="row",
    )
    periods = pl.DataFrame(
        moments,
        schema={
            "school": pl.String,
            "day": pl.Date,
            "period": pl.Int64,
            "starts_ns": pl.Int64,
            "ends_ns": pl.Int64,
        },
        orient="row",
    )
    return (
        timetable.join(taught, on=["school", "term", "weekday"])
        .join(periods, on=["school", "day", "period"])
        .select("school", "room", "day", "starts_ns", "ends_ns")
        .unique(["school", "room", "starts_ns"])
        .sort("school", "room", "starts_ns")
    )


def _held(samples: pl.DataFrame, sensors: pl.DataFrame) -> pl.DataFrame:
    """Return the spans for which readings hold, with whether what was read is good."""
    following = pl.col("observed_ns").shift(-1).over("sensor", order_by="observed_ns")
    longest = pl.col("observed_ns") + _HOLDS_NS
    is_good = (
        pl.when(pl.col("quantity") == "co2")
        .then(pl.col("value") <= GOOD["co2"])
        .otherwise(pl.col("value") >= GOOD["illuminance"])
    )
    return (
        samples.with_columns(
            pl.col("observed_ns").alias("held_from"),
            pl.min_horizontal(longest, following.fill_null(longest)).alias("held_to"),
        )
        .join(sensors, on="sensor")
        .select("sensor", "school", "room", "held_from", "held_to", is_good.alias("is_good"))
    )


def _observed(held: pl.DataFrame, lessons: pl.DataFrame) -> pl.DataFrame:
    """Return the seconds of lessons by sensor and day for which readings held, and good ones.

    Spans are joined hour by hour: two spans overlap by the sum of what they share in each hour.
    """
    place = ["school", "room", "hour"]
    both = _by_hour(held, "held_from", "held_to").join(
        _by_hour(lessons, "starts_ns", "ends_ns"), on=place
    )
    shared = pl.min_horizontal("held_to", "ends_ns") - pl.max_horizontal("held_from", "starts_ns")
    shared = shared.clip(lower_bound=0)
    return both.group_by("sensor", "day").agg(
        _seconds(shared.sum()).alias("seen_s"),
        _seconds(shared.filter(pl.col("is_good")).sum()).alias("good_s"),
    )


def _by_hour(spans: pl.DataFrame, start: str, end: str) -> pl.DataFrame:
    """Return the spans (ns) cut at every full hour of UTC, with the `hour` of each part."""
    hour = pl.col("hour")
    return (
        spans.filter(pl.col(start) < pl.col(end))
        .with_columns(
            pl.int_ranges(pl.col(start) // _HOUR_NS, (pl.col(end) - 1) // _HOUR_NS + 1).alias(
                "hour"
            )
        )
        .explode("hour")
        .with_columns(
            pl.max_horizontal(start, hour * _HOUR_NS).alias(start),
            pl.min_horizontal(end, (hour + 1) * _HOUR_NS).alias(end),
        )
    )


def _seconds(ns: pl.Expr) -> pl.Expr:
    """Return nanoseconds as seconds, whole seconds exactly.

    Polars divides by a constant by multiplying with its inverse, and misses some by a bit.
    """
    return ns // 10**9 + (ns % 10**9) / 1e9


def _summed(sensors: pl.DataFrame, lessons: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Return the seconds of lessons, observed and good, by sensor, quantity and day."""
    lasts = _seconds(pl.col("ends_ns") - pl.max_horizontal("starts_ns", "first_ns"))
    due = (
        sensors.join(lessons, on=["school", "room"])
        .filter(pl.col("ends_ns") > pl.col("first_ns"))
        .group_by("sensor", *_PLACE, "device", "day")
        .agg(lasts.sum().alias("occupied_s"))
    )
    return (
        due.join(seen, on=["sensor", "day"], how="left")
        .with_columns(
            pl.min_horizontal(pl.col(name).fill_null(0.0), "occupied_s").alias(name)
            for name in ("seen_s", "good_s")
        )
        .group_by(_OF_DAY)
        .agg(pl.col(_SECONDS).sum())
        .select(pl.col(name).cast(kind) for name, kind in AIR_DAYS.items())
        .sort(_OF_DAY)
    )
