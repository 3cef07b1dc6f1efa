"""The telemetry store: the questions the cloud asks, whatever keeps the data.

Telemetry is points: a series (measurement and tags), a field, a time in nanoseconds, a value. A
point is identified by series, field and time; the last write of it wins, so writing twice changes
nothing. Four measurements have a meaning of their own:

- `reading` (tags school, room, asset, category, profile): the latest value per asset and point is
  answered from memory (`latest_readings`).
- `usage` (tags school, room, asset, category): kept as usage slots, one per school, asset and slot
  start. A later write of a slot replaces what it names and keeps what it leaves out.
- `gateway` (tags school, gateway; and asset, device, profile, protocol for one device).
- `event` (tags school, asset, type; without asset one of the gateway itself): its `text`, and a
  `value` where there is one.

The idiom of the questions:

- No method takes or returns a query, a cursor or an expression of one database.
- A few things are answered as frozen dataclasses with aware UTC times. Rows in bulk are answered as
  Arrow tables whose schema is a constant of `cloud.telemetry.tables`; times there are UTC without a
  zone, or nanoseconds where the name ends in `_ns`.
- A span is [start, end): `end` is excluded. Where `end` is included, the docstring has it.
- A store knows tags, not the ledger: it joins nothing with schools' records.
- Reads see every write whose answer has come back.

What is derived from slots is kept apart (`cloud.telemetry.rollup_store`); `rollups` is where this
store keeps it. `tests/contracts/test_store.py` runs the same suite over every store.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.domain import State
from cloud.telemetry.bulk_files import SlotFile
from cloud.telemetry.line_protocol import Batch, SeriesKey
from cloud.telemetry.rollup_store import BulkRollupStore, RollupStore
from device_profiles.reading import Value


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest value of one field of one series."""

    value: Value
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class AssetLatest:
    """The latest readings of one asset: its place as tagged, and its latest values by point."""

    school: str
    asset: str
    room: str
    category: str
    profile: str
    points: dict[str, Latest]


@dataclass(frozen=True, slots=True)
class GatewayLatest:
    """The latest health report of a gateway, or of one of its devices (`device` is then set)."""

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
    """One usage slot: seconds in each state; `start` is aware UTC."""

    school: str
    asset: str
    start: datetime
    active_s: float
    standby_s: float
    off_s: float
    unobserved_s: float
    energy_wh: float | None


@dataclass(frozen=True, slots=True)
class LatestSlot:
    """The newest usage slot of an asset with a second observed: its place as tagged, its state."""

    school: str
    asset: str
    room: str
    category: str
    start: datetime
    state: State
    """The state that took most of it."""


@dataclass(frozen=True, slots=True)
class Sender:
    """An asset as its slots describe it: its tags, and when its first slot began (aware UTC)."""

    first: datetime
    room: str | None
    category: str | None


@dataclass(frozen=True, slots=True)
class Sensor:
    """One point of one series of readings, with its place as tagged."""

    school: str
    asset: str
    room: str
    category: str
    profile: str
    point: str


def sensor_of(series: SeriesKey, point: str) -> Sensor:
    """Return the sensor that a series of readings and a point make."""
    tags = dict(series.tags)
    return Sensor(
        school=tags.get("school", ""),
        asset=tags.get("asset", ""),
        room=tags.get("room", ""),
        category=tags.get("category", ""),
        profile=tags.get("profile", ""),
        point=point,
    )


@dataclass(frozen=True, slots=True)
class Samples:
    """Numeric readings of many sensors."""

    sensors: Sequence[Sensor]
    rows: pa.Table
    """Of schema `tables.SAMPLES`: `sensor` is an index into `sensors`; in no order."""


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
    """The outcome of a batch that is now durable: points with a field of another type are out."""

    written: int
    dropped: int
    conflict: str | None
    """The first conflict in InfluxDB's words."""


UsageCallback = Callable[[Sequence[UsageWritten]], None]
PointsCallback = Callable[[Sequence[tuple[str, str]]], None]


class TelemetryStore(Protocol):
    """A store of points and usage slots. Its methods may be called from any thread.

    Awaitables are made inside a running event loop; the work is done off it.
    """

    @property
    def rollups(self) -> RollupStore:
        """Return where the roll-up of this store's slots is kept."""

    def write(self, batch: Batch) -> Awaitable[WriteResult]:
        """Store a batch; done once it is durable. Raises StoreBusy when too much is waiting."""

    def flush(self) -> Awaitable[None]:
        """Wait until everything written so far is stored."""

    def check(self) -> Awaitable[None]:
        """Answer the smallest question there is; raises where the store cannot answer."""

    def on_usage(self, callback: UsageCallback) -> None:
        """Call back after every commit that wrote slots, on the writer's thread: be quick."""

    def on_points(self, callback: PointsCallback) -> None:
        """Call back after every commit with the (school, asset) pairs that have new readings.

        On the writer's thread: be quick, and hand over to the event loop with
        `call_soon_threadsafe`.
        """

    def latest_readings(self, school: str, asset: str | None = None) -> list[AssetLatest]:
        """Return the latest readings of the assets of a school, from memory, without `_quality`."""

    def latest_slots(self, school: str, asset: str | None = None) -> list[LatestSlot]:
        """Return of each asset the newest slot with a second observed, from memory, by asset."""

    def latest_gateways(self, school: str | None = None) -> list[GatewayLatest]:
        """Return the latest reports of gateways and of their devices, from memory."""

    def schools(self) -> list[str]:
        """Return the schools that ever sent readings or reports of a gateway, sorted."""

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

    def sensors(
        self, schools: Sequence[str], points: Sequence[str], *, category: str, before: datetime
    ) -> Awaitable[dict[Sensor, int]]:
        """Return the sensors of a category with the time of their first reading (ns since 1970).

        Only readings before a moment count; a sensor without any is left out.
        """

    def samples(
        self,
        schools: Sequence[str],
        points: Sequence[str],
        start_ns: int,
        end_ns: int,
        *,
        category: str | None = None,
    ) -> Awaitable[Samples]:
        """Return all numeric readings of some points in [start_ns, end_ns) (ns since 1970)."""

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

    def active_since(
        self, school: str, assets: Sequence[str], since: datetime
    ) -> Awaitable[dict[str, datetime]]:
        """Return since when each asset has been active without a break, up to its newest slot.

        Slots from `since` on are looked at. A slot is active where `active_s` is above 0 and no
        other state took longer; a missing slot is a break. An asset whose newest slot is not active
        is left out.
        """

    def senders(
        self, since: datetime, schools: Iterable[str] | None = None
    ) -> Awaitable[dict[str, dict[str, Sender]]]:
        """Return who sent slots that start at `since` or later, by school and asset.

        Room and category are those of the newest slot. Each of `schools` has an entry, be it empty;
        None means every school that sent.
        """

    def slot_schools(self) -> Awaitable[list[str]]:
        """Return the schools of which there are slots, sorted."""

    def slots_received_since(self, moment: datetime) -> Awaitable[list[UsageWritten]]:
        """Return the spans of the slots that were written after a moment, by asset and UTC day."""

    def export_readings(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[StoredReading]]:
        """Yield all readings in chunks, by asset, point and time; blocks, for a worker thread."""

    def export_slots(
        self, school: str, start: datetime | None, end: datetime | None
    ) -> Iterator[list[Slot]]:
        """Yield all usage slots in chunks, by asset and time; blocks, for a worker thread."""

    def purge(self, readings_before: datetime, slots_before: datetime) -> Awaitable[int]:
        """Delete what is older; returns how many rows went. Slots in files go by whole files."""

    def close(self) -> None:
        """Finish what is queued and release everything. Afterwards writes raise StoreBusy."""


class BulkStore(TelemetryStore, Protocol):
    """A store that `campus-cloud load` can fill from Parquet files (`cloud.telemetry.bulk_files`).

    A file counts whole or not at all, and loading it again changes nothing.
    """

    @property
    def rollups(self) -> BulkRollupStore:
        """Return where the roll-up of this store's slots is kept."""

    def load_readings(self, paths: Sequence[Path]) -> Awaitable[int]:
        """Store the readings of files, all or none; returns how many. Raises LoadError."""

    def load_events(self, paths: Sequence[Path]) -> Awaitable[int]:
        """Store the events of files, all or none; returns how many. Raises LoadError."""

    def load_slots(self, file: SlotFile) -> Awaitable[list[str]]:
        """Store the slots of a file and note its schools as stale, together.

        The roll-up has to be prepared (`rollups.prepare`).
        Returns these schools; none where the file was loaded before. Readers may not see the slots
        until `finish_slots`. Raises LoadError where the file is not sorted, or where another file
        holds slots of one of its schools on its day.
        """

    def finish_slots(self) -> Awaitable[None]:
        """Let readers see the slots of every loaded file."""

    def is_loaded(self, name: str, digest: str) -> Awaitable[bool]:
        """Whether a file of this name and content is noted as loaded."""

    def note_loaded(self, digests: Mapping[str, str]) -> Awaitable[None]:
        """Note that files are loaded: their digests by name."""
