"""The roll-up on Apache Spark: the same expressions, in the process here or on a cluster.

Slots, inputs and output have to lie where every worker reaches them under the same path. What
arrived per asset, day and period is written down before it is used twice: whatever dies later, the
slots are not gone through again.
"""

import shutil
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import ibis  # type: ignore[import-untyped]  # it ships no types
import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types

from cloud.errors import LoadError, SettingsError
from cloud.telemetry.rollup_files import INPUTS, Progress, RollupJob
from cloud.telemetry.rollup_store import RollupPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SECONDS = ("active_s", "standby_s", "off_s", "unobserved_s", "energy_wh")
_IN_PROCESS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "16",
}
"""What suits a master that is this very process."""


class SparkEngine:
    """A Spark session of its own."""

    def __init__(
        self, slots: Path, plan: RollupPlan, *, master: str, conf: Mapping[str, str]
    ) -> None:
        if not slots.exists():
            raise LoadError(f"{slots}: no such file or folder")
        self._plan = plan
        self._spark = _session(master, conf)
        read = self._spark.read.option("recursiveFileLookup", "true").parquet(str(slots))
        for name in _SECONDS:
            read = read.withColumn(name, read[name].cast("double"))
        read.withColumnRenamed("received_at", "first_received_at").createOrReplaceTempView("slots")

    def senders(self) -> list[tuple[str, str, datetime, str | None, str | None, datetime]]:
        """Return who sent slots: the rows of the plan's `senders` (UTC without a zone)."""
        return [
            (row.school, row.asset, row.first_slot, row.room, row.category, row.last_slot)
            for row in self._run(self._plan.senders).collect()
        ]

    def roll_up(self, job: RollupJob, progress: Progress) -> dict[str, int]:
        """Write a folder for each table."""
        for name in INPUTS:
            self._spark.read.parquet(str(job.inputs / name)).createOrReplaceTempView(name)
        seen = job.out / "seen"
        self._write(self._run(self._plan.seen), seen)
        progress("roll-up", 1, 3)
        self._spark.read.parquet(str(seen)).createOrReplaceTempView("seen")
        tables = {
            "usage_rollup": self._plan.period_use,
            "usage_days": self._plan.day_use,
        }
        counts = {}
        for number, (name, expression) in enumerate(tables.items(), 2):
            self._write(self._run(expression), job.out / name)
            counts[name] = self._spark.read.parquet(str(job.out / name)).count()
            progress("roll-up", number, 3)
        shutil.rmtree(seen)
        return counts

    def close(self) -> None:
        """Stop the session."""
        self._spark.stop()

    def _run(self, expression: ir.Table) -> "DataFrame":
        return self._spark.sql(str(ibis.to_sql(expression, dialect="pyspark")))

    def _write(self, rows: "DataFrame", folder: Path) -> None:
        rows.write.mode("errorifexists").parquet(str(folder))


def _session(master: str, conf: Mapping[str, str]) -> "SparkSession":
    if shutil.which("java") is None:
        raise SettingsError("Spark needs Java 17; install openjdk-17-jre-headless")
    with warnings.catch_warnings():
        # PySpark warns about a pandas that nothing here uses.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415  an extra, and heavy

            _ = ibis.pyspark  # its compiler has options that come with the backend
        except ImportError:
            raise SettingsError("Spark is not installed; install smart-campus[spark]") from None
        builder = SparkSession.builder.master(master).appName("campus-cloud rollup")
        settings = {
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.showConsoleProgress": "false",
            **(_IN_PROCESS if master.startswith("local") else {}),
            **conf,
        }
        for key, value in settings.items():
            builder = builder.config(key, value)
        session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
