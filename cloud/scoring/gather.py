"""Collect the evidence of one school from the registry, the roll-up and the telemetry store."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
from starlette.concurrency import run_in_threadpool

from cloud.registry.store import Registry
from cloud.scoring import evidence
from cloud.scoring.evidence import Evidence, table
from cloud.telemetry.store import TelemetryStore

_USE_SQL = """
select school, asset_id, category, room, day, week, period, due_s, active_s, standby_s, off_s,
       unobserved_s, scheduled, lesson_over, lesson_observed, lesson_used
from usage_rollup
where school = ? and day between ? and ? and asset_id is not null
order by asset_id, day, period
"""
_SENDERS_SQL = """
select asset, max(slot_start) as newest from usage_slots
where school = ? and slot_start >= ? and slot_start < ?
group by asset order by asset
"""


async def gather(
    store: TelemetryStore, registry: Registry, school: str, start: date, end: date
) -> Evidence:
    """Return what is known of a school over a span of its local days, both included."""
    use = await store.read(lambda con: con.execute(_USE_SQL, [school, start, end]).to_arrow_table())
    newest = await store.read(lambda con: _newest(con, registry, school, start, end))
    return await run_in_threadpool(_evidence, registry, school, start, end, use, newest)


def _newest(
    con: duckdb.DuckDBPyConnection, registry: Registry, school: str, start: date, end: date
) -> dict[str, date]:
    """Return the last local day on which each name in telemetry said something."""
    zone = registry.zone(school)
    first, last = (
        datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
        for day in (start, end + timedelta(days=1))
    )
    rows = con.execute(_SENDERS_SQL, [school, first, last]).fetchall()
    return {asset: at.replace(tzinfo=UTC).astimezone(zone).date() for asset, at in rows}


def _evidence(
    registry: Registry,
    school: str,
    start: date,
    end: date,
    use: pa.Table,
    newest: dict[str, date],
) -> Evidence:
    row = registry.school(school)
    bound = registry.assets_by_device(school, end)
    reported: dict[int, date] = {}
    for device, day in newest.items():
        if device in bound:
            asset_id = bound[device].id
            reported[asset_id] = max(day, reported.get(asset_id, day))
    assets = [
        {
            **{key: value for key, value in asdict(asset).items() if key in evidence.ASSETS},
            "asset_id": asset.id,
            "reported": reported.get(asset.id),
        }
        for asset in registry.asset_rows(school)
    ]
    return Evidence(
        start=start,
        end=end,
        schools=table(
            []
            if row is None
            else [
                {
                    "school": row.id,
                    "school_type": row.school_type,
                    "classes": row.classes,
                    "pupils": row.pupils,
                    "teachers": row.teachers,
                }
            ],
            evidence.SCHOOLS,
        ),
        rooms=table(
            [
                {"school": school, "room": room.number, "name": room.name, "use": room.use}
                for room in registry.rooms(school)
            ],
            evidence.ROOMS,
        ),
        assets=table(assets, evidence.ASSETS),
        use=pl.DataFrame(use, schema_overrides=dict(evidence.USE)).cast(
            {name: kind() for name, kind in evidence.USE.items()}
        ),
        senders=table(
            [
                {
                    "school": school,
                    "device": device,
                    "asset_id": bound[device].id if device in bound else None,
                }
                for device in newest
            ],
            evidence.SENDERS,
        ),
    )
