"""The roll-up in dictionaries, by key; a plan runs on Polars."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import ibis  # type: ignore[import-untyped]  # it ships no types
import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.telemetry.memory.slots import FIELDS, Slots
from cloud.telemetry.rollup_store import (
    RollupInputs,
    RollupPlan,
    RollupProgress,
    RollupRows,
    SchoolDay,
)
from cloud.telemetry.tables import DAY_USE, LAST_OBSERVED, PERIOD_USE, naive_utc

T = TypeVar("T")
Row = dict[str, Any]
_SLOTS: Mapping[str, Any] = {
    "school": pl.String,
    "asset": pl.String,
    "slot_start": pl.Datetime("us"),
    **dict.fromkeys(FIELDS, pl.Float64),
    "first_received_at": pl.Datetime("us"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def done(result: T) -> "Future[T]":
    """Return a future that is done."""
    future: Future[T] = Future()
    future.set_result(result)
    return future


class MemoryRollups:
    """The roll-up of a store in memory; shares its slots and its lock."""

    def __init__(self, slots: Slots, lock: threading.RLock) -> None:
        self._slots = slots
        self._lock = lock
        self._is_prepared = False
        self._periods: dict[tuple[Any, ...], Row] = {}
        self._days: dict[tuple[Any, ...], Row] = {}
        self._stale: set[tuple[str, date | None]] = set()
        self._progress = RollupProgress(None, None)

    async def prepare(self) -> None:
        """Note every school with slots as stale, the first time."""
        with self._lock:
            if not self._is_prepared:
                self._is_prepared = True
                self._stale |= {(slot.school, None) for slot in self._slots.matching()}

    async def compute(self, plan: RollupPlan, inputs: RollupInputs) -> RollupRows:
        """Return the rows that a plan makes of the slots of some schools in a span."""
        with self._lock:
            slots = pl.DataFrame(
                [
                    {
                        "school": slot.school,
                        "asset": slot.asset,
                        "slot_start": naive_utc(slot.start),
                        "first_received_at": naive_utc(slot.first_received_at),
                        **slot.values,
                    }
                    for slot in self._slots.matching()
                    if slot.school in inputs.schools and inputs.first <= slot.start <= inputs.last
                ],
                schema=_SLOTS,
            )
        return await asyncio.to_thread(_run, plan, slots, inputs)

    async def replace(
        self, whole: Sequence[SchoolDay], targets: pa.Table, rows: RollupRows
    ) -> None:
        """Put rows in the place of old ones: of whole days of schools, and of single targets."""
        days = set(whole)
        single = {(row["school"], row["asset"], row["day"]) for row in targets.to_pylist()}

        def is_kept(row: Row) -> bool:
            day = row["school"], row["day"]
            return day not in days and (row["school"], row["asset"], row["day"]) not in single

        with self._lock:
            for kept, fresh, key in (
                (self._periods, rows.period_use, _period_key),
                (self._days, rows.day_use, _day_key),
            ):
                remaining = {name: row for name, row in kept.items() if is_kept(row)}
                kept.clear()
                kept.update(remaining)
                kept.update({key(row): row for row in fresh.to_pylist()})
            self._stale -= days

    async def period_use(
        self,
        schools: Sequence[str],
        start: date,
        end: date,
        *,
        asset_id: int | None = None,
        category: str | None = None,
        with_unknown: bool = False,
    ) -> pa.Table:
        """Return the rows of a span of days, both included."""
        rows = [
            row
            for row in self._within(self._periods, schools, start, end, with_unknown)
            if asset_id in {None, row["asset_id"]} and category in {None, row["category"]}
        ]
        return pa.Table.from_pylist(sorted(rows, key=_in_order), schema=PERIOD_USE)

    async def day_use(
        self, schools: Sequence[str], start: date, end: date, *, with_unknown: bool = False
    ) -> pa.Table:
        """Return the rows of the school days in a span, both included."""
        taught = {
            (row["school"], row["day"])
            for row in self._within(self._periods, schools, start, end, with_unknown=True)
            if row["period"] >= 0
        }
        rows = [
            row
            for row in self._within(self._days, schools, start, end, with_unknown)
            if (row["school"], row["day"]) in taught
        ]
        return pa.Table.from_pylist(sorted(rows, key=_day_key), schema=DAY_USE)

    async def last_observed(self, schools: Sequence[str], until: date) -> pa.Table:
        """Return the last day, up to a day, with seconds of each name that were observed."""
        days: dict[tuple[str, str], date] = {}
        for row in self._within(self._periods, schools, date.min, until, with_unknown=True):
            if row["unobserved_s"] < row["due_s"]:
                device = row["school"], row["asset"]
                days[device] = max(days.get(device, date.min), row["day"])
        rows = [
            {"school": school, "device": device, "day": day}
            for (school, device), day in sorted(days.items())
        ]
        return pa.Table.from_pylist(rows, schema=LAST_OBSERVED)

    async def first_days(self, schools: Sequence[str]) -> dict[str, date]:
        """Return the first day with rows, by school."""
        days: dict[str, date] = {}
        for row in self._within(self._periods, schools, date.min, date.max, with_unknown=True):
            days[row["school"]] = min(days.get(row["school"], date.max), row["day"])
        return days

    def note_stale(self, schools: Iterable[str]) -> "Future[None]":
        """Note that all days of schools are stale."""
        with self._lock:
            self._stale |= {(school, None) for school in schools}
        return done(None)

    async def note_stale_days(self, schools: Iterable[str], days: Iterable[SchoolDay]) -> None:
        """Replace what is noted of schools by single days."""
        names = set(schools)
        with self._lock:
            self._stale = {note for note in self._stale if note[0] not in names} | set(days)

    async def stale_days(self) -> list[tuple[str, date | None]]:
        """Return what is noted as stale."""
        with self._lock:
            return sorted(self._stale, key=lambda note: (note[0], note[1] is None, note[1] or 0))

    async def note_progress(self, rolled_until: datetime, is_complete: Callable[[], bool]) -> None:
        """Note that everything received is rolled up, as of a moment, if `is_complete`."""
        with self._lock:
            if is_complete():
                received = self._slots.last_received_at() or _EPOCH
                self._progress = RollupProgress(received, rolled_until)

    async def progress(self) -> RollupProgress:
        """Return up to where everything is rolled up."""
        with self._lock:
            return self._progress

    def _within(
        self,
        rows: Mapping[tuple[Any, ...], Row],
        schools: Sequence[str],
        start: date,
        end: date,
        with_unknown: bool,
    ) -> list[Row]:
        with self._lock:
            return [
                row
                for row in rows.values()
                if row["school"] in schools
                and start <= row["day"] <= end
                and (with_unknown or row["asset_id"] is not None)
            ]


def _run(plan: RollupPlan, slots: pl.DataFrame, inputs: RollupInputs) -> RollupRows:
    tables = {
        "slots": slots,
        "cuts": pl.DataFrame(inputs.cuts),
        "targets": pl.DataFrame(inputs.targets),
        "lessons": pl.DataFrame(inputs.lessons),
    }
    tables["seen"] = _evaluate(plan.seen, tables)
    return RollupRows(
        _table(_evaluate(plan.period_use, tables), PERIOD_USE),
        _table(_evaluate(plan.day_use, tables), DAY_USE),
    )


def _table(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return rows with their sums rounded again: Polars may miss the nearest float by one."""
    rows = [
        {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in frame.to_dicts()
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _evaluate(expression: ir.Table, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    engine = ibis.polars.connect(dict(tables))
    frame: pl.DataFrame = engine.compile(expression).collect()
    return frame


def _period_key(row: Row) -> tuple[Any, ...]:
    return row["school"], row["asset"], row["day"], row["period"]


def _day_key(row: Row) -> tuple[Any, ...]:
    return row["school"], row["asset"], row["day"]


def _in_order(row: Row) -> tuple[Any, ...]:
    asset_id = row["asset_id"]
    number = (asset_id is None, asset_id or 0)
    return row["school"], number, row["day"], row["period"], row["asset"]
