"""The roll-up's tables `usage_rollup` and `usage_days` in the DuckDB file.

- Neither has an index: a city's rows of a term would need gigabytes for it. They lie by schools and
  days as they were written, so DuckDB skips what it need not read; `replace` keeps keys unique, and
  writes only what has changed.
- `usage_stale` names the days of schools whose rows do not follow the slots and records any more; a
  empty day means all of them.
- `usage_progress` has one row: up to which receipt of live slots, and up to which moment, all is
  rolled up.
- `compute` runs the expressions of a plan where the slots are: the slots of a span are read once,
  and never leave DuckDB.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

import duckdb
import ibis  # type: ignore[import-untyped]  # it ships no types
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.errors import LoadError
from cloud.telemetry.duckdb import slot_queries
from cloud.telemetry.duckdb.archive import Archive
from cloud.telemetry.duckdb.registered import registered
from cloud.telemetry.rollup_store import (
    RollupInputs,
    RollupPlan,
    RollupProgress,
    RollupRows,
    SchoolDay,
)
from cloud.telemetry.tables import DAY_USE, LAST_OBSERVED, PERIOD_USE, naive_utc

T = TypeVar("T")
PERIODS, DAYS = "usage_rollup", "usage_days"
_STALE = pa.schema([("school", pa.string()), ("day", pa.date32())])
_SCHEMAS = {PERIODS: PERIOD_USE, DAYS: DAY_USE}
_KEYS = {PERIODS: ("school", "asset", "day", "period"), DAYS: ("school", "asset", "day")}
_TYPES = {
    pa.string(): "varchar",
    pa.date32(): "date",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
}
_PERIOD_USE = """
select {columns} from usage_rollup
where school in (select unnest($schools)) and day between $start and $end
and (asset_id is not null or $with_unknown)
and ($asset_id is null or asset_id = $asset_id) and ($category is null or category = $category)
order by school, asset_id, day, period, asset
"""
_DAY_USE = """
select {columns} from usage_days
semi join (
    select distinct school, day from usage_rollup
    where school in (select unnest($schools)) and day between $start and $end and period >= 0
) as taught using (school, day)
where school in (select unnest($schools)) and day between $start and $end
and (asset_id is not null or $with_unknown)
order by school, asset, day
"""
"""Of school days only: at the weekend a school may well pull the main switch."""
_LAST_OBSERVED = """
select school, asset as device, max(day) as day from usage_rollup
where school in (select unnest(?)) and day <= ? and unobserved_s < due_s
group by school, asset order by school, asset
"""
_FIRST_DAYS = """
select school, min(day) from usage_rollup where school in (select unnest(?)) group by school
"""
_LOAD = """
insert into {table} select {columns} from read_parquet(?, hive_partitioning = false)
where day <= ? and school in (select unnest(?)) order by school, asset, day
"""


class _Writer(Protocol):
    def __call__(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> "Future[T]":
        """Run `work(cursor)` in a transaction of its own, in its turn."""


class _Reader(Protocol):
    def __call__(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Awaitable[T]:
        """Run `work(cursor)` on the last commit."""


class DuckDBRollups:
    """The roll-up of a DuckDB store, in its file."""

    def __init__(self, write: _Writer, read: _Reader, archive: Archive) -> None:
        self._write = write
        self._read = read
        self._archive = archive

    def prepare(self) -> Awaitable[None]:
        """Make the tables where they are missing; all is stale in a file that lacked some."""
        return asyncio.wrap_future(self._write(_make_tables))

    def compute(self, plan: RollupPlan, inputs: RollupInputs) -> Awaitable[RollupRows]:
        """Return the rows that a plan makes of the slots of some schools in a span."""
        tables = {"cuts": inputs.cuts, "targets": inputs.targets, "lessons": inputs.lessons}
        sql = statements(plan)
        schools = [min(inputs.schools), max(inputs.schools)]
        span = naive_utc(inputs.first), naive_utc(inputs.last)

        def work(cursor: duckdb.DuckDBPyConnection) -> RollupRows:
            slots = self._archive.slots_sql(cursor, *span)
            query = (
                f"with slots as (select * from ({slots}) where school between ? and ?) "  # noqa: S608  ours
                f"select * from ({sql.seen})"
            )
            with registered(cursor, tables):
                seen = cursor.sql(query, params=schools).to_arrow_table()
                with registered(cursor, {"seen": seen}):
                    return RollupRows(
                        cursor.sql(sql.period_use).to_arrow_table(),
                        cursor.sql(sql.day_use).to_arrow_table(),
                    )

        return self._read(work)

    def replace(
        self, whole: Sequence[SchoolDay], targets: pa.Table, rows: RollupRows
    ) -> Awaitable[None]:
        """Put rows in the place of old ones: of whole days of schools, and of single targets."""
        return asyncio.wrap_future(
            self._write(lambda cursor: _replace_all(cursor, whole, targets, rows))
        )

    def period_use(
        self,
        schools: Sequence[str],
        start: date,
        end: date,
        *,
        asset_id: int | None = None,
        category: str | None = None,
        with_unknown: bool = False,
    ) -> Awaitable[pa.Table]:
        """Return the rows of `usage_rollup` in a span of days, both included."""
        parameters = {
            "schools": list(schools),
            "start": start,
            "end": end,
            "asset_id": asset_id,
            "category": category,
            "with_unknown": with_unknown,
        }
        query = _PERIOD_USE.format(columns=", ".join(PERIOD_USE.names))
        return self._read(lambda cursor: _arrow(cursor, query, parameters, PERIOD_USE))

    def day_use(
        self, schools: Sequence[str], start: date, end: date, *, with_unknown: bool = False
    ) -> Awaitable[pa.Table]:
        """Return the rows of `usage_days` of the school days in a span, both included."""
        parameters = {
            "schools": list(schools),
            "start": start,
            "end": end,
            "with_unknown": with_unknown,
        }
        query = _DAY_USE.format(columns=", ".join(DAY_USE.names))
        return self._read(lambda cursor: _arrow(cursor, query, parameters, DAY_USE))

    def last_observed(self, schools: Sequence[str], until: date) -> Awaitable[pa.Table]:
        """Return the last day, up to a day, on which seconds of each name were observed."""
        parameters = [list(schools), until]
        return self._read(lambda cursor: _arrow(cursor, _LAST_OBSERVED, parameters, LAST_OBSERVED))

    def first_days(self, schools: Sequence[str]) -> Awaitable[dict[str, date]]:
        """Return the first day with rows, by school."""
        return self._read(
            lambda cursor: dict(cursor.execute(_FIRST_DAYS, [list(schools)]).fetchall())
        )

    def note_stale(self, schools: Iterable[str]) -> "Future[None]":
        """Note that all days of schools are stale."""
        names = list(schools)
        return self._write(lambda cursor: mark_stale(cursor, names))

    def note_stale_days(self, schools: Iterable[str], days: Iterable[SchoolDay]) -> Awaitable[None]:
        """Replace what is noted of schools by single days."""
        names, pairs = list(schools), list(days)

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            cursor.execute("delete from usage_stale where school in (select unnest(?))", [names])
            with registered(cursor, {"stale_days": _pairs(pairs)}):
                cursor.execute("insert into usage_stale select school, day from stale_days")

        return asyncio.wrap_future(self._write(work))

    def stale_days(self) -> Awaitable[list[tuple[str, date | None]]]:
        """Return what is noted as stale."""
        query = "select distinct school, day from usage_stale order by all"
        return self._read(lambda cursor: cursor.execute(query).fetchall())

    def note_progress(
        self, rolled_until: datetime, is_complete: Callable[[], bool]
    ) -> Awaitable[None]:
        """Note that everything received is rolled up, as of a moment, if `is_complete`."""

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            if is_complete():
                cursor.execute(
                    "update usage_progress set rolled_until = ?, received_until = "
                    "coalesce((select max(received_at) from live_slots), timestamp '1970-01-01')",
                    [naive_utc(rolled_until)],
                )

        return asyncio.wrap_future(self._write(work))

    def progress(self) -> Awaitable[RollupProgress]:
        """Return up to where everything is rolled up."""

        def work(cursor: duckdb.DuckDBPyConnection) -> RollupProgress:
            query = "select received_until, rolled_until from usage_progress"
            ((received, rolled),) = cursor.execute(query).fetchall()
            return RollupProgress(
                received.replace(tzinfo=UTC) if received else None,
                rolled.replace(tzinfo=UTC) if rolled else None,
            )

        return self._read(work)

    def load_files(
        self, folders: Mapping[str, Path], schools: Sequence[str], end: date
    ) -> Awaitable[int]:
        """Take rows of schools up to a day from the folders of `campus-cloud rollup`."""

        def work(cursor: duckdb.DuckDBPyConnection) -> int:
            return sum(
                _load(cursor, table, folder, schools, end) for table, folder in folders.items()
            )

        return asyncio.wrap_future(self._write(work))


@dataclass(frozen=True, slots=True)
class Statements:
    """A plan as DuckDB's SQL."""

    senders: str
    seen: str
    period_use: str
    day_use: str


@cache
def statements(plan: RollupPlan) -> Statements:
    """Return a plan as DuckDB's SQL, written once."""
    return Statements(
        *(
            str(ibis.to_sql(expression, dialect="duckdb"))
            for expression in (plan.senders, plan.seen, plan.period_use, plan.day_use)
        )
    )


def table_ddl(table: str) -> str:
    """Return the statement that makes a table of the roll-up."""
    columns = ", ".join(
        f"{field.name} {_TYPES[field.type]}" + ("" if field.nullable else " not null")
        for field in _SCHEMAS[table]
    )
    return f"create table if not exists {table} ({columns})"


def mark_stale(cursor: duckdb.DuckDBPyConnection, schools: Iterable[str]) -> None:
    """Note that all days of schools are stale, inside the caller's transaction."""
    rows = pa.table([pa.array(list(schools), pa.string())], names=["school"])
    with registered(cursor, {"stale_schools": rows}):
        cursor.execute("insert into usage_stale select school, null from stale_schools")


def _make_tables(cursor: duckdb.DuckDBPyConnection) -> None:
    if _has_old_tables(cursor):
        cursor.execute("alter table usage_rollup rename to older_rollup")
        cursor.execute(table_ddl(PERIODS))
        cursor.execute("insert into usage_rollup select * from older_rollup")
        cursor.execute("drop table older_rollup; drop table usage_rollup_state")
    cursor.execute(table_ddl(PERIODS))
    cursor.execute(table_ddl(DAYS))
    cursor.execute(f"alter table {DAYS} alter column in_time_slots drop not null")
    cursor.execute("create table if not exists usage_stale (school varchar not null, day date)")
    cursor.execute(
        "create table if not exists usage_progress "
        "(received_until timestamp, rolled_until timestamp)"
    )
    if cursor.execute("select 1 from usage_progress").fetchone() is None:
        cursor.execute("insert into usage_progress values (null, null)")
        mark_stale(cursor, slot_queries.slot_schools(cursor))


def _has_old_tables(cursor: duckdb.DuckDBPyConnection) -> bool:
    query = "select 1 from duckdb_tables() where table_name = 'usage_rollup_state'"
    return cursor.execute(query).fetchone() is not None


def _load(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    folder: Path,
    schools: Sequence[str],
    end: date,
) -> int:
    query = _LOAD.format(table=table, columns=", ".join(_SCHEMAS[table].names))
    try:
        (rows,) = cursor.execute(query, [str(folder / "*.parquet"), end, list(schools)]).fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise LoadError(f"{folder}: not what `campus-cloud rollup` writes: {reason}") from None
    return int(rows[0])


def _replace_all(
    cursor: duckdb.DuckDBPyConnection,
    whole: Sequence[SchoolDay],
    targets: pa.Table,
    rows: RollupRows,
) -> None:
    days = {day for _, day in whole} | set(targets["day"].unique().to_pylist())
    if not days:
        return
    span = {"first": min(days), "last": max(days)}
    single = targets.select(["school", "asset", "day"])
    with registered(cursor, {"whole_days": _pairs(whole), "single_days": single}):
        for table, fresh in ((PERIODS, rows.period_use), (DAYS, rows.day_use)):
            with registered(cursor, {"fresh": fresh}):
                _replace(cursor, table, span)
        cursor.execute(
            "delete from usage_stale where (school, day) in (select school, day from whole_days)"
        )


def _replace(cursor: duckdb.DuckDBPyConnection, table: str, span: Mapping[str, date]) -> None:
    columns = ", ".join(_SCHEMAS[table].names)
    same_key = " and ".join(f"fresh.{key} = kept.{key}" for key in _KEYS[table])
    same = " and ".join(
        f"fresh.{name} is not distinct from kept.{name}" for name in _SCHEMAS[table].names
    )
    within = "kept.day between $first and $last"
    cursor.execute(
        f"""
        delete from {table} as kept where {within}
        and ((school, day) in (select school, day from whole_days)
             or (school, asset, day) in (select school, asset, day from single_days))
        and not exists (select 1 from fresh where {same_key} and {same})
        """,  # noqa: S608  names of our own
        dict(span),
    )
    cursor.execute(
        f"""
        insert into {table} select {columns} from fresh where not exists (
            select 1 from {table} as kept where {within} and {same_key}
        ) order by school, day, asset
        """,  # noqa: S608  as above
        dict(span),
    )


def _arrow(
    cursor: duckdb.DuckDBPyConnection, query: str, parameters: object, schema: pa.Schema
) -> pa.Table:
    return cursor.sql(query, params=parameters).to_arrow_table().cast(schema)


def _pairs(pairs: Sequence[SchoolDay]) -> pa.Table:
    return pa.table([[school for school, _ in pairs], [day for _, day in pairs]], schema=_STALE)
