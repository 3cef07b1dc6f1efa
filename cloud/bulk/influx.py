"""What gateways wrote to an InfluxDB, out of it as Parquet by day: the folder that a load takes.

InfluxQL over `/query`, which InfluxDB 1.8, 2 and 3 answer. A day is written next to its place and
moved there whole: one that is there is kept, so a fetch that was stopped goes on where it was.

An InfluxDB does not keep when a point was received, so `received_at` of slots is null: whether they
were in time is then unknown, not denied. Of readings only numbers are fetched, no texts and no
booleans.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types

from cloud.errors import LoadError
from cloud.telemetry import bulk_files
from cloud.telemetry.influxdb.client import Influx, to_us
from cloud.utilization.periods import local_day

Row = tuple[Any, ...]
Progress = Callable[[str, int, int], None]
_AT_ONCE = 50
"""Schools in a file."""
_SECONDS = ("active_s", "standby_s", "off_s", "unobserved_s", "energy_wh")


@dataclass(frozen=True, slots=True)
class Fetched:
    """How many rows a fetch wrote, and how many days were there before."""

    slots: int
    readings: int
    events: int
    days_before: int


def fetch(
    source: Influx, out: Path, first: date, last: date, zone: ZoneInfo, progress: Progress
) -> Fetched:
    """Write the local days first .. last into a folder; raises LoadError where that fails."""
    schools = source.schools()
    if not schools:
        raise LoadError(f"{source.url}: nothing of any school in {source.database}")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    counts, before = dict.fromkeys(_KINDS, 0), 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number, day in enumerate(days, 1):
            folders = {kind: out / kind / f"day={day}" for kind in _KINDS}
            before += all(folder.is_dir() for folder in folders.values())
            for kind, folder in folders.items():
                if not folder.is_dir():
                    counts[kind] += _fetch_day(source, kind, folder, schools, day, zone)
            progress("days", number, len(days))
        _finish(out, schools, days)
    except OSError as error:
        raise LoadError(f"{out}: cannot be written: {error}") from None
    return Fetched(**counts, days_before=before)


def _fetch_day(
    source: Influx, kind: str, folder: Path, schools: Sequence[str], day: date, zone: ZoneInfo
) -> int:
    measurement, schema, rows_of = _KINDS[kind]
    span = local_day(day, zone)
    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    total = 0
    for number, at in enumerate(range(0, len(schools), _AT_ONCE)):
        rows: list[Row] = []
        for school in schools[at : at + _AT_ONCE]:
            points = source.points(measurement, school, span.start, span.end)
            rows += rows_of(school, points)
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            table = pa.table(columns, schema=schema)
            pq.write_table(table, partial / f"part-{number:03d}.parquet", compression="zstd")
        total += len(rows)
    partial.rename(folder)
    return total


def _slots(school: str, points: Iterable[tuple[Mapping[str, str], Mapping[str, Any]]]) -> list[Row]:
    """Return the slots of a school in order; of one from two rooms, the one that observed more."""
    slots: dict[tuple[str, int], tuple[float, Row]] = {}
    for tags, point in points:
        asset, start = tags.get("asset", ""), point["time"]
        seconds = [point.get(name) for name in _SECONDS]
        hidden = float(point.get("unobserved_s") or 0.0)
        row = (school, asset, start, tags.get("room"), tags.get("category"), *seconds, None)
        known = slots.get((asset, start))
        if known is None or hidden < known[0]:
            slots[asset, start] = (hidden, row)
    return [slots[key][1] for key in sorted(slots)]


def _readings(
    school: str, points: Iterable[tuple[Mapping[str, str], Mapping[str, Any]]]
) -> list[Row]:
    now = to_us(datetime.now(UTC))
    rows = []
    for tags, point in points:
        place = (tags.get("room"), tags.get("category"), tags.get("profile"))
        for name, value in point.items():
            if name != "time" and isinstance(value, int | float) and not isinstance(value, bool):
                rows.append(
                    (school, tags.get("asset", ""), *place, name, point["time"], float(value), now)
                )
    return sorted(rows, key=lambda row: (row[1], row[5], row[6]))


def _events(
    school: str, points: Iterable[tuple[Mapping[str, str], Mapping[str, Any]]]
) -> list[Row]:
    now = to_us(datetime.now(UTC))
    rows = [
        (
            school,
            tags.get("asset", ""),
            tags.get("type", ""),
            point["time"],
            point.get("text") or "",
            point.get("value"),
            now,
        )
        for tags, point in points
    ]
    return sorted(rows, key=lambda row: (row[1], row[2], row[3]))


_KINDS: Mapping[str, tuple[str, pa.Schema, Callable[..., list[Row]]]] = {
    "slots": ("usage", bulk_files.SLOTS, _slots),
    "readings": ("reading", bulk_files.READINGS, _readings),
    "events": ("event", bulk_files.EVENTS, _events),
}
"""Folder, measurement, what a file holds, and how rows are made of points."""


def _finish(out: Path, schools: Sequence[str], days: Sequence[date]) -> None:
    """Write `city.json`: the folder is complete, and what it holds."""
    content = {
        "start": str(days[0]),
        "end": str(days[-1]),
        "days": [str(day) for day in days],
        "schools": list(schools),
    }
    text = json.dumps(content, ensure_ascii=False, indent=2)
    (out / "city.json").write_text(f"{text}\n", encoding="utf-8")
