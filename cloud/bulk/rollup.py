"""The roll-up of any number of schools from Parquet to Parquet, on the engine of one's choice.

1. The engine returns who sent, since when, from where (`senders`).
2. The records and the senders give the inputs of the expressions, day by day, as Parquet.
3. The engine runs the expressions of `cloud.utilization`: the slots are gone through once.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types

from cloud.errors import LoadError
from cloud.telemetry.rollup_files import INPUTS, Progress, RollupEngine, RollupJob
from cloud.telemetry.store import Sender
from cloud.utilization.arrow_inputs import DayCuts, School, SchoolDays, inputs
from cloud.utilization.due_slots import days_between
from cloud.utilization.school_inputs import Row, ledgers


def roll_up(
    engine: RollupEngine,
    tables: Mapping[str, Iterable[Row]],
    *,
    slots: Path,
    out: Path,
    horizon: datetime,
    until: date | None,
    progress: Progress,
) -> dict[str, int]:
    """Write usage_rollup and usage_days of every school that sent; returns how many rows."""
    if out.exists() and any(out.iterdir()):
        raise LoadError(f"{out}: is not empty; give --out a new folder")
    senders: dict[str, dict[str, Sender]] = {}
    last = datetime.min  # noqa: DTZ901  compared with naive UTC
    for school, asset, first, room, category, latest in engine.senders():
        sender = Sender(first.replace(tzinfo=UTC), room or None, category or None)
        senders.setdefault(school, {})[asset] = sender
        last = max(last, latest)
    if not senders:
        raise LoadError(f"{slots}: holds no slots")
    books = ledgers(tables, senders)
    schools = {name: School.of(books[name], senders[name]) for name in sorted(senders)}
    folder = out / "inputs"
    days = _write_inputs(schools, folder, horizon, until, last.replace(tzinfo=UTC), progress)
    counts = engine.roll_up(RollupJob(slots, folder, out, days), progress)
    shutil.rmtree(folder)
    return counts


def _write_inputs(
    schools: Mapping[str, School],
    folder: Path,
    horizon: datetime,
    until: date | None,
    last: datetime,
    progress: Progress,
) -> tuple[tuple[date, datetime, datetime], ...]:
    """Write the inputs of every day, from the first that any school is connected."""
    connected = [s.books.connected for s in schools.values() if s.books.connected is not None]
    ends = [school.books.day_of(last) for school in schools.values()]
    span = days_between(min(connected), until or max(ends))
    cut = DayCuts(horizon)
    spans = []
    for number, day in enumerate(span, 1):
        made = inputs(schools, _asked(schools, day), cut)
        for name in INPUTS:
            path = folder / name / f"{day}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(getattr(made, name), path)
        spans.append((day, made.first, made.last))
        progress("inputs", number, len(span))
    return tuple(spans)


def _asked(schools: Mapping[str, School], day: date) -> Sequence[SchoolDays]:
    return [
        SchoolDays(name, {day: None})
        for name, school in schools.items()
        if school.books.connected is not None and day >= school.books.connected
    ]
