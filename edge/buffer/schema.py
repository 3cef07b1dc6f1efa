"""The buffer's database file: its tables, and what happens when the file is beyond reading."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.buffer.checksum import checksum
from edge.buffer.pages import PAGE_BYTES, Row, Value

VERSION = 2

_TABLES = """
CREATE TABLE lines (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    size INTEGER NOT NULL,
    key TEXT,
    text TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE UNIQUE INDEX lines_by_key ON lines (key) WHERE key IS NOT NULL;
CREATE TABLE marks (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE observations (
    device TEXT NOT NULL,
    point TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    value TEXT NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (device, at_us, point)
) WITHOUT ROWID;
CREATE TABLE held (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL,
    monotonic_us INTEGER NOT NULL,
    body TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE set_aside (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    status INTEGER NOT NULL,
    problem TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows of a table are known where they are read without SQLite."""

    name: str
    columns: tuple[str, ...]
    """In the order in which a row is stored, without the checksum that comes last."""
    checked: tuple[str, ...] = ()
    """What the checksum covers; empty where the table has none."""
    number: str | None = None
    """The column that is the row's number."""

    def row(self, row: Row) -> tuple[Value, ...] | None:
        """Return the columns of a stored row, None where it is none of this table."""
        columns = row.columns
        if (row.number is None) is not (self.number is None) or len(columns) != len(self.stored):
            return None
        return columns if row.number is None else (row.number, *columns[1:])

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns with the checksum."""
        return (*self.columns, "crc") if self.checked else self.columns

    def is_right(self, values: tuple[Value, ...]) -> bool:
        """Return whether a row's checksum is that of its columns."""
        named = dict(zip(self.stored, values, strict=True))
        return named["crc"] == checksum(*(named[name] for name in self.checked))


LINES = Table(
    "lines",
    ("seq", "kind", "at_ms", "size", "key", "text"),
    ("kind", "at_ms", "key", "text"),
    "seq",
)
SET_ASIDE = Table("set_aside", ("number", "at_ms", "status", "problem", "text"), (), "number")
COUNTS = Table("counts", ("name", "value"))
CHECKED_TABLES = (
    LINES,
    Table("marks", ("key", "value"), ("key", "value")),
    Table(
        "observations",
        ("device", "at_us", "point", "value"),
        ("device", "point", "at_us", "value"),
    ),
    Table(
        "held",
        ("number", "boot", "monotonic_us", "body"),
        ("boot", "monotonic_us", "body"),
        "number",
    ),
)


def is_right(row: Row) -> bool:
    """Return whether a row is one of ours, and sound where it has a checksum."""
    fitting = [(table, table.row(row)) for table in CHECKED_TABLES]
    if any(values is not None and table.is_right(values) for table, values in fitting):
        return True
    return is_set_aside(row) or list(map(type, row.columns)) == [str, int]  # counts, or an index


def is_set_aside(row: Row) -> bool:
    """Return whether a row is a line set aside; a held delivery has as many columns."""
    values = SET_ASIDE.row(row)
    return values is not None and list(map(type, values)) == [int, int, int, str, str]


# Version 1 had no checksums.
_FROM_1 = "".join(
    f"ALTER TABLE {table.name} ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;"  # noqa: S608 - names of ours
    f"UPDATE {table.name} SET crc = checksum({', '.join(table.checked)});"
    for table in CHECKED_TABLES
)

# A checkpointed write-ahead log keeps this much of its file, so that deleting (after a send, or by
# the eviction rule) still finds room on a full disk.
WAL_RESERVE_BYTES = 4 * 1024 * 1024


def connect(path: Path, *, max_pages: int | None = None) -> sqlite3.Connection:
    """Open the file, create its tables where it is new, and check it whole.

    Raises sqlite3.DatabaseError where the file is not a sound buffer of this version.
    """
    connection = plain(path)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA journal_size_limit={WAL_RESERVE_BYTES}")
        connection.execute("PRAGMA cache_size=-2000")
        if max_pages is not None:
            connection.execute(f"PRAGMA max_page_count={max_pages}")
        _check(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def plain(path: Path) -> sqlite3.Connection:
    """Open a file as it is. Text that is no UTF-8 is read with what is wrong escaped."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    return connection


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")


def _check(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 1:
        connection.create_function("checksum", -1, checksum, deterministic=True)
        connection.executescript(f"BEGIN IMMEDIATE; {_FROM_1} PRAGMA user_version=2; COMMIT;")
        version = VERSION
    if version == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={VERSION}; COMMIT;"
        )
    elif version != VERSION:
        raise sqlite3.DatabaseError(f"version {version} of the buffer, expected {VERSION}")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(str(verdict))


def is_without_tables(path: Path) -> bool:
    """Return whether a power cut tore the very first write: a page without a table, and no log.

    Tables come into being in the write-ahead log, after that page is on the disk.
    """
    log = Path(f"{path}-wal")
    return path.stat().st_size <= PAGE_BYTES and not (log.exists() and log.stat().st_size)


def move_away(path: Path, now: datetime) -> Path:
    """Give the file and its write-ahead log another name; return the new one."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    target = path.with_name(f"{path.name}.broken-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.broken-{stamp}-{number}")
    for suffix in ("", "-wal", "-shm"):
        source = Path(f"{path}{suffix}")
        if source.exists():
            source.rename(f"{target}{suffix}")
    return target
