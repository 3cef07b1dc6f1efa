"""The roll-up on DuckDB, day by day: what one machine does without a store."""

from datetime import datetime
from pathlib import Path

import duckdb

from cloud.bulk.rollup import INPUTS, SENDERS, Job, Told
from cloud.errors import LoadError
from cloud.telemetry.archive import naive_utc
from cloud.utilization import daily_rollup, rollup
from cloud.utilization.reference_rollup import LessonRule

_SLOTS = """
create view slots as
select school, asset, slot_start, room, category, active_s::double as active_s,
       standby_s::double as standby_s, off_s::double as off_s, unobserved_s::double as unobserved_s,
       energy_wh::double as energy_wh, received_at as first_received_at
from read_parquet('{files}', hive_partitioning = false)
"""


class DuckDBEngine:
    """A connection of its own, in memory, that spills to a folder."""

    def __init__(self, slots: Path, spill: Path, *, memory_mb: int, threads: int) -> None:
        self._con = duckdb.connect(
            config={
                "memory_limit": f"{memory_mb}MB",
                "threads": threads,
                "temp_directory": str(spill),
                "autoinstall_known_extensions": False,
            }
        )
        files = str(slots / "**" / "*.parquet" if slots.is_dir() else slots).replace("'", "''")
        try:
            self._con.execute(_SLOTS.format(files=files))
        except duckdb.Error as error:
            self._con.close()
            raise LoadError(f"{slots}: not Parquet of usage slots: {error}") from None

    def senders(self) -> list[tuple[str, str, datetime, str | None, str | None, datetime]]:
        """Return who sent."""
        return self._con.execute(SENDERS).fetchall()

    def roll_up(self, job: Job, told: Told) -> dict[str, int]:
        """Write a file for each table and day."""
        tables = {
            rollup.TABLE: rollup.rows_sql("duckdb", LessonRule()),
            daily_rollup.TABLE: daily_rollup.sql("duckdb"),
        }
        counts = dict.fromkeys(tables, 0)
        for name in tables:
            (job.out / name).mkdir(parents=True)
        for number, (day, first, last) in enumerate(job.days, 1):
            for name in INPUTS:
                path = str(job.inputs / name / f"{day}.parquet").replace("'", "''")
                self._con.execute(f"create or replace view {name} as from read_parquet('{path}')")
            span = f"slot_start between '{naive_utc(first)}' and '{naive_utc(last)}'"
            query = (
                f"with slots as (from main.slots where {span}) from ({rollup.seen_sql('duckdb')})"
            )
            self._con.execute(f"create or replace temp table seen as {query}")
            for name, sql in tables.items():
                path = str(job.out / name / f"{day}.parquet").replace("'", "''")
                row = self._con.execute(f"copy ({sql}) to '{path}' (format parquet)").fetchone()
                counts[name] += int(row[0]) if row else 0
            told("roll-up", number, len(job.days))
        return counts

    def close(self) -> None:
        """Close the connection."""
        self._con.close()
