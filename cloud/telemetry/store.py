"""What every telemetry store offers, whatever keeps the data.

Telemetry is points: a series (measurement and tags), a field, a time in nanoseconds, a value. A
point is identified by series, field and time; the last write of it wins, so writing twice changes
nothing. Four measurements mean more than that to the cloud:

- `reading` (tags school, room, asset, category, profile): the newest value per asset and point is
  at hand without a query (`latest_readings`).
- `usage` (tags school, room, asset, category): kept as slots (`usage_slots`), one per school, asset
  and slot start.
- `gateway` (tags school, gateway; and asset, device, profile, protocol for one device).
- `event` (tags school, asset, type; without asset one of the gateway itself): its `text`, and a
  `value` where there is one (`events`).

Tables that other parts may query through `read` (all times are TIMESTAMP, naive UTC):

    usage_slots(school VARCHAR, asset VARCHAR, slot_start TIMESTAMP, room VARCHAR, category VARCHAR,
                active_s DOUBLE, standby_s DOUBLE, off_s DOUBLE, unobserved_s DOUBLE,
                energy_wh DOUBLE, received_at TIMESTAMP, first_received_at TIMESTAMP)

It is a view: of `live_slots`, the same columns with a primary key, and of archived files. A slot
that was sent again has `received_at` of the last and `first_received_at` of the first time.

Other parts may keep tables of their own in the same file: they create them with `run_write`.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import duckdb

from cloud.telemetry.line_protocol import Batch
from device_profiles.reading import Value

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest value of one field of one series."""

    value: Value
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class AssetLatest:
    """Everything last heard of one asset: its place as tagged, and its newest values by point."""

    school: str
    asset: str
    room: str
    category: str
    profile: str
    points: dict[str, Latest]


@dataclass(frozen=True, slots=True)
class GatewayLatest:
    """The newest health report of a gateway, or of one of its devices (`device` is then set)."""

    school: str
    gateway: str
    asset: str
    device: str
    profile: str
    protocol: str
    fields: dict[str, Latest]


@dataclass(frozen=True, slots=True)
class UsageWritten:
    """Slots of one asset that were written: every slot start lies in `first` .. `last`."""

    school: str
    asset: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """One row of `usage_slots`; `start` is aware UTC."""

    school: str
    asset: str
    start: datetime
    active_s: float
    standby_s: float
    off_s: float
    unobserved_s: float
    energy_wh: float | None


@dataclass(frozen=True, slots=True)
class StoredReading:
    """One stored reading; `observed_at` is aware UTC."""

    asset: str
    point: str
    observed_at: datetime
    value: Value


@dataclass(frozen=True, slots=True)
class Reported:
    """One event; `asset` is None for one of the gateway itself, `at` is aware UTC."""

    asset: str | None
    type: str
    at: datetime
    text: str
    value: float | None


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of a batch that is now durable: fields that changed type were left out."""

    written: int
    dropped: int
    conflict: str | None
    """The first conflict in InfluxDB's words."""


UsageCallback = Callable[[Sequence[UsageWritten]], None]
PointsCallback = Callable[[Sequence[tuple[str, str]]], None]


class TelemetryStore(Protocol):
    """A durable store of points, with one writer thread and several reader threads of its own."""

    def write(self, batch: Batch) -> Awaitable[WriteResult]:
        """Store a batch; done once it is durable. Raises StoreBusy when too much is waiting."""

    def run_write(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> "Future[T]":
        """Run `work(cursor)` on the writer thread, inside one transaction of its own.

        Await it with `asyncio.wrap_future(...)`, or `.result()` outside the event loop and outside
        the writer thread.
        """

    def read(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Awaitable[T]:
        """Run `work(cursor)` on a reader thread, off the event loop."""

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor for the calling thread; the caller closes it."""

    def on_usage(self, callback: UsageCallback) -> None:
        """Call back after every commit that wrote slots, on the writer thread: be quick."""

    def on_points(self, callback: PointsCallback) -> None:
        """Call back after every commit with the (school, asset) pairs that have new readings.

        On the writer thread: be quick, and hand over to the event loop with
        `call_soon_threadsafe`.
        """

    def latest_readings(self, school: str, asset: str | None = None) -> list[AssetLatest]:
        """Return what was last heard of the assets of a school, from memory, without `_quality`."""

    def latest_gateways(self, school: str | None = None) -> list[GatewayLatest]:
        """Return the newest reports of gateways and of their devices, from memory."""

    def schools(self) -> list[str]:
        """Return the schools from which anything was ever heard, sorted."""

    def readings(
        self,
        school: str,
        asset: str,
        start: datetime,
        end: datetime,
        *,
        points: Sequence[str] | None = None,
        limit: int = 10_000,
    ) -> Awaitable[dict[str, list[tuple[datetime, Value]]]]:
        """Return the readings in [start, end) by point, in order; the newest `limit` of each."""

    def events(
        self,
        school: str,
        assets: Sequence[str],
        start: datetime | None,
        end: datetime | None,
        *,
        limit: int,
    ) -> Awaitable[list[Reported]]:
        """Return the newest events in [start, end), newest first; an empty asset is a gateway."""

    def gateway_history(
        self, gateway: str, start: datetime, end: datetime, fields: Sequence[str]
    ) -> Awaitable[list[tuple[datetime, dict[str, Value]]]]:
        """Return a gateway's own reports in [start, end), in order."""

    def slots(
        self, school: str, asset: str, start: datetime, end: datetime
    ) -> Awaitable[list[Slot]]:
        """Return the usage slots that start in [start, end), in order."""

    def slots_sql(self, cursor: duckdb.DuckDBPyConnection, first: datetime, last: datetime) -> str:
        """Return a query for the rows of `usage_slots` that start in a span, both included.

        It names only the files that may hold some, so it is quicker than the view.
        """

    def export_readings(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[StoredReading]]:
        """Yield all readings in chunks, by asset, point and time; blocks, for a worker thread."""

    def export_slots(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[Slot]]:
        """Yield all usage slots in chunks, by asset and time; blocks, for a worker thread."""

    def purge(self, readings_before: datetime, slots_before: datetime) -> Awaitable[int]:
        """Delete what is older; returns how many rows went. Archived slots go by whole files."""

    def close(self) -> None:
        """Finish what is queued and close the file."""
