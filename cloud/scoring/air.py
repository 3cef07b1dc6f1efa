"""Air and light while lessons are held: readings of CO2 and illuminance against the timetable.

- A room is measured from the moment a sensor of it is first heard, and as far back as the store
  keeps readings; each lesson timetabled there since then counts, whether there are readings or not.
- A sample counts where it was observed within a timetabled lesson of its room.
- Of CO2 a sample is good up to `GOOD["co2"]` ppm, of light from `GOOD["illuminance"]` lx on. What
  a light sensor says is a proxy: it hangs where it hangs, and lessons are read on desks.

A gateway sends what changes, so a lesson without a single sample is not a lesson with good air: it
is a lesson that nobody saw.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import duckdb
import polars as pl

from cloud.scoring import evidence
from cloud.scoring.books import Books
from cloud.telemetry.store import TelemetryStore
from device_profiles.points import to_ns

GOOD: Mapping[str, float] = {"co2": 1500.0, "illuminance": 300.0}
"""ppm at most, and lx at least."""
_SENSORS_SQL = """
with asked as (
    select id, tags from series
    where measurement = 'reading'
      and regexp_extract(tags, '\\["school", "([^"]*)"\\]', 1) in (select unnest(?))
      and contains(tags, '["category", "environment"]')
)
select asked.tags, fields.name as quantity, min(points.time) as first_ns
from points join asked on asked.id = points.series join fields on fields.id = points.field
where fields.measurement = 'reading' and fields.name in ('co2', 'illuminance')
  and points.time < ?
group by asked.tags, fields.name
"""
_SAMPLES_SQL = """
with asked as (
    select id, tags, regexp_extract(tags, '\\["school", "([^"]*)"\\]', 1) as school,
    from series
    where measurement = 'reading' and contains(tags, '["category", "environment"]')
),
sensors as (
    select asked.id, air_sensors.school, air_sensors.room, air_sensors.quantity, fields.id as field
    from asked join air_sensors on asked.tags = air_sensors.tags
    join fields on fields.measurement = 'reading' and fields.name = air_sensors.quantity
),
samples as (
    select sensors.school, sensors.room, sensors.quantity, points.time as at_ns, points.number
    from points join sensors on points.series = sensors.id and points.field = sensors.field
    where points.time between ? and ? and points.number is not null
)
select samples.school, samples.room, samples.quantity, lessons.starts_ns,
       count(*) as samples,
       count(*) filter (
           (samples.quantity = 'co2' and samples.number <= ?)
           or (samples.quantity = 'illuminance' and samples.number >= ?)
       ) as good
from samples asof join air_lessons as lessons
  on samples.school = lessons.school and samples.room = lessons.room
  and samples.at_ns >= lessons.starts_ns
where samples.at_ns < lessons.ends_ns
group by samples.school, samples.room, samples.quantity, lessons.starts_ns
"""
_SENSOR = {
    "school": pl.String,
    "room": pl.String,
    "quantity": pl.String,
    "tags": pl.String,
    "first_ns": pl.Int64,
}
_PLACE = ["school", "room", "quantity"]


async def gather_air(store: TelemetryStore, books: Books, start: date, end: date) -> pl.DataFrame:
    """Return the table `AIR` of the schools of some books."""
    until = to_ns(datetime.combine(end + timedelta(days=2), time(), UTC))
    found = await store.read(lambda con: con.execute(_SENSORS_SQL, [books.asked, until]).fetchall())
    sensors = pl.DataFrame(
        [row for tags, quantity, first in found for row in _sensor(tags, quantity, first)],
        schema=_SENSOR,
        orient="row",
    )
    if sensors.is_empty():
        return pl.DataFrame(schema=evidence.AIR)
    lessons = await asyncio.to_thread(_lessons, books, sensors, start, end)

    def work(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
        con.register("air_sensors", sensors.to_arrow())
        con.register("air_lessons", lessons.to_arrow())
        edges = [lessons["starts_ns"].min() or 0, lessons["ends_ns"].max() or 0]
        try:
            query = con.execute(_SAMPLES_SQL, [*edges, GOOD["co2"], GOOD["illuminance"]])
            return pl.DataFrame(query.to_arrow_table())
        finally:
            con.unregister("air_sensors")
            con.unregister("air_lessons")

    return _summed(sensors, lessons, await store.read(work))


def _sensor(tags: str, quantity: str, first_ns: int) -> list[tuple[Any, ...]]:
    """Return the sensor as a row, none where it does not say in which room it is."""
    known = dict(json.loads(tags))
    if not known.get("room"):
        return []
    return [(known["school"], known["room"], quantity, tags, first_ns)]


def _lessons(books: Books, sensors: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    """Return the lessons of a span in the rooms that have a sensor, with their moments."""
    rooms = sensors.select("school", "room").unique()
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
        .select("school", "room", "starts_ns", "ends_ns")
        .unique(["school", "room", "starts_ns"])
        .sort("school", "room", "starts_ns")
    )


def _summed(sensors: pl.DataFrame, lessons: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Return lessons and samples by room and quantity."""
    since = sensors.group_by(_PLACE).agg(pl.col("first_ns").min())
    return (
        since.join(lessons, on=["school", "room"])
        .filter(pl.col("ends_ns") > pl.col("first_ns"))
        .join(samples, on=[*_PLACE, "starts_ns"], how="left")
        .group_by(_PLACE)
        .agg(
            pl.len().alias("lessons"),
            (pl.col("samples") > 0).sum().alias("lessons_seen"),
            pl.col("samples").sum().alias("occupied_samples"),
            pl.col("good").sum().alias("good_samples"),
        )
        .cast(pl.Schema(evidence.AIR))
        .sort(_PLACE)
    )
