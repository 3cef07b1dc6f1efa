"""The questions about usage slots, live and archived, as SQL on a cursor."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from cloud.telemetry.duckdb.archive import LATEST_SLOTS, Archive
from cloud.telemetry.store import LatestSlot, Sender, Slot, UsageWritten
from cloud.telemetry.tables import naive_utc

_CHUNK = 5_000
_COLUMNS = "school, asset, slot_start, active_s, standby_s, off_s, unobserved_s, energy_wh"
_ACTIVE_SINCE = """
with slot as (
    select asset, slot_start,
        coalesce(active_s, 0) > 0 and active_s >= greatest(
            coalesce(standby_s, 0), coalesce(off_s, 0), coalesce(unobserved_s, 0)
        ) as is_active,
        lag(slot_start) over (partition by asset order by slot_start) as before
    from usage_slots
    where school = ? and slot_start >= ? and asset in (select unnest(?))
),
run as (
    select asset,
        max(slot_start) as newest,
        max(slot_start) filter (where not is_active) as newest_inactive,
        max(slot_start) filter (
            where before is null or slot_start > before + interval 5 minute
        ) as newest_after_gap
    from slot group by asset
)
select asset, greatest(newest_after_gap, newest_inactive + interval 5 minute) from run
where newest_inactive is null or newest > newest_inactive
"""
_SENDERS = """
select school, asset, min(first_slot), arg_max(room, last_slot), arg_max(category, last_slot)
from (
    select school, asset, slot_start as first_slot, slot_start as last_slot, room, category
    from live_slots where {within} slot_start >= $since
    union all
    select school, asset, first_slot, last_slot, room, category
    from archived_senders where {within} first_slot >= $since
) group by school, asset
"""
_RECEIVED_SINCE = """
select school, asset, min(slot_start), max(slot_start) from live_slots
where received_at > ? group by school, asset, cast(slot_start as date)
order by school, asset, min(slot_start)
"""
_SCHOOLS = """
select school from live_slots union select school from archived_senders order by school
"""


def slots(
    cursor: duckdb.DuckDBPyConnection,
    archive: Archive,
    school: str,
    asset: str,
    span: tuple[datetime, datetime],
) -> list[Slot]:
    """Return the usage slots of an asset that start in a span, in order."""
    start, end = map(naive_utc, span)
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ({archive.slots_sql(cursor, start, end)}) "  # noqa: S608  fixed
        "WHERE school = ? AND asset = ? AND slot_start < ? ORDER BY slot_start",
        [school, asset, end],
    )
    return [_slot(row) for row in rows.fetchall()]


def latest(cursor: duckdb.DuckDBPyConnection) -> Iterator[LatestSlot]:
    """Yield of each asset the newest slot with a second observed, live or archived."""
    for school, asset, room, category, start, state in cursor.execute(LATEST_SLOTS).fetchall():
        yield LatestSlot(
            school=school,
            asset=asset,
            room=room or "",
            category=category or "",
            start=start.replace(tzinfo=UTC),
            state=state,
        )


def active_since(
    cursor: duckdb.DuckDBPyConnection, school: str, assets: Sequence[str], since: datetime
) -> dict[str, datetime]:
    """Return since when each asset has been active without a break, up to its newest slot."""
    rows = cursor.execute(_ACTIVE_SINCE, [school, naive_utc(since), list(assets)]).fetchall()
    return {asset: start.replace(tzinfo=UTC) for asset, start in rows}


def senders(
    cursor: duckdb.DuckDBPyConnection, since: datetime, schools: Sequence[str] | None
) -> dict[str, dict[str, Sender]]:
    """Return who sent slots that start at `since` or later, by school and asset."""
    within = "" if schools is None else "school in (select unnest($schools)) and"
    parameters = {"since": naive_utc(since)} | ({} if schools is None else {"schools": schools})
    rows = cursor.execute(_SENDERS.format(within=within), parameters).fetchall()
    by_school: dict[str, dict[str, Sender]] = {school: {} for school in schools or ()}
    for school, asset, first, room, category in rows:
        sender = Sender(first.replace(tzinfo=UTC), room or None, category or None)
        by_school.setdefault(school, {})[asset] = sender
    return by_school


def slot_schools(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the schools of which there are slots, sorted."""
    return [school for (school,) in cursor.execute(_SCHOOLS).fetchall()]


def received_since(cursor: duckdb.DuckDBPyConnection, moment: datetime) -> list[UsageWritten]:
    """Return the spans of the live slots written after a moment, by asset and UTC day."""
    rows = cursor.execute(_RECEIVED_SINCE, [naive_utc(moment)]).fetchall()
    return [
        UsageWritten(school, asset, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
        for school, asset, first, last in rows
    ]


def export(
    cursor: duckdb.DuckDBPyConnection, school: str, span: tuple[datetime | None, datetime | None]
) -> Iterator[list[Slot]]:
    """Yield all usage slots of a school in chunks, by asset and time."""
    start, end = span
    cursor.execute(
        f"SELECT {_COLUMNS} FROM usage_slots WHERE school = ? "  # noqa: S608  fixed
        "AND slot_start >= ? AND slot_start < ? ORDER BY asset, slot_start",
        [
            school,
            datetime.min if start is None else naive_utc(start),  # noqa: DTZ901  compared
            datetime.max if end is None else naive_utc(end),  # noqa: DTZ901  with naive UTC
        ],
    )
    while rows := cursor.fetchmany(_CHUNK):
        yield [_slot(row) for row in rows]


def _slot(row: tuple[Any, ...]) -> Slot:
    school, asset, start, active, standby, off, unobserved, energy = row
    return Slot(
        school=school,
        asset=asset,
        start=start.replace(tzinfo=UTC),
        active_s=active or 0.0,
        standby_s=standby or 0.0,
        off_s=off or 0.0,
        unobserved_s=unobserved or 0.0,
        energy_wh=energy,
    )
