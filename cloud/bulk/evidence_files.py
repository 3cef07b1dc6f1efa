"""A roll-up that lies as Parquet, as the store from which an assessment is made.

What `campus-cloud rollup` wrote, and the readings of sensors, are put into a telemetry file that
lives as long as the assessment takes: so it is gathered and scored by the same code as ever, and
comes to the same digest.
"""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from cloud.errors import LoadError
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.store import TelemetryStore

_TABLES = ("usage_rollup", "usage_days")


@asynccontextmanager
async def evidence_store(
    folder: Path,
    readings: Path | None,
    *,
    schools: Sequence[str],
    end: date,
    memory_mb: int,
    threads: int,
) -> AsyncIterator[TelemetryStore]:
    """Open a store of what is known of schools up to a day; its file is temporary (TMPDIR).

    Raises LoadError where the files are not those of a roll-up, or have no row of the schools.
    """
    with tempfile.TemporaryDirectory(prefix="campus-evidence-") as temporary:
        path = Path(temporary) / "telemetry.duckdb"
        store = DuckDBStore(path, memory_mb=memory_mb, threads=threads)
        try:
            await store.rollups.prepare()
            folders = {table: folder / table for table in _TABLES}
            taken = await store.rollups.load_files(folders, schools, end)
            if not taken:
                raise LoadError(
                    f"{folder}: holds no row of any of {len(schools)} schools up to {end}"
                )
            for files in _by_folder(readings):
                await store.load_readings(files)
            yield store
        finally:
            store.close()


def _by_folder(readings: Path | None) -> list[list[Path]]:
    if readings is None:
        return []
    if not readings.is_dir():
        raise LoadError(f"{readings}: no such folder of readings")
    by_folder: dict[Path, list[Path]] = {}
    for path in sorted(readings.rglob("*.parquet")):
        by_folder.setdefault(path.parent, []).append(path)
    return list(by_folder.values())
