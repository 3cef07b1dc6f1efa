"""Collect the evidence of one school from the registry, the roll-up and the telemetry store."""

import asyncio
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.registry.rows import BindingRow
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
_READINGS_BACK = 90
"""Days; the store keeps readings no longer by default."""
_HEARD_SQL = """
select asset, day from usage_rollup
where school = ? and day <= ? and unobserved_s < due_s
qualify row_number() over (partition by asset order by day desc) = 1
order by asset
"""


async def gather(
    store: TelemetryStore, registry: Registry, school: str, start: date, end: date
) -> Evidence:
    """Return what is known of a school over a span of its local days, both included."""
    span = [school, start, end]
    use = await store.read(lambda con: con.sql(_USE_SQL, params=span).to_arrow_table())
    slots = await store.read(lambda con: con.execute(_HEARD_SQL, [school, end]).fetchall())
    heard = await _heard(store, registry, school, end, dict(slots))
    return await asyncio.to_thread(_evidence, registry, school, start, end, use, heard)


async def _heard(
    store: TelemetryStore, registry: Registry, school: str, end: date, heard: dict[str, date]
) -> dict[str, date]:
    """Return the last local day, up to the end, on which each name in telemetry said something.

    A slot in which nothing was seen says nothing. Sensors without a usage rule send readings only:
    of these the newest is at hand, and only where that came after the end the store is asked.
    """
    zone = registry.zone(school)
    after = datetime.combine(end + timedelta(days=1), time(), zone).astimezone(UTC)
    for latest in store.latest_readings(school):
        moment = max((value.observed_at for value in latest.points.values()), default=after)
        if moment >= after and latest.asset not in heard:
            first = after - timedelta(days=_READINGS_BACK)
            found = await store.readings(school, latest.asset, first, after, limit=1)
            moment = max((rows[-1][0] for rows in found.values()), default=after)
        if moment < after:
            day = moment.astimezone(zone).date()
            heard[latest.asset] = max(day, heard.get(latest.asset, day))
    return heard


def _evidence(
    registry: Registry,
    school: str,
    start: date,
    end: date,
    use: pa.Table,
    heard: dict[str, date],
) -> Evidence:
    row = registry.school(school)
    bindings: dict[str, list[BindingRow]] = {}
    for binding in registry.bindings(school):
        bindings.setdefault(binding.device, []).append(binding)
    bound: dict[str, int] = {}
    reported: dict[int, date] = {}
    for device, day in heard.items():
        held = [one for one in bindings.get(device, ()) if one.holds_on(day)]
        if held:
            bound[device] = asset_id = held[-1].asset_id
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
                {"school": school, "device": device, "asset_id": bound.get(device)}
                for device in heard
            ],
            evidence.SENDERS,
        ),
    )
