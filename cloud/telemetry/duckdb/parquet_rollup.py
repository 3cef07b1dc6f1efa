"""The roll-up from Parquet to Parquet on DuckDB, day by day, on one machine and without a store."""

from datetime import datetime
from pathlib import Path

import duckdb

from cloud.errors import LoadError
from cloud.telemetry.duckdb.rollups import DAYS, PERIODS, statements
from cloud.telemetry.rollup_files import INPUTS, Progress, RollupJob
from cloud.telemetry.rollup_store import RollupPlan
from cloud.telemetry.tables import naive_utc

_SLOTS = """
create view slots as
select school, asset, slot_start, room, category, active_s::double as active_s,
       standby_s::double as standby_s, off_s::double as off_s, unobserved_s::double as unobserved_s,
       energy_wh::double as energy_wh, received_at as first_received_at
from read_parquet('{files}', hive_partitioning = false)
"""


class DuckDBEngine:
    """A connection of its own, in memory, that spills to a folder."""

    def __init__(
        self, slots: Path, spill: Path, plan: RollupPlan, *, memory_mb: int, threads: int
    ) -> None:
        self._statements = statements(plan)
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_mb}MB",
                "threads": threads,
                "temp_directory": str(spill),
                "autoinstall_known_extensions": False,
            }
        )
        files = str(slots / "**" / "*.parquet" if slots.is_dir() else slots).replace("'", "''")
        try:
            self._connection.execute(_SLOTS.format(files=files))
        except duckdb.Error as error:
            self._connection.close()
            raise LoadError(f"{slots}: not Parquet of usage slots: {error}") from None

    def senders(self) -> list[tuple[str, str, datetime, str | None, str | None, datetime]]:
        """Return who sent slots: the rows of the plan's `senders` (UTC without a zone)."""
        return self._connection.execute(self._statements.senders).fetchall()

    def roll_up(self, job: RollupJob, progress: Progress) -> dict[str, int]:
        """Write a file for each table and day; returns how many rows each table has."""
        tables = {PERIODS: self._statements.period_use, DAYS: self._statements.day_use}
        counts = dict.fromkeys(tables, 0)
        for table in tables:
            (job.out / table).mkdir(parents=True)
        for number, (day, first, last) in enumerate(job.days, 1):
            for name in INPUTS:
                path = str(job.inputs / name / f"{day}.parquet").replace("'", "''")
                self._connection.execute(
                    f"create or replace view {name} as from read_parquet('{path}')"
                )
            span = f"slot_start between '{naive_utc(first)}' and '{naive_utc(last)}'"
            query = f"with slots as (from main.slots where {span}) from ({self._statements.seen})"
            self._connection.execute(f"create or replace temp table seen as {query}")
            for table, query in tables.items():
                path = str(job.out / table / f"{day}.parquet").replace("'", "''")
                statement = f"copy ({query}) to '{path}' (format parquet)"
                row = self._connection.execute(statement).fetchone()
                counts[table] += int(row[0]) if row else 0
            progress("roll-up", number, len(job.days))
        return counts

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
