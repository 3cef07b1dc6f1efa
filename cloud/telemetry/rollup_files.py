"""The roll-up from Parquet to Parquet: what an engine is given, and what it has to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

Progress = Callable[[str, int, int], None]
"""Called with a step, how much of it is done, and of how much."""
INPUTS = ("cuts", "targets", "lessons")
"""Folders of a job's inputs, one Parquet file a day."""


@dataclass(frozen=True, slots=True)
class RollupJob:
    """Folders of Parquet, and the span of slots of each day (aware UTC, both included)."""

    slots: Path
    inputs: Path
    out: Path
    days: tuple[tuple[date, datetime, datetime], ...]


class RollupEngine(Protocol):
    """DuckDB or Spark, with the slots at hand and a plan to run."""

    def senders(self) -> Iterable[tuple[str, str, datetime, str | None, str | None, datetime]]:
        """Return who sent slots: the rows of the plan's `senders` (UTC without a zone)."""

    def roll_up(self, job: RollupJob, progress: Progress) -> dict[str, int]:
        """Write the tables usage_rollup and usage_days; returns how many rows each has."""

    def close(self) -> None:
        """Release everything."""
