"""Collect the evidence of schools from the registry, the roll-up and the telemetry store.

One question for each table and batch of schools, however many schools there are in it; a term of a
school comes to some megabytes, so a city is collected in batches.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.registry.store import Registry
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.air_quality import gather_air
from cloud.scoring.evidence.evidence import Columns, Evidence
from cloud.scoring.evidence.registry_tables import Books
from cloud.telemetry.store import TelemetryStore

_READINGS_BACK = 90
"""Days; the store keeps readings no longer by default."""
_REPORTED = {"school": pl.String, "device": pl.String, "day": pl.Date}


async def gather(
    store: TelemetryStore, registry: Registry, schools: str | Sequence[str], start: date, end: date
) -> Evidence:
    """Return what is known of schools over a span of their local days, both included."""
    ids = [schools] if isinstance(schools, str) else sorted(set(schools))
    use = _columns(await store.rollups.period_use(ids, start, end), evidence.USE)
    days = _columns(await store.rollups.day_use(ids, start, end), evidence.DAYS)
    slots = _columns(await store.rollups.last_observed(ids, end), _REPORTED)
    reports = pl.concat(
        [slots, *[await _reported_days(store, registry, school, end) for school in ids]]
    )
    reports = reports.group_by("school", "device").agg(pl.col("day").max()).sort("school", "device")
    books = Books(registry, ids)
    air = await gather_air(store, books, start, end)
    return await asyncio.to_thread(_evidence, books, start, end, use, days, reports, air)


async def senders(
    store: TelemetryStore, registry: Registry, school: str, end: date
) -> pl.DataFrame:
    """Return the devices that reported up to a day, when last, and the asset each was bound to."""
    slots = _columns(await store.rollups.last_observed([school], end), _REPORTED)
    reports = pl.concat([slots, await _reported_days(store, registry, school, end)])
    reports = reports.group_by("school", "device").agg(pl.col("day").max())
    return await asyncio.to_thread(_bound, Books(registry, [school]), reports)


def _columns(table: pa.Table, columns: Columns) -> pl.DataFrame:
    """Return these columns of the rows of a store."""
    return pl.DataFrame(table.select(list(columns))).cast(pl.Schema(columns))


async def _reported_days(
    store: TelemetryStore, registry: Registry, school: str, end: date
) -> pl.DataFrame:
    """Return the last local day, up to the end, on which each sensor sent a reading.

    Sensors without a usage rule send no slots. The newest reading is in memory; the store is
    queried only if that came after the end.
    """
    latest = store.latest_readings(school)
    if not latest:
        return pl.DataFrame(schema=_REPORTED)
    zone = registry.zone(school)
    after = datetime.combine(end + timedelta(days=1), time(), zone).astimezone(UTC)
    rows = []
    for sensor in latest:
        moment = max((value.observed_at for value in sensor.points.values()), default=after)
        if moment >= after:
            first = after - timedelta(days=_READINGS_BACK)
            earlier = await store.readings(school, sensor.asset, first, after, limit=1)
            moment = max((rows[-1][0] for rows in earlier.values()), default=after)
        if moment < after:
            rows.append((school, sensor.asset, moment.astimezone(zone).date()))
    return pl.DataFrame(rows, schema=_REPORTED, orient="row")


def _evidence(
    books: Books,
    start: date,
    end: date,
    use: pl.DataFrame,
    days: pl.DataFrame,
    reports: pl.DataFrame,
    air: pl.DataFrame,
) -> Evidence:
    senders = _bound(books, reports)
    reported = (
        senders.drop_nulls("asset_id")
        .group_by("school", "asset_id")
        .agg(pl.col("day").max().alias("reported"))
    )
    assets = books.assets().join(reported, on=["school", "asset_id"], how="left")
    return Evidence(
        start=start,
        end=end,
        schools=books.schools(),
        stages=books.stages(),
        rooms=books.rooms(),
        assets=assets.select(*evidence.ASSETS),
        use=use,
        senders=senders.select(*evidence.SENDERS),
        tickets=books.tickets(start, end),
        stocktakes=books.stocktakes(end),
        disposals=books.disposals(end),
        chemicals=books.chemicals(),
        declarations=books.declarations(end),
        air=air,
        days=days,
    )


def _bound(books: Books, reports: pl.DataFrame) -> pl.DataFrame:
    """Return the devices with the asset each was bound to on the day of its last report."""
    day, since, until = pl.col("day"), pl.col("valid_from"), pl.col("valid_to")
    held = (
        reports.join(books.bindings(), on=["school", "device"])
        .filter((since.is_null() | (since <= day)) & (until.is_null() | (day <= until)))
        .sort("valid_from", nulls_last=False)
        .group_by("school", "device", maintain_order=True)
        .agg(pl.col("asset_id").last())
    )
    return reports.join(held, on=["school", "device"], how="left").sort("school", "device")
