"""The tables `usage_rollup` and `usage_days` in the DuckDB file, and what is noted about them.

- Neither has an index: a city's rows of a term would need gigabytes for it. They lie by schools and
  days as they were written, so DuckDB skips what it need not read; `replace` keeps keys unique, and
  writes only what has changed.
- `usage_stale` names the days of schools whose rows do not follow the slots and books any more; a
  day that is empty stands for all of them. A row goes with the commit that mends its day.
- `usage_progress` says up to which receipt of live slots, and up to which moment, all is rolled up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.telemetry.archive import naive_utc
from cloud.utilization import daily_rollup, rollup
from cloud.utilization.due_slots import Sender
from cloud.utilization.reference_rollup import LessonRule

_STALE = pa.schema([("school", pa.string()), ("day", pa.date32())])
_KEYS = {
    rollup.TABLE: ("school", "asset", "day", "period"),
    daily_rollup.TABLE: ("school", "asset", "day"),
}
_COLUMNS = {rollup.TABLE: rollup.COLUMNS, daily_rollup.TABLE: daily_rollup.COLUMNS}
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


def make_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables where they are missing; all is stale in a file that lacked some."""
    if _has_old_tables(con):
        con.execute("alter table usage_rollup rename to older_rollup")
        con.execute(rollup.DDL)
        con.execute("insert into usage_rollup select * from older_rollup")
        con.execute("drop table older_rollup; drop table usage_rollup_state")
    con.execute(rollup.DDL)
    con.execute(daily_rollup.DDL)
    con.execute(f"alter table {daily_rollup.TABLE} alter column in_time_slots drop not null")
    con.execute("create table if not exists usage_stale (school varchar not null, day date)")
    con.execute(
        "create table if not exists usage_progress "
        "(received_until timestamp, rolled_until timestamp)"
    )
    if con.execute("select 1 from usage_progress").fetchone() is None:
        con.execute("insert into usage_progress values (null, null)")
        note_stale(con, schools(con))


def _has_old_tables(con: duckdb.DuckDBPyConnection) -> bool:
    query = "select 1 from duckdb_tables() where table_name = 'usage_rollup_state'"
    return con.execute(query).fetchone() is not None


def note_stale(con: duckdb.DuckDBPyConnection, stale: Iterable[str]) -> None:
    """Note that all days of schools are to be rolled up again."""
    rows = pa.table([list(stale)], names=["school"])
    with registered(con, {"stale_schools": rows}):
        con.execute("insert into usage_stale select school, null from stale_schools")


def note_days(
    con: duckdb.DuckDBPyConnection, some: Iterable[str], stale: Iterable[tuple[str, date]]
) -> None:
    """Say of schools that were noted as stale in all of their days which days these are."""
    con.execute("delete from usage_stale where school in (select unnest(?))", [list(some)])
    with registered(con, {"stale_days": _pairs(list(stale))}):
        con.execute("insert into usage_stale select school, day from stale_days")


def stale_days(con: duckdb.DuckDBPyConnection) -> list[tuple[str, date | None]]:
    """Return what is noted as stale."""
    found = con.execute("select distinct school, day from usage_stale order by all").fetchall()
    return [(school, day) for school, day in found]


def progress(con: duckdb.DuckDBPyConnection) -> tuple[datetime | None, datetime | None]:
    """Return up to which receipt of slots, and which moment, all is rolled up (naive UTC)."""
    rows = con.execute("select received_until, rolled_until from usage_progress").fetchall()
    return (rows[0][0], rows[0][1]) if rows else (None, None)


def note_progress(con: duckdb.DuckDBPyConnection, horizon: datetime) -> None:
    """Note that all that was received is rolled up, as of the horizon."""
    con.execute(
        "update usage_progress set rolled_until = ?, received_until = "
        "coalesce((select max(received_at) from live_slots), timestamp '1970-01-01')",
        [naive_utc(horizon)],
    )


def received_since(
    con: duckdb.DuckDBPyConnection, moment: datetime
) -> list[tuple[str, str, datetime, datetime]]:
    """Return school, asset, first and last start (aware UTC) of live slots that came since."""
    found = con.execute(
        "select school, asset, min(slot_start), max(slot_start) from live_slots "
        "where received_at > ? group by school, asset, cast(slot_start as date)",
        [moment],
    ).fetchall()
    return [
        (school, asset, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
        for school, asset, first, last in found
    ]


def schools(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the schools of which there are slots, sorted."""
    found = con.execute(
        "select school from live_slots union select school from archived_senders order by school"
    ).fetchall()
    return [school for (school,) in found]


def senders(
    con: duckdb.DuckDBPyConnection, since: datetime, some: Iterable[str] | None = None
) -> dict[str, dict[str, Sender]]:
    """Return who sends, by school: of the schools asked for, or of all."""
    asked = None if some is None else list(some)
    found: dict[str, dict[str, Sender]] = {school: {} for school in asked or ()}
    within = "" if asked is None else "school in (select unnest($schools)) and"
    parameters = {"since": naive_utc(since)} | ({} if asked is None else {"schools": asked})
    rows = con.execute(_SENDERS.format(within=within), parameters).fetchall()
    for school, asset, first, room, category in rows:
        sender = Sender(first.replace(tzinfo=UTC), room or None, category or None)
        found.setdefault(school, {})[asset] = sender
    return found


def first_days(con: duckdb.DuckDBPyConnection, some: Iterable[str]) -> dict[str, date]:
    """Return the first day with rows, by school."""
    found = con.execute(
        "select school, min(day) from usage_rollup where school in (select unnest(?)) group by 1",
        [list(some)],
    ).fetchall()
    return dict(found)


def compute(
    con: duckdb.DuckDBPyConnection,
    slots: str,
    some: Sequence[str],
    inputs: Mapping[str, pa.Table],
    rule: LessonRule,
) -> dict[str, pa.Table]:
    """Return the rows of both tables, from a query for slots and the inputs of the expressions."""
    within = "school between ? and ?"
    with registered(con, inputs):
        query = f"with slots as (select * from ({slots}) where {within}) select * from ("  # noqa: S608  ours
        seen = con.sql(query + rollup.seen_sql("duckdb") + ")", params=[min(some), max(some)])
        with registered(con, {"seen": seen.to_arrow_table()}):
            return {
                rollup.TABLE: con.sql(rollup.rows_sql("duckdb", rule)).to_arrow_table(),
                daily_rollup.TABLE: con.sql(daily_rollup.sql("duckdb")).to_arrow_table(),
            }


def replace(
    con: duckdb.DuckDBPyConnection,
    whole: Sequence[tuple[str, date]],
    targets: pa.Table,
    fresh: Mapping[str, pa.Table],
) -> None:
    """Put fresh rows in the place of old ones: of whole days of schools, and of single targets."""
    days_met = {day for _, day in whole} | set(targets["day"].unique().to_pylist())
    if not days_met:
        return
    span = {"first": min(days_met), "last": max(days_met)}
    single = targets.select(["school", "asset", "day"])
    with registered(con, {"whole_days": _pairs(whole), "single_days": single}):
        for table, rows in fresh.items():
            with registered(con, {"fresh": rows}):
                _replace(con, table, span)
        con.execute(
            "delete from usage_stale where (school, day) in (select school, day from whole_days)"
        )


def _replace(con: duckdb.DuckDBPyConnection, table: str, span: Mapping[str, date]) -> None:
    keys = _KEYS[table]
    same_key = " and ".join(f"fresh.{key} = kept.{key}" for key in keys)
    same = " and ".join(
        f"fresh.{name} is not distinct from kept.{name}" for name in _COLUMNS[table]
    )
    within = "kept.day between $first and $last"
    con.execute(
        f"""
        delete from {table} as kept where {within}
        and ((school, day) in (select school, day from whole_days)
             or (school, asset, day) in (select school, asset, day from single_days))
        and not exists (select 1 from fresh where {same_key} and {same})
        """,  # noqa: S608  names of our own
        dict(span),
    )
    con.execute(
        f"""
        insert into {table} select * from fresh where not exists (
            select 1 from {table} as kept where {within} and {same_key}
        ) order by school, day, asset
        """,  # noqa: S608  as above
        dict(span),
    )


def _pairs(pairs: Sequence[tuple[str, date]]) -> pa.Table:
    return pa.table([[s for s, _ in pairs], [d for _, d in pairs]], schema=_STALE)


@contextmanager
def registered(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> Iterator[None]:
    """Let a cursor name Arrow tables, for the length of a block."""
    for name, table in tables.items():
        con.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            con.unregister(name)
