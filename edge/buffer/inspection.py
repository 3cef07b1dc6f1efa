"""A buffer looked at from outside: what it holds, and what of it is damaged.

The buffer's own file and log are only read, whether a gateway runs on them or not. What they hold
goes into a copy in the system's temporary folder, which needs about as much room as the buffer.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from device_profiles.points import from_ns
from edge.buffer import schema
from edge.buffer.entry import Kind
from edge.buffer.recovery import copy_rows
from edge.buffer.snapshot import Snapshot, read_lock

_MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is damaged: bits of the `log`, a `page`, a `row`, or the file's `structure`.

    `where` is the number of bits, the page, page, table and number of a row, or SQLite's finding.
    """

    kind: str
    where: str


@dataclass(frozen=True, slots=True)
class BufferStats:
    """What a buffer holds."""

    lines: Mapping[Kind, int]
    """Lines that wait to be sent, by kind."""
    oldest_at: datetime | None
    """When the oldest of them came in."""
    text_bytes: int
    file_bytes: int
    log_bytes: int
    set_aside: int
    """Lines that the server refused and that are kept with its reason."""
    counts: Mapping[str, int]
    """Since the buffer was begun: lines given up (`evicted`) and set aside (`set_aside`)."""
    held: int
    """Deliveries that wait for a good clock."""
    marks: int
    observations: int


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A line that waits to be sent, with its number and when it came in."""

    number: int
    kind: Kind
    at: datetime
    text: str


class Inspection:
    """What a buffer held at the moment when it was looked at."""

    def __init__(self, copy: sqlite3.Connection, faults: list[Fault], sizes: list[int]) -> None:
        self._copy = copy
        self.faults = faults
        """What is damaged, in the order log, pages, rows, structure; empty where all is sound."""
        self._sizes = sizes

    def stats(self) -> BufferStats:
        """Return what the buffer holds; damaged rows are not counted."""
        count = self._copy.execute(
            "SELECT min(at_ms), total(length(CAST(text AS BLOB))) FROM lines"
        )
        oldest_ms, text_bytes = count.fetchone()
        kinds = dict(self._copy.execute("SELECT kind, count(*) FROM lines GROUP BY kind"))
        file_bytes, log_bytes = self._sizes
        return BufferStats(
            lines={kind: kinds.get(int(kind), 0) for kind in Kind},
            oldest_at=None if oldest_ms is None else from_ns(oldest_ms * 1_000_000),
            text_bytes=int(text_bytes),
            file_bytes=file_bytes,
            log_bytes=log_bytes,
            set_aside=self._number_of("set_aside"),
            counts={"evicted": 0, "set_aside": 0}
            | dict(self._copy.execute("SELECT name, value FROM counts")),
            held=self._number_of("held"),
            marks=self._number_of("marks"),
            observations=self._number_of("observations"),
        )

    def lines(self) -> Iterator[WaitingLine]:
        """Yield the sound lines in the order in which they came in."""
        for seq, kind, at_ms, text in self._copy.execute(
            "SELECT seq, kind, at_ms, text FROM lines ORDER BY seq"
        ):
            yield WaitingLine(seq, Kind(kind), from_ns(at_ms * 1_000_000), text)

    def _number_of(self, table: str) -> int:
        (number,) = self._copy.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - names of ours
        return int(number)


@contextmanager
def inspection(path: Path, *, is_structure_checked: bool = False) -> Iterator[Inspection]:
    """Look at a buffer's file; with `is_structure_checked` let SQLite check a copy of it too.

    Raises OSError where it cannot be read, or the temporary folder has no room.
    """
    with TemporaryDirectory(prefix="campus-edge-") as folder, read_lock(path):
        sizes = [path.stat().st_size, _size(path.with_name(f"{path.name}-wal"))]
        with (
            Snapshot(path) as snapshot,
            closing(schema.connect(Path(folder) / "rows.db")) as copy,
        ):
            recovered = copy_rows(snapshot, copy)
            faults = [Fault("log", str(snapshot.flipped_in_log))] if snapshot.flipped_in_log else []
            faults += [Fault("page", str(number)) for number in recovered.pages]
            faults += [Fault("row", where) for where in recovered.damaged]
            if is_structure_checked:
                whole = Path(folder) / "whole.db"
                snapshot.write(whole)
                faults += [Fault("structure", finding) for finding in _findings(whole)]
            yield Inspection(copy, faults, sizes)


def _findings(file: Path) -> list[str]:
    """Return what SQLite finds wrong in a file."""
    with closing(schema.plain(file)) as connection:
        try:
            rows = connection.execute(f"PRAGMA quick_check({_MOST_FINDINGS})").fetchall()
        except sqlite3.DatabaseError as error:
            return [str(error)]
    findings = [line for (text,) in rows for line in str(text).splitlines()]
    return [finding for finding in findings if finding != "ok" and not finding.startswith("***")]


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
