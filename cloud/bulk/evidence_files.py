"""A roll-up that lies as Parquet, as the store from which an assessment is made.

What `campus-cloud rollup` wrote, and the readings of sensors, are put into a telemetry file that
lives as long as the assessment takes: so it is gathered and scored by the same code as ever, and
comes to the same digest.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import duckdb

from cloud.errors import LoadError
from cloud.telemetry.duckdb import DuckDBStore
from cloud.utilization import daily_rollup, rollup, rollup_store

_TABLES = {rollup.TABLE: rollup.COLUMNS, daily_rollup.TABLE: daily_rollup.COLUMNS}
_TAKE = """
insert into {table} select {columns} from read_parquet(?, hive_partitioning = false)
where day <= ? and school in (select unnest(?)) order by school, asset, day
"""


@asynccontextmanager
async def evidence_store(
    folder: Path,
    readings: Path | None,
    *,
    schools: Sequence[str],
    end: date,
    memory_mb: int,
    threads: int,
) -> AsyncIterator[DuckDBStore]:
    """Open a store of what is known of schools up to a day; its file is temporary (TMPDIR).

    Raises LoadError where the files are not those of a roll-up, or say nothing of the schools.
    """
    with tempfile.TemporaryDirectory(prefix="campus-evidence-") as temporary:
        path = Path(temporary) / "telemetry.duckdb"
        store = DuckDBStore(path, memory_mb=memory_mb, threads=threads)
        try:
            taken = await asyncio.wrap_future(
                store.run_write(lambda con: _take(con, folder, schools, end))
            )
            if not taken:
                raise LoadError(f"{folder}: says nothing of any of {len(schools)} schools by {end}")
            for files in _by_folder(readings):
                await store.put_readings(files)
            yield store
        finally:
            store.close()


def _take(con: duckdb.DuckDBPyConnection, folder: Path, schools: Sequence[str], end: date) -> int:
    """Fill the tables of the roll-up; returns how many rows."""
    rollup_store.make_tables(con)
    taken = 0
    for table, columns in _TABLES.items():
        files = str(folder / table / "*.parquet")
        query = _TAKE.format(table=table, columns=", ".join(columns))
        try:
            (rows,) = con.execute(query, [files, end, list(schools)]).fetchall()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise LoadError(
                f"{folder / table}: not what `campus-cloud rollup` writes: {reason}"
            ) from None
        taken += int(rows[0])
    return taken


def _by_folder(readings: Path | None) -> list[list[Path]]:
    if readings is None:
        return []
    if not readings.is_dir():
        raise LoadError(f"{readings}: no such folder of readings")
    found: dict[Path, list[Path]] = {}
    for path in sorted(readings.rglob("*.parquet")):
        found.setdefault(path.parent, []).append(path)
    return list(found.values())
