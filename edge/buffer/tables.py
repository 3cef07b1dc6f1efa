"""The buffer's tables, as its owning thread sees them. Every method runs inside a transaction.

Counts are kept in memory next to the tables and put back when a transaction is rolled back.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from device_profiles.points import from_ns, to_ns
from edge.buffer.checksum import checksum
from edge.buffer.entry import (
    Batch,
    BufferState,
    Entry,
    Held,
    Kind,
    Lane,
    Line,
    Observation,
    SetAside,
)

# What a row costs besides its text: sequence number, kind, time, size, and its place in the page.
ROW_BYTES = 32
MAX_SET_ASIDE = 10_000
MAX_HELD = 100_000
_EVICT_ROWS = 500
_SIZE = f"length(CAST(text AS BLOB)) + length(coalesce(key, '')) + {ROW_BYTES}"
DAMAGED = "damaged on the disk: its checksum does not match"
_VACUUM_PAGES = 512


@dataclass(frozen=True, slots=True)
class _Counts:
    lines: int
    size: int
    evicted: int
    set_aside: int
    held: int
    last_seq: int
    boundary: int
    """Lines up to this number are the backlog."""


class Tables:
    """One open database and the counts that go with it."""

    def __init__(
        self, connection: sqlite3.Connection, max_bytes: int, accidents: list[str]
    ) -> None:
        self._db = connection
        self._max_bytes = max_bytes
        self._accidents = accidents
        self._taken: tuple[int, int] = (0, -1)
        self._turn = Lane.LIVE
        self._counts = self._count()
        self._before = self._counts
        self.checkpoints: dict[str, str] = self._sound_marks()
        self._new_marks: dict[str, str | None] = {}

    def close(self) -> None:
        """Close the database; a sound one leaves no write-ahead log behind."""
        self._db.close()

    def begin(self) -> None:
        """Begin a transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        self._before = self._counts
        self._new_marks = {}

    def commit(self) -> None:
        """Make the transaction durable, after eviction has brought it below the cap."""
        while self._counts.size > self._max_bytes and self.evict_some():
            pass
        self._db.execute("COMMIT")
        for key, value in self._new_marks.items():
            if value is None:
                self.checkpoints.pop(key, None)
            else:
                self.checkpoints[key] = value

    def roll_back(self) -> None:
        """Undo the transaction."""
        self._counts = self._before
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def checkpoint(self) -> None:
        """Let the write-ahead log be used from its beginning again."""
        self._db.execute("PRAGMA wal_checkpoint(RESTART)")

    def tidy(self) -> None:
        """Give freed pages back to the file system, a few at a time."""
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        if free > _VACUUM_PAGES:
            # A script runs it to its end; `execute` would stop after its first page.
            self._db.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")

    def append(self, entry: Entry, now: datetime) -> None:
        """Add all of an entry."""
        at_ms = _ms(now)
        for line in entry.lines:
            self._append_line(line, at_ms)
        for key, value in entry.checkpoints.items():
            self._checkpoint(key, value)
        self._db.executemany(
            "INSERT OR REPLACE INTO observations VALUES (?, ?, ?, ?, ?)",
            [
                _sealed(o.device, o.point, _us(o.at), json.dumps(o.value))
                for o in entry.observations
            ],
        )
        self._db.executemany(
            "DELETE FROM observations WHERE device = ? AND at_us < ?",
            [(device, _us(at)) for device, at in entry.forget_before.items()],
        )
        self._hold(entry.held)
        for number in entry.released:
            gone = self._db.execute("DELETE FROM held WHERE number = ?", (number,)).rowcount
            self._counts = replace(self._counts, held=self._counts.held - gone)

    def take(self, max_lines: int, max_bytes: int) -> Batch | None:
        """Return the next batch of the lane whose turn it is, or of the other where it is empty."""
        other = Lane.BACKLOG if self._turn is Lane.LIVE else Lane.LIVE
        for lane in (self._turn, other):
            rows = self._head(lane, max_lines, max_bytes)
            if rows:
                self._turn = Lane.BACKLOG if lane is Lane.LIVE else Lane.LIVE
                self._taken = (rows[0][0], rows[-1][0])
                return Batch(lane, tuple(rows))
        self._taken = (0, -1)
        return None

    def acknowledge(self, batch: Batch) -> None:
        """Delete lines that the server has."""
        self._delete([seq for seq, _ in batch.lines])

    def set_aside(self, batch: Batch, status: int, problem: str, now: datetime) -> None:
        """Move lines to the table of refused ones, which keeps the newest only."""
        self._put_aside([(_ms(now), status, problem, text) for _, text in batch.lines])
        self._delete([seq for seq, _ in batch.lines])

    def start_backlog(self) -> None:
        """Make what is unsent now the backlog."""
        self._counts = replace(self._counts, boundary=self._counts.last_seq)
        self._turn = Lane.LIVE

    def evict_some(self) -> int:
        """Give up some of the oldest lines of the least important kind; return how many."""
        first, last = self._taken
        for kind in Kind:
            rows = self._db.execute(
                "SELECT seq FROM lines WHERE kind = ? AND NOT seq BETWEEN ? AND ?"
                " ORDER BY seq LIMIT ?",
                (kind, first, last, _EVICT_ROWS),
            ).fetchall()
            if rows:
                self._delete([seq for (seq,) in rows])
                self._add_to_count("evicted", len(rows))
                self._counts = replace(self._counts, evicted=self._counts.evicted + len(rows))
                return len(rows)
        return 0

    def state(self) -> BufferState:
        """Return what the buffer holds."""
        row = self._db.execute("SELECT at_ms FROM lines ORDER BY seq LIMIT 1").fetchone()
        return BufferState(
            lines=self._counts.lines,
            size_bytes=self._counts.size,
            oldest_at=from_ns(row[0] * 1_000_000) if row else None,
            evicted=self._counts.evicted,
            set_aside=self._counts.set_aside,
            held=self._counts.held,
        )

    def list_set_aside(self, limit: int) -> Sequence[SetAside]:
        """Return the newest refused lines."""
        rows = self._db.execute(
            "SELECT at_ms, status, problem, text FROM set_aside ORDER BY number DESC LIMIT ?",
            (limit,),
        )
        return [SetAside(from_ns(at * 1_000_000), *rest) for at, *rest in rows]

    def observations(self) -> Sequence[Observation]:
        """Return the usage meter's observations, oldest first."""
        rows = self._db.execute(
            "SELECT device, point, at_us, value, crc FROM observations ORDER BY at_us"
        ).fetchall()
        sound = [row[:-1] for row in rows if _sealed(*row[:-1]) == row]
        if len(sound) < len(rows):
            self._accidents.append(f"{len(rows) - len(sound)} of the usage state's rows: {DAMAGED}")
        return [Observation(d, p, from_ns(at * 1000), json.loads(v)) for d, p, at, v in sound]

    def held(self, limit: int) -> Sequence[Held]:
        """Return the oldest readings that wait for a good clock."""
        rows = self._db.execute(
            "SELECT boot, monotonic_us, body, crc, number FROM held ORDER BY number LIMIT ?",
            (limit,),
        ).fetchall()
        damaged = [row for row in rows if _sealed(*row[:3]) != row[:4]]
        for _, _, body, _, number in damaged:
            self._put_aside([(0, 0, DAMAGED, body)])
            self._db.execute("DELETE FROM held WHERE number = ?", (number,))
            self._counts = replace(self._counts, held=self._counts.held - 1)
        return [
            Held(boot, monotonic_us, body, number)
            for boot, monotonic_us, body, crc, number in rows
            if checksum(boot, monotonic_us, body) == crc
        ]

    def _append_line(self, line: Line, at_ms: int) -> None:
        if line.key is not None:
            old = self._db.execute("SELECT seq FROM lines WHERE key = ?", (line.key,)).fetchone()
            if old is not None:
                self._delete([old[0]])
        size = len(line.text.encode()) + len(line.key or "") + ROW_BYTES
        cursor = self._db.execute(
            "INSERT INTO lines (size, kind, at_ms, key, text, crc) VALUES (?, ?, ?, ?, ?, ?)",
            (size, *_sealed(int(line.kind), at_ms, line.key, line.text)),
        )
        self._counts = replace(
            self._counts,
            lines=self._counts.lines + 1,
            size=self._counts.size + size,
            last_seq=cursor.lastrowid or self._counts.last_seq,
        )

    def _checkpoint(self, key: str, value: str | None) -> None:
        self._new_marks[key] = value
        if value is None:
            self._db.execute("DELETE FROM marks WHERE key = ?", (key,))
        else:
            self._db.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", _sealed(key, value))

    def _hold(self, held: Sequence[Held]) -> None:
        if not held:
            return
        self._db.executemany(
            "INSERT INTO held (boot, monotonic_us, body, crc) VALUES (?, ?, ?, ?)",
            [_sealed(h.boot, h.monotonic_us, h.body) for h in held],
        )
        over = max(0, self._counts.held + len(held) - MAX_HELD)
        if over:
            self._db.execute(
                "DELETE FROM held WHERE number IN"
                " (SELECT number FROM held ORDER BY number LIMIT ?)",
                (over,),
            )
            self._add_to_count("evicted", over)
        self._counts = replace(
            self._counts,
            held=self._counts.held + len(held) - over,
            evicted=self._counts.evicted + over,
        )

    def _head(self, lane: Lane, max_lines: int, max_bytes: int) -> list[tuple[int, str]]:
        """Return the first sound lines of a lane; damaged ones on the way are set aside."""
        condition = ">" if lane is Lane.LIVE else "<="
        rows = self._db.execute(
            f"SELECT seq, kind, at_ms, key, text, crc FROM lines WHERE seq {condition} ?"  # noqa: S608 - an operator of ours
            " ORDER BY seq LIMIT ?",
            (self._counts.boundary, max_lines),
        )
        head: list[tuple[int, str]] = []
        damaged: list[tuple[int, int, str]] = []
        total = 0
        for seq, kind, at_ms, key, text, crc in rows:
            if checksum(kind, at_ms, key, text) != crc:
                damaged.append((seq, at_ms, text))
                continue
            total += len(text) + ROW_BYTES
            if head and total > max_bytes:
                break
            head.append((seq, text))
        rows.close()
        if damaged:
            self._put_aside([(at_ms, 0, DAMAGED, text) for _, at_ms, text in damaged])
            self._delete([seq for seq, _, _ in damaged])
            return head or self._head(lane, max_lines, max_bytes)
        return head

    def _put_aside(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        """Keep (time, status, problem, text) for an operator; only the newest are kept."""
        self._db.executemany(
            "INSERT INTO set_aside (at_ms, status, problem, text) VALUES (?, ?, ?, ?)", rows
        )
        self._db.execute(
            "DELETE FROM set_aside WHERE number <= (SELECT max(number) FROM set_aside) - ?",
            (MAX_SET_ASIDE,),
        )
        self._add_to_count("set_aside", len(rows))
        self._counts = replace(self._counts, set_aside=self._counts.set_aside + len(rows))

    def _sound_marks(self) -> dict[str, str]:
        """Return the marks; one that is damaged is as good as none, and reported."""
        rows = self._db.execute("SELECT key, value, crc FROM marks").fetchall()
        sound = {row[0]: row[1] for row in rows if _sealed(*row[:-1]) == row}
        if len(sound) < len(rows):
            self._accidents.append(f"{len(rows) - len(sound)} of the drivers' marks: {DAMAGED}")
        return sound

    def _delete(self, numbers: Sequence[int]) -> None:
        lines, size = 0, 0
        for seq in numbers:
            row = self._db.execute(
                f"DELETE FROM lines WHERE seq = ? RETURNING {_SIZE}",  # noqa: S608 - an expression of ours
                (seq,),
            ).fetchone()
            if row is not None:
                lines += 1
                size += row[0]
        self._counts = replace(
            self._counts, lines=self._counts.lines - lines, size=self._counts.size - size
        )

    def _add_to_count(self, name: str, number: int) -> None:
        self._db.execute(
            "INSERT INTO counts VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, number),
        )

    def _count(self) -> _Counts:
        lines, size = self._db.execute(
            f"SELECT count(*), total({_SIZE}) FROM lines"  # noqa: S608 - an expression of ours
        ).fetchone()
        (held,) = self._db.execute("SELECT count(*) FROM held").fetchone()
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'lines'").fetchone()
        last_seq = row[0] if row else 0
        totals = dict(self._db.execute("SELECT name, value FROM counts").fetchall())
        return _Counts(
            lines=lines,
            size=int(size),
            evicted=totals.get("evicted", 0),
            set_aside=totals.get("set_aside", 0),
            held=held,
            last_seq=last_seq,
            boundary=last_seq,
        )


def _sealed(*parts: object) -> tuple[object, ...]:
    """Return columns with their checksum behind them."""
    return (*parts, checksum(*parts))


def _ms(moment: datetime) -> int:
    return to_ns(moment) // 1_000_000


def _us(moment: datetime) -> int:
    return to_ns(moment) // 1000
