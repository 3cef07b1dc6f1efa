"""Slots of whole days as Parquet files next to the DuckDB file, for what comes in bulk.

A city's slots of a term are more than a billion rows: an index over them fits into no memory. A
bulk load leaves them in the files in which they are sorted already; the view `usage_slots` reads
the table of live slots and the files as one.

Invariants:

- A file holds slots of one local day, sorted by school, asset and slot start, each of them once.
- Of one day at most one file holds slots of a school. So no two files hold the same slot.
- A slot that a gateway wrote (table `live_slots`) counts instead of an archived one.
- A file is named by the digest of its content, is never changed, and counts once `archived_files`
  names it: the same file twice changes nothing, and one left over by a crash is swept away.
- `archived_senders` has who sent, per file, so that the files need not be read for it.
"""

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from cloud.errors import LoadError, StoreFailed
from cloud.telemetry.bulk_files import SlotFile

_NUMBERS = ("active_s", "standby_s", "off_s", "unobserved_s", "energy_wh")
_LIVE = """
select school, asset, slot_start, room, category, active_s, standby_s, off_s, unobserved_s,
       energy_wh, received_at, first_received_at
from live_slots
"""
_OBSERVED = "coalesce(active_s, 0) + coalesce(standby_s, 0) + coalesce(off_s, 0) > 0"
STATE = """case greatest(
    coalesce(active_s, 0), coalesce(standby_s, 0), coalesce(off_s, 0), coalesce(unobserved_s, 0)
) when coalesce(active_s, 0) then 'active' when coalesce(standby_s, 0) then 'standby'
when coalesce(off_s, 0) then 'off' else 'unobserved' end"""
"""The state that took most of a slot, as `cloud.domain.prevailing`."""
_LAST_OBSERVED = f"""max(slot_start) filter ({_OBSERVED}) as last_observed,
       arg_max({STATE}, slot_start) filter ({_OBSERVED}) as last_state"""
_WHO_SENT = f"""
insert into archived_senders
select ?, ?::date, school, asset, min(slot_start), max(slot_start),
       arg_max(room, slot_start), arg_max(category, slot_start), {_LAST_OBSERVED}
from read_parquet(?, hive_partitioning = false) group by school, asset order by school, asset
"""  # noqa: S608  fixed
_FILL = f"""
update archived_senders as kept set last_observed = here.last_observed, last_state = here.last_state
from (
    select school, asset, {_LAST_OBSERVED}
    from read_parquet($path, hive_partitioning = false) group by school, asset
) as here
where kept.file = $file and kept.school = here.school and kept.asset = here.asset
"""  # noqa: S608  fixed
LATEST_SLOTS = f"""
select school, asset, arg_max(room, start), arg_max(category, start), max(start),
       arg_max(state, start)
from (
    select school, asset, room, category, slot_start as start, {STATE} as state
    from live_slots where {_OBSERVED}
    union all
    select school, asset, room, category, last_observed, last_state
    from archived_senders where last_observed is not null
) group by school, asset
"""  # noqa: S608  fixed
"""Of each asset the newest slot with a second observed."""
_OUT_OF_ORDER = """
select school, asset, slot_start from (
    select school, asset, slot_start, lag((school, asset, slot_start)) over () as before
    from read_parquet(?, hive_partitioning = false)
) where (school, asset, slot_start) <= before limit 1
"""


class Archive:
    """The folder of archived files; all methods take the cursor of the writer's transaction."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, cursor: duckdb.DuckDBPyConnection, digest: str) -> bool:
        """Whether a file of this content is archived."""
        query = "select 1 from archived_files where digest = ?"
        return cursor.execute(query, [digest]).fetchone() is not None

    def add(self, cursor: duckdb.DuckDBPyConnection, file: SlotFile) -> bool:
        """Take a file in; False where it is here already. Call `attach` after the last one.

        Raises LoadError where another file holds slots of one of its schools on its day, or where
        it is not sorted.
        """
        if self.has(cursor, file.digest):
            return False
        stray = cursor.execute(_OUT_OF_ORDER, [str(file.path)]).fetchone()
        if stray is not None:
            raise LoadError(
                f"{file.path}: the slot of {stray[0]} {stray[1]} at {stray[2]} is double or out "
                "of order; sort by school, asset and slot_start"
            )
        cursor.execute(_WHO_SENT, [file.name, file.day, str(file.path)])
        rival = cursor.execute(
            "select school from archived_senders where day = ? and file = ? and school in "
            "(select school from archived_senders where day = ? and file <> ?) limit 1",
            [file.day, file.name, file.day, file.name],
        ).fetchone()
        if rival is not None:
            raise LoadError(
                f"{file.path}: slots of school {rival[0]} on {file.day} were loaded before, from a "
                "file with other contents; load into a new --data folder"
            )
        _copy(file.path, self.folder / file.name)
        cursor.execute(
            "insert into archived_files values (?, ?, ?, ?, ?, ?)",
            [file.name, file.digest, file.day, file.rows, file.first_slot, file.last_slot],
        )
        return True

    def fill(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Note of every file which slots were observed last, as `add` does of a new one."""
        for (name,) in cursor.execute("select path from archived_files order by path").fetchall():
            cursor.execute(_FILL, {"path": str(self.folder / name), "file": name})

    def schools(self, cursor: duckdb.DuckDBPyConnection, file: SlotFile) -> list[str]:
        """Return the schools whose slots an archived file holds, sorted."""
        rows = cursor.execute(
            "select distinct school from archived_senders where file = ? order by school",
            [file.name],
        ).fetchall()
        return [school for (school,) in rows]

    def paths(
        self,
        cursor: duckdb.DuckDBPyConnection,
        first: datetime | None = None,
        last: datetime | None = None,
    ) -> list[str]:
        """Return the files that may hold slots of a span (naive UTC, both included), or all."""
        rows = cursor.execute(
            "select path from archived_files where last_slot >= ? and first_slot <= ? "
            "order by day, path",
            [first or datetime.min, last or datetime.max],  # noqa: DTZ901  compared with naive UTC
        ).fetchall()
        return [str(self.folder / name) for (name,) in rows]

    def slots_sql(
        self,
        cursor: duckdb.DuckDBPyConnection,
        first: datetime | None = None,
        last: datetime | None = None,
    ) -> str:
        """Return a query for all slots, live and archived, or for those of a span."""
        paths = self.paths(cursor, first, last)
        return f"{_LIVE}{_of_span('where', first, last)}" + (
            f"union all {_archived(paths, first, last)}" if paths else ""
        )

    def attach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Let the view `usage_slots` read every file; raises StoreFailed where one is lost."""
        for path in self.paths(cursor):
            if not Path(path).is_file():
                raise StoreFailed(
                    f"{path}: an archived file of slots is missing; restore it from a copy"
                )
        cursor.execute(f"create or replace view usage_slots as {self.slots_sql(cursor)}")

    def drop_before(self, cursor: duckdb.DuckDBPyConnection, moment: datetime) -> int:
        """Forget the files that end before a moment (naive UTC); returns how many slots went.

        The files themselves go with the next sweep: a reader may have them open.
        """
        row = cursor.execute(
            "select coalesce(sum(rows), 0)::bigint from archived_files where last_slot < ?",
            [moment],
        ).fetchone()
        gone = int(row[0]) if row else 0
        if gone:
            cursor.execute(
                "delete from archived_senders where file in "
                "(select path from archived_files where last_slot < ?)",
                [moment],
            )
            cursor.execute("delete from archived_files where last_slot < ?", [moment])
            self.attach(cursor)
        return gone

    def sweep(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Delete the files that do not count: forgotten ones, and those of a load that died."""
        kept = set(self.paths(cursor))
        for path in [*self.folder.glob("day=*/*.parquet"), *self.folder.glob("day=*/*.part")]:
            if str(path) not in kept:
                path.unlink(missing_ok=True)


def _archived(paths: Sequence[str], first: datetime | None, last: datetime | None) -> str:
    numbers = ", ".join(f"{name}::double as {name}" for name in _NUMBERS)
    files = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"""
select school, asset, slot_start, room, category, {numbers}, received_at,
       received_at as first_received_at
from read_parquet([{files}], hive_partitioning = false) as archived
where not exists (
    select 1 from live_slots as live where live.school = archived.school
    and live.asset = archived.asset and live.slot_start = archived.slot_start
    {_of_span("and live.", first, last)}
) {_of_span("and", first, last)}
"""  # noqa: S608  paths of our own, quoted


def _of_span(begin: str, first: datetime | None, last: datetime | None) -> str:
    space = "" if begin.endswith(".") else " "
    if first is None or last is None:
        return ""
    return f"{begin}{space}slot_start between timestamp '{first}' and timestamp '{last}'\n"


def _copy(source: Path, target: Path) -> None:
    """Copy a file so that it is there whole, and on the disk, or not at all."""
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise StoreFailed(f"{target}: cannot be written: {error.strerror}") from error
