"""The Parquet files of a bulk load: what they hold, and how a file is checked before it is taken.

Times are UTC without a zone. A file of slots holds those of one local day, sorted by school, asset
and slot start, each of them once; its footer has the span it covers.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types

from cloud.errors import LoadError

SLOTS = pa.schema(
    [
        ("school", pa.string()),
        ("asset", pa.string()),
        ("slot_start", pa.timestamp("us")),
        ("room", pa.string()),
        ("category", pa.string()),
        ("active_s", pa.float32()),
        ("standby_s", pa.float32()),
        ("off_s", pa.float32()),
        ("unobserved_s", pa.float32()),
        ("energy_wh", pa.float32()),
        ("received_at", pa.timestamp("us")),
    ]
)
"""A file of usage slots; `received_at` is null where the receipt of a slot is unknown."""
READINGS = pa.schema(
    [
        ("school", pa.string()),
        ("asset", pa.string()),
        ("room", pa.string()),
        ("category", pa.string()),
        ("profile", pa.string()),
        ("point", pa.string()),
        ("observed_at", pa.timestamp("us")),
        ("number", pa.float64()),
        ("received_at", pa.timestamp("us")),
    ]
)
"""A file of numeric readings."""
EVENTS = pa.schema(
    [
        ("school", pa.string()),
        ("asset", pa.string()),
        ("type", pa.string()),
        ("happened_at", pa.timestamp("us")),
        ("text", pa.string()),
        ("value", pa.float64()),
        ("received_at", pa.timestamp("us")),
    ]
)
"""A file of events; an event of the gateway itself has an empty asset."""
_NEVER_NULL = ("school", "asset", "slot_start")
_WIDEST_DAY = timedelta(hours=14)
"""How far the midnight of a local day may lie from the one of UTC."""


@dataclass(frozen=True, slots=True)
class SlotFile:
    """A file of slots: where it lies, of what day it is, and what its footer has."""

    path: Path
    day: date
    digest: str
    rows: int
    first_slot: datetime
    last_slot: datetime

    @property
    def name(self) -> str:
        """Return the path under which a store may keep a copy: by day and content."""
        return f"day={self.day}/{self.digest[:20]}.parquet"


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's content; raises LoadError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LoadError(f"{path}: cannot be read: {error.strerror}") from None


def slot_file(path: Path, day: date) -> SlotFile:
    """Return a file of slots by its footer; raises LoadError where that is not as it should be."""
    digest = digest_of(path)
    try:
        parquet = pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise LoadError(f"{path}: not a Parquet file: {error}") from None
    with parquet:
        _check(path, parquet.schema_arrow, SLOTS)
        footer = parquet.metadata
    if footer.num_rows == 0:
        raise LoadError(f"{path}: holds no slots")
    first, last = _span(path, footer)
    midnight = datetime.combine(day, datetime.min.time())
    if first < midnight - _WIDEST_DAY or last >= midnight + timedelta(days=1) + _WIDEST_DAY:
        raise LoadError(
            f"{path}: holds slots of {first} to {last} UTC, expected those of the day {day}"
        )
    return SlotFile(path, day, digest, footer.num_rows, first, last)


def check_schema(paths: Iterable[Path], schema: pa.Schema) -> None:
    """Raise LoadError for the first file that is not Parquet of a schema."""
    for path in paths:
        try:
            actual = pq.read_schema(path)
        except (OSError, pa.ArrowException) as error:
            raise LoadError(f"{path}: not a Parquet file: {error}") from None
        _check(path, actual, schema)


def _check(path: Path, actual: pa.Schema, schema: pa.Schema) -> None:
    for field in schema:
        index = actual.get_field_index(field.name)
        if index < 0:
            raise LoadError(f"{path}: the column {field.name} is missing")
        if actual.field(index).type != field.type:
            raise LoadError(
                f"{path}: {field.name} is {actual.field(index).type}, expected {field.type}"
            )


def _span(path: Path, footer: pq.FileMetaData) -> tuple[datetime, datetime]:
    """Return the first and the last slot by the statistics of the file."""
    spans: list[tuple[datetime, datetime]] = []
    for column, statistics in _statistics(footer):
        if column not in _NEVER_NULL:
            continue
        if statistics is None or not statistics.has_null_count or not statistics.has_min_max:
            raise LoadError(f"{path}: its footer has no statistics of {column}; write it anew")
        if statistics.null_count:
            raise LoadError(f"{path}: {column} is empty in {statistics.null_count} rows")
        if column == "slot_start":
            spans.append((statistics.min, statistics.max))
    return min(first for first, _ in spans), max(last for _, last in spans)


def _statistics(footer: pq.FileMetaData) -> Iterator[tuple[str, pq.Statistics | None]]:
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        for index in range(group.num_columns):
            column = group.column(index)
            yield column.path_in_schema, column.statistics
