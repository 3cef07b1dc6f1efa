"""Batches that are committed together, turned into rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.domain import prevailing
from cloud.telemetry.duckdb.dictionary import Names
from cloud.telemetry.line_protocol import Batch, FieldType, SeriesKey
from cloud.telemetry.store import LatestSlot, UsageWritten, WriteResult
from device_profiles.points import from_ns
from device_profiles.reading import Value

_USAGE_FIELDS = ("active_s", "standby_s", "off_s", "unobserved_s", "energy_wh")
_FOLLOWED = frozenset({"reading", "gateway"})
NUMBERS = {FieldType.FLOAT, FieldType.INTEGER, FieldType.UNSIGNED}
_POINTS = pa.schema(
    [
        ("series", pa.int32()),
        ("field", pa.int32()),
        ("time", pa.int64()),
        ("number", pa.float64()),
        ("text", pa.string()),
    ]
)
_SLOTS = pa.schema(
    [
        ("school", pa.string()),
        ("asset", pa.string()),
        ("slot_ns", pa.int64()),
        ("room", pa.string()),
        ("category", pa.string()),
        *((name, pa.float64()) for name in _USAGE_FIELDS),
    ]
)
_PUT_POINTS = (
    "INSERT OR REPLACE INTO points SELECT series, field, time, number, text, $at::TIMESTAMP "
    "FROM incoming_points"
)
_PUT_SLOTS = """
INSERT INTO live_slots
SELECT school, asset, make_timestamp(slot_ns // 1000), room, category,
       active_s, standby_s, off_s, unobserved_s, energy_wh, $at::TIMESTAMP, $at::TIMESTAMP
FROM incoming_slots
ON CONFLICT (school, asset, slot_start) DO UPDATE SET
    room = excluded.room,
    category = excluded.category,
    received_at = excluded.received_at,
    active_s = coalesce(excluded.active_s, active_s),
    standby_s = coalesce(excluded.standby_s, standby_s),
    off_s = coalesce(excluded.off_s, off_s),
    unobserved_s = coalesce(excluded.unobserved_s, unobserved_s),
    energy_wh = coalesce(excluded.energy_wh, energy_wh)
"""


class Group:
    """The rows of several batches; of two values of one point the later stays."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._points: dict[tuple[int, int, int], tuple[float | None, str | None]] = {}
        self._slots: dict[tuple[str, str, int], int] = {}
        """The row of each slot in the lists below."""
        self._places: list[_Home] = []
        self._seconds: dict[str, list[float | None]] = {name: [] for name in _USAGE_FIELDS}
        self._spoken: dict[tuple[SeriesKey, str], tuple[int, Value]] = {}

    def add(self, batch: Batch) -> WriteResult:
        """Take a batch; points with a field that changes its type stay out, whole."""
        homes, conflict, refused = self._judge(batch)
        last: SeriesKey | None = None
        home = slot_home = _Home()
        slot_ns = row = -1
        for key, name, kind, time_ns, number, text in zip(
            batch.series,
            batch.fields,
            batch.types,
            batch.times,
            batch.numbers,
            batch.texts,
            strict=True,
        ):
            if refused and (key, time_ns) in refused:
                continue
            if key is not last:
                last, home = key, homes[key]
            if (name, kind) in home.slot_fields:
                if time_ns != slot_ns or home is not slot_home:
                    slot_ns, slot_home, row = time_ns, home, self._row(home, time_ns)
                self._seconds[name][row] = number
                continue
            self._points[home.series, home.fields[name, kind], time_ns] = (number, text)
            if key.measurement in _FOLLOWED:
                self._note(key, name, kind, time_ns, number, text)
        return WriteResult(batch.lines - len(refused), len(refused), conflict)

    def _judge(
        self, batch: Batch
    ) -> tuple[dict[SeriesKey, "_Home"], str | None, set[tuple[SeriesKey, int]]]:
        """Return where the values of each series go, the first conflict, and the points refused."""
        homes: dict[SeriesKey, _Home] = {}
        bad: set[tuple[SeriesKey, str, FieldType]] = set()
        conflict: str | None = None
        last: SeriesKey | None = None
        home = _Home()
        for key, name, kind in zip(batch.series, batch.fields, batch.types, strict=True):
            if key is not last:
                last, home = key, homes.setdefault(key, _Home())
            if (name, kind) in home.met:
                continue
            home.met.add((name, kind))
            number, known = self._names.field(key.measurement, name, kind)
            if kind is not known:
                bad.add((key, name, kind))
                conflict = conflict or (
                    f'input field "{name}" on measurement "{key.measurement}" '
                    f"is type {kind}, already exists as type {known}"
                )
            elif _is_slot(key, name, kind):
                home.take_slots(key)
                home.slot_fields.add((name, kind))
            else:
                home.series = self._names.series_number(key)
                home.fields[name, kind] = number
        refused: set[tuple[SeriesKey, int]] = set()
        if bad:
            kinds = zip(batch.series, batch.fields, batch.types, strict=True)
            refused = {
                (value[0], time_ns)
                for value, time_ns in zip(kinds, batch.times, strict=True)
                if value in bad
            }
        return homes, conflict, refused

    def store(self, cursor: duckdb.DuckDBPyConnection, received_at: datetime) -> None:
        """Write the rows, inside the caller's transaction."""
        if self._points:
            series, fields, times = zip(*self._points, strict=True)
            numbers, texts = zip(*self._points.values(), strict=True)
            rows = pa.table([series, fields, times, numbers, texts], schema=_POINTS)
            _put(cursor, "incoming_points", rows, _PUT_POINTS, received_at)
        if self._slots:
            columns = [
                [home.school for home in self._places],
                [home.asset for home in self._places],
                [slot_ns for _, _, slot_ns in self._slots],
                [home.room for home in self._places],
                [home.category for home in self._places],
                *self._seconds.values(),
            ]
            slots = pa.table(columns, schema=_SLOTS)
            _put(cursor, "incoming_slots", slots, _PUT_SLOTS, received_at)

    def spoken(self) -> Iterator[tuple[SeriesKey, str, int, Value]]:
        """Yield the newest value of each point of a reading or a gateway."""
        for (key, name), (time_ns, value) in self._spoken.items():
            yield key, name, time_ns, value

    def observed_slots(self) -> Iterator[LatestSlot]:
        """Yield the slots with a second observed, as this group wrote them."""
        names = ("active_s", "standby_s", "off_s", "unobserved_s")
        for (school, asset, slot_ns), row in self._slots.items():
            active_s, standby_s, off_s, unobserved_s = (
                self._seconds[name][row] or 0.0 for name in names
            )
            if active_s + standby_s + off_s > 0:
                yield LatestSlot(
                    school=school,
                    asset=asset,
                    room=self._places[row].room,
                    category=self._places[row].category,
                    start=from_ns(slot_ns),
                    state=prevailing(active_s, standby_s, off_s, unobserved_s),
                )

    def first_times(self) -> dict[int, int]:
        """Return the first time (ns) that the points of each series have, by its number."""
        first_ns: dict[int, int] = {}
        for series, _, time_ns in self._points:
            if time_ns < first_ns.get(series, time_ns + 1):
                first_ns[series] = time_ns
        return first_ns

    def assets_with_readings(self) -> list[tuple[str, str]]:
        """Return the (school, asset) pairs that have new readings."""
        return sorted(
            {
                (key.tag("school"), key.tag("asset"))
                for key, _ in self._spoken
                if key.measurement == "reading"
            }
        )

    def usage_written(self) -> list[UsageWritten]:
        """Return, per asset, the span in which slots were written."""
        spans: dict[tuple[str, str], tuple[int, int]] = {}
        for school, asset, slot_ns in self._slots:
            first, last = spans.get((school, asset), (slot_ns, slot_ns))
            spans[school, asset] = (min(first, slot_ns), max(last, slot_ns))
        return [
            UsageWritten(school, asset, from_ns(first), from_ns(last))
            for (school, asset), (first, last) in spans.items()
        ]

    def _row(self, home: "_Home", slot_ns: int) -> int:
        """Return the row of a slot, a new one if it was not met; the last place counts."""
        row = self._slots.setdefault((home.school, home.asset, slot_ns), len(self._places))
        if row < len(self._places):
            self._places[row] = home
            return row
        self._places.append(home)
        for column in self._seconds.values():
            column.append(None)
        return row

    def _note(
        self,
        key: SeriesKey,
        name: str,
        kind: FieldType,
        time_ns: int,
        number: float | None,
        text: str | None,
    ) -> None:
        known = self._spoken.get((key, name))
        if known is None or time_ns >= known[0]:
            value: Value = text if text is not None else number or 0.0
            if kind is FieldType.BOOLEAN:
                value = bool(number)
            self._spoken[key, name] = (time_ns, value)


@dataclass(slots=True)
class _Home:
    """Where the values of a series go: to a row of the slots, or to points of a number."""

    school: str = ""
    asset: str = ""
    room: str = ""
    category: str = ""
    series: int = 0
    slot_fields: set[tuple[str, FieldType]] = field(default_factory=set)
    fields: dict[tuple[str, FieldType], int] = field(default_factory=dict)
    met: set[tuple[str, FieldType]] = field(default_factory=set)

    def take_slots(self, key: SeriesKey) -> None:
        """Take the tags that every slot of a series has."""
        self.school, self.asset = key.tag("school"), key.tag("asset")
        self.room, self.category = key.tag("room"), key.tag("category")


def _is_slot(key: SeriesKey, name: str, kind: FieldType) -> bool:
    return (
        key.measurement == "usage"
        and name in _USAGE_FIELDS
        and kind in NUMBERS
        and bool(key.tag("school"))
        and bool(key.tag("asset"))
    )


def _put(
    cursor: duckdb.DuckDBPyConnection,
    name: str,
    rows: pa.Table,
    statement: str,
    received_at: datetime,
) -> None:
    cursor.register(name, rows)
    try:
        cursor.execute(statement, {"at": received_at})
    finally:
        cursor.unregister(name)
