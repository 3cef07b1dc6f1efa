"""Air and light while lessons are held: readings of CO2 and illuminance against the timetable.

- A room is measured from the moment a sensor of it is first heard, and as far back as the store
  keeps readings; each lesson timetabled there since then counts, whether there are readings or not.
- A gateway sends what changes: what a sensor said holds until it says something else, and for
  `HOLDS_S` at most. Seconds of a lesson that nothing holds for were seen by nobody.
- Of CO2 a reading is good up to `GOOD["co2"]` ppm, of light from `GOOD["illuminance"]` lx on. What
  a light sensor says is a proxy: it hangs where it hangs, and lessons are read on desks.
- Two sensors of one kind in a room count as twice the lessons.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.registry_tables import Books
from cloud.telemetry.store import TelemetryStore
from device_profiles.points import to_ns

GOOD: Mapping[str, float] = {"co2": 1500.0, "illuminance": 300.0}
"""ppm at most, and lx at least."""
HOLDS_S = 2400
"""Seconds for which a reading holds at most; sensors are read every half hour, or more often."""
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
_HELD_SQL = """
with sensors as (
    select series.id, series.tags, air_sensors.school, air_sensors.room, air_sensors.quantity,
           fields.id as field
    from series join air_sensors on series.tags = air_sensors.tags
    join fields on fields.measurement = 'reading' and fields.name = air_sensors.quantity
    where series.measurement = 'reading'
),
held as (
    select sensors.school, sensors.room, sensors.quantity, sensors.tags, points.time as since,
           least(
               points.time + ?,
               coalesce(lead(points.time) over (partition by sensors.id order by points.time),
                        points.time + ?)
           ) as until,
           case sensors.quantity when 'co2' then points.number <= ? else points.number >= ? end
               as good
    from points join sensors on points.series = sensors.id and points.field = sensors.field
    where points.time between ? and ? and points.number is not null
)
select held.school, held.room, held.quantity, held.tags, lessons.day,
       sum(least(until, ends_ns) - greatest(since, starts_ns)) / 1e9 as seen_s,
       coalesce(
           sum(least(until, ends_ns) - greatest(since, starts_ns)) filter (good), 0
       ) / 1e9 as good_s
from held join air_lessons as lessons
  on held.school = lessons.school and held.room = lessons.room
  and since < ends_ns and until > starts_ns
group by held.school, held.room, held.quantity, held.tags, lessons.day
"""
_SENSOR = {
    "school": pl.String,
    "room": pl.String,
    "quantity": pl.String,
    "device": pl.String,
    "tags": pl.String,
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
"""What the table `AIR` is the sum of: each sensor, by the name it is heard under, on each day."""


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
    until = to_ns(datetime.combine(end + timedelta(days=2), time(), UTC))
    found = await store.read(lambda con: con.execute(_SENSORS_SQL, [books.asked, until]).fetchall())
    sensors = pl.DataFrame(
        [row for tags, quantity, first in found for row in _sensor(tags, quantity, first)],
        schema=_SENSOR,
        orient="row",
    )
    if sensors.is_empty():
        return pl.DataFrame(schema=AIR_DAYS)
    lessons = await asyncio.to_thread(_lessons, books, sensors, start, end)
    if lessons.is_empty():
        return pl.DataFrame(schema=AIR_DAYS)

    def work(con: Any) -> Any:
        con.register("air_sensors", sensors.to_arrow())
        con.register("air_lessons", lessons.to_arrow())
        edges = lessons.select(pl.col("starts_ns").min(), pl.col("ends_ns").max())
        first, last = edges.row(0)
        holds = HOLDS_S * 10**9
        known = [holds, holds, GOOD["co2"], GOOD["illuminance"]]
        try:
            return con.sql(_HELD_SQL, params=[*known, first - holds, last]).to_arrow_table()
        finally:
            con.unregister("air_sensors")
            con.unregister("air_lessons")

    return _summed(sensors, lessons, pl.DataFrame(await store.read(work)))


def _sensor(tags: str, quantity: str, first_ns: int) -> list[tuple[Any, ...]]:
    """Return the sensor as a row, none where it does not say in which room it is."""
    known = dict(json.loads(tags))
    if not known.get("room"):
        return []
    return [(known["school"], known["room"], quantity, known["asset"], tags, first_ns)]


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
        .select("school", "room", "day", "starts_ns", "ends_ns")
        .unique(["school", "room", "starts_ns"])
        .sort("school", "room", "starts_ns")
    )


def _summed(sensors: pl.DataFrame, lessons: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Return the seconds of lessons, seen and good by sensor, quantity and day."""
    lasts = (pl.col("ends_ns") - pl.max_horizontal("starts_ns", "first_ns")) / 1e9
    one = [*_PLACE, "tags", "day"]
    due = (
        sensors.join(lessons, on=["school", "room"])
        .filter(pl.col("ends_ns") > pl.col("first_ns"))
        .group_by(*one, "device")
        .agg(lasts.sum().alias("occupied_s"))
    )
    return (
        due.join(seen, on=one, how="left")
        .with_columns(
            pl.min_horizontal(pl.col(name).fill_null(0.0), "occupied_s").alias(name)
            for name in ("seen_s", "good_s")
        )
        .group_by(_OF_DAY)
        .agg(pl.col(_SECONDS).sum())
        .select(pl.col(name).cast(kind) for name, kind in AIR_DAYS.items())
        .sort(_OF_DAY)
    )
