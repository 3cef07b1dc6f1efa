"""Read the facts of the checks: the evidence of a score, and what registry and store add."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from cloud.integrity.inputs import BINDINGS, INSPECTIONS, Facts
from cloud.integrity.occupancy import PERIODS, SAMPLES, from_co2
from cloud.registry.queries import bulk_queries
from cloud.registry.store import Registry
from cloud.scoring.evidence.evidence import Columns, Evidence
from cloud.scoring.evidence.registry_tables import Books
from cloud.telemetry.store import Samples, TelemetryStore
from device_profiles.points import to_ns

Inspections = Mapping[str, Sequence[date]]
"""Days of inspections, by school or by division."""

_DAYS: Columns = {"school": pl.String, "day": pl.Date, "term": pl.Int64, "weekday": pl.Int64}


async def gather_facts(
    store: TelemetryStore,
    registry: Registry,
    evidence: Evidence,
    inspections: Inspections | None = None,
) -> Facts:
    """Return the facts of the evidence's schools; without inspections none is checked."""
    schools = evidence.schools["school"].to_list()
    first = to_ns(datetime.combine(evidence.start - timedelta(days=1), time(), UTC))
    after = to_ns(datetime.combine(evidence.end + timedelta(days=2), time(), UTC))
    samples = await store.samples(schools, ["co2"], first, after)
    return await asyncio.to_thread(
        _facts, registry, evidence, schools, dict(inspections or {}), samples
    )


def _facts(
    registry: Registry,
    evidence: Evidence,
    schools: list[str],
    inspections: Inspections,
    samples: Samples,
) -> Facts:
    co2 = _samples(registry, samples, evidence)
    occupancy = Facts(evidence).occupancy
    if not co2.is_empty():
        periods, lessons = _calendar(registry, co2["school"].unique().sort().to_list(), evidence)
        occupancy = from_co2(co2, periods, lessons)
    return Facts(
        evidence=evidence,
        bindings=bindings(registry, schools, evidence.end),
        inspections=_inspections(registry, schools, inspections),
        occupancy=occupancy,
    )


def bindings(registry: Registry, schools: Sequence[str], day: date) -> pl.DataFrame:
    """Return the table `BINDINGS`: which name belongs to which asset on a day."""
    rows = [
        (school, asset_id, device, bool(device_no or device != asset_no or since))
        for school, asset_id, device, since, until, asset_no, device_no in zip(
            *bulk_queries.named_bindings(registry, schools), strict=True
        )
        if (since is None or since <= day) and (until is None or day <= until)
    ]
    return pl.DataFrame(rows, schema=dict(BINDINGS), orient="row").sort(
        "school", "asset_id", "device"
    )


def _inspections(
    registry: Registry, schools: Sequence[str], inspections: Inspections
) -> pl.DataFrame:
    rows = [
        (school.id, day)
        for school in registry.schools()
        if school.id in set(schools)
        for day in sorted({*inspections.get(school.id, ()), *inspections.get(school.division, ())})
    ]
    return pl.DataFrame(rows, schema=dict(INSPECTIONS), orient="row")


def _samples(registry: Registry, samples: Samples, evidence: Evidence) -> pl.DataFrame:
    """Return the table `SAMPLES` of the span; a sensor without a room is left out."""
    sensors = pl.DataFrame(
        [
            (number, sensor.school, sensor.room, registry.zone(sensor.school).key)
            for number, sensor in enumerate(samples.sensors)
            if sensor.room
        ],
        schema={"sensor": pl.Int32} | dict.fromkeys(("school", "room", "zone"), pl.String),
        orient="row",
    )
    at = pl.from_epoch("observed_ns", time_unit="ns").cast(pl.Datetime("us"))
    rows = pl.DataFrame(samples.rows).rename({"value": "co2_ppm"})
    placed = rows.join(sensors, on="sensor").with_columns(at.alias("at"))
    local = [
        part.with_columns(
            pl.col("at")
            .dt.replace_time_zone("UTC")
            .dt.convert_time_zone(zone)
            .dt.date()
            .alias("day")
        )
        for (zone,), part in placed.partition_by("zone", as_dict=True).items()
    ]
    if not local:
        return pl.DataFrame(schema=dict(SAMPLES))
    in_span = pl.col("day").is_between(evidence.start, evidence.end)
    return pl.concat(local).filter(in_span).select(*SAMPLES).cast(pl.Schema(SAMPLES))


def _calendar(
    registry: Registry, schools: list[str], evidence: Evidence
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the periods (`PERIODS`) and the lessons (school, room, day, period) of schools."""
    periods, days = [], []
    for school in schools:
        periods += [
            (school, row.day, row.period, _naive(row.starts_at), _naive(row.ends_at))
            for row in registry.calendar(school, evidence.start, evidence.end)
        ]
        days += [
            (school, day.day, day.term, day.weekday)
            for day in registry.taught(school, evidence.start, evidence.end)
        ]
    taught = pl.DataFrame(days, schema=dict(_DAYS), orient="row")
    lessons = Books(registry, schools).timetable().join(taught, on=["school", "term", "weekday"])
    return (
        pl.DataFrame(periods, schema=dict(PERIODS), orient="row"),
        lessons.select("school", "room", "day", "period").unique(),
    )


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
