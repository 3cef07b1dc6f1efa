"""The roll-up of usage slots, kept: one row per asset, day and period, and one per asset and day.

Everything here can be computed again from slots and the schools' records. The rows are kept so that
a page or a score reads a term without its slots. `cloud.utilization.refresh` keeps them true:

- `period_use` and `day_use` hold the rows (schemas of `cloud.telemetry.tables`). The keys (school,
  asset, day, period) and (school, asset, day) are unique.
- What no longer follows the slots and records is noted as stale, by school and day, in the commit
  that made it so; the note goes with the commit of the new rows.
- Progress is the receipt of slots, and the moment, up to which everything is rolled up.

How rows follow from slots is not decided here: a store is handed a `RollupPlan` and runs it with
whatever engine it has.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

SchoolDay = tuple[str, date]


@dataclass(frozen=True, slots=True, eq=False)
class RollupPlan:
    """How the roll-up follows from slots: Ibis expressions over unbound tables.

    - `senders` and `seen` are over `slots`, `seen` also over `cuts`.
    - `period_use` and `day_use` are over `seen` (what the expression of that name gave), `cuts`,
      `targets` and `lessons`.

    `slots` has the columns of a usage slot, with `first_received_at`. A plan is equal to itself
    alone, so that an engine may keep what it made of it.
    """

    senders: ir.Table
    seen: ir.Table
    period_use: ir.Table
    day_use: ir.Table


@dataclass(frozen=True, slots=True)
class RollupInputs:
    """The tables that a plan names cuts, targets and lessons, and the slots they are about."""

    schools: Sequence[str]
    cuts: pa.Table
    targets: pa.Table
    lessons: pa.Table
    first: datetime
    last: datetime
    """The span of slot starts, both included (aware UTC)."""


@dataclass(frozen=True, slots=True)
class RollupRows:
    """Rows of both tables, of schemas `tables.PERIOD_USE` and `tables.DAY_USE`."""

    period_use: pa.Table
    day_use: pa.Table


@dataclass(frozen=True, slots=True)
class RollupProgress:
    """Up to which receipt of slots, and which moment, everything is rolled up (aware UTC)."""

    received_until: datetime | None
    rolled_until: datetime | None


class RollupStore(Protocol):
    """Keeps the roll-up of one telemetry store."""

    def prepare(self) -> Awaitable[None]:
        """Make what is missing. Where there was nothing yet, every school with slots is stale."""

    def compute(self, plan: RollupPlan, inputs: RollupInputs) -> Awaitable[RollupRows]:
        """Return the rows that a plan makes of the slots of some schools in a span."""

    def replace(
        self, whole: Sequence[SchoolDay], targets: pa.Table, rows: RollupRows
    ) -> Awaitable[None]:
        """Put rows in the place of old ones: of whole days of schools, and of single targets.

        `targets` names (school, asset, day). The notes that the whole days are stale go with it.
        """

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
        """Return the rows `PERIOD_USE` of a span of days, both included.

        They are ordered by school, asset_id, day and period. Names that the ledger does not know
        are among them only if `with_unknown`.
        """

    def day_use(
        self, schools: Sequence[str], start: date, end: date, *, with_unknown: bool = False
    ) -> Awaitable[pa.Table]:
        """Return the rows `DAY_USE` of the school days in a span, both included.

        A school day has a row of a period, or of a break. Ordered by school, asset and day.
        """

    def last_observed(self, schools: Sequence[str], until: date) -> Awaitable[pa.Table]:
        """Return the rows `LAST_OBSERVED` up to a day, included, ordered by school and device."""

    def first_days(self, schools: Sequence[str]) -> Awaitable[dict[str, date]]:
        """Return the first day with rows, by school; schools without rows are left out."""

    def note_stale(self, schools: Iterable[str]) -> "Future[None]":
        """Note that all days of schools are stale; may be called from any thread."""

    def note_stale_days(self, schools: Iterable[str], days: Iterable[SchoolDay]) -> Awaitable[None]:
        """Replace what is noted of schools by single days."""

    def stale_days(self) -> Awaitable[list[tuple[str, date | None]]]:
        """Return what is noted as stale, sorted, all days of a school (None) last."""

    def note_progress(
        self, rolled_until: datetime, is_complete: Callable[[], bool]
    ) -> Awaitable[None]:
        """Note that everything received is rolled up, as of a moment, if `is_complete`.

        `is_complete` is asked where no write of slots can come between its answer and the note.
        """

    def progress(self) -> Awaitable[RollupProgress]:
        """Return up to where everything is rolled up."""


class BulkRollupStore(RollupStore, Protocol):
    """Keeps a roll-up that may also come from files."""

    def load_files(
        self, folders: Mapping[str, Path], schools: Sequence[str], end: date
    ) -> Awaitable[int]:
        """Take rows of schools up to a day, included, from the folders of `campus-cloud rollup`.

        `folders` has one folder of Parquet for each of `usage_rollup` and `usage_days`. Returns how
        many rows; raises LoadError where the files are of another kind.
        """
