"""One bit of the buffer's file or log flips: it is found, and what it costs is bounded."""

import asyncio
import contextlib
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from edge.buffer import schema, write_ahead_log
from edge.buffer.entry import Entry, Held, Kind, Line, Observation
from edge.buffer.sqlite import SqliteBuffer
from edge.buffer.tables import DAMAGED
from edge.clock import SystemClock

START = datetime(2026, 9, 1, tzinfo=UTC)
LINES = [f"r,device=d{number % 7} value={number} {'x' * 80}" for number in range(240)]
PAGE_OF_LINES = 40
"""More lines than fit on one page."""


@dataclass(frozen=True)
class Disk:
    """The bytes of a buffer that was never closed: half of its lines are in the log only."""

    file: bytes
    log: bytes

    def write(self, path: Path) -> None:
        """Put the files where a buffer is opened."""
        path.write_bytes(self.file)
        path.with_name(f"{path.name}-wal").write_bytes(self.log)

    async def opened(self, path: Path) -> tuple[list[str], list[str]]:
        """Open the buffer at a path; return its lines and what was reported."""
        self.write(path)
        texts: list[str] = []
        async with SqliteBuffer(path, clock=SystemClock()) as buffer:
            while batch := await buffer.take(100):
                texts += [text for _, text in batch.lines]
                await buffer.acknowledge(batch)
            await buffer.observations()
            await buffer.held()
            aside = [a.text for a in await buffer.list_set_aside() if a.problem == DAMAGED]
            return texts, [*buffer.accidents, *aside]


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    return asyncio.run(filled(tmp_path_factory.mktemp("disk") / "buffer.db"))


def copied(path: Path) -> Disk:
    return Disk(path.read_bytes(), path.with_name(f"{path.name}-wal").read_bytes())


async def filled(path: Path) -> Disk:
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        for half in (LINES[:120], LINES[120:]):
            for number, text in enumerate(half):
                at = START + timedelta(seconds=number)
                seen = [Observation(f"d{number % 3}", "power", at, float(number))]
                held = [Held("boot", number, f"body {number}")] if number % 10 == 0 else []
                mark = {f"driver/{number % 20}": str(number)}
                await buffer.append(Entry([Line(Kind.READING, text)], mark, seen, held=held))
            if half[0] == LINES[0]:
                with sqlite3.connect(path) as other:
                    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                other.close()
        return copied(path)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


async def check(disk: Disk, path: Path, what: str) -> int:
    """Open a damaged buffer; return how many lines it costs."""
    texts, reported = await disk.opened(path)
    assert set(texts) <= set(LINES), f"{what}: a false line"
    assert len(texts) == len(set(texts)), f"{what}: a line twice"
    missing = len(LINES) - len(texts)
    assert not missing or reported, f"{what}: {missing} lines lost without a word"
    return missing


async def test_sound_files_lose_and_report_nothing(disk: Disk, tmp_path: Path) -> None:
    texts, reported = await disk.opened(tmp_path / "buffer.db")
    assert (sorted(texts), reported) == (sorted(LINES), [])


@pytest.mark.parametrize("part", ["file", "log", "headers"])
async def test_a_flipped_bit_is_reported_and_costs_little(
    disk: Disk, tmp_path: Path, part: str
) -> None:
    random = Random(7)
    most = {"file": len(disk.file), "log": len(disk.log), "headers": len(disk.file)}[part] * 8
    costs = []
    for trial in range(100):
        bit = random.randrange(most)
        if part == "headers":  # of the file, and of its pages
            bit = bit % 800 if trial % 2 else bit - bit % (8 * schema.PAGE_BYTES) + bit % 96
        file = disk.file if part == "log" else flipped(disk.file, bit)
        log = flipped(disk.log, bit) if part == "log" else disk.log
        folder = tmp_path / str(trial)
        folder.mkdir()
        costs.append(await check(Disk(file, log), folder / "buffer.db", f"bit {bit} of {part}"))
    assert max(costs) <= (PAGE_OF_LINES if part == "headers" else 1)


async def test_a_damaged_line_is_set_aside_and_the_rest_goes_on(disk: Disk, tmp_path: Path) -> None:
    position = disk.file.index(LINES[3].encode()) + 5
    texts, reported = await Disk(flipped(disk.file, 8 * position), disk.log).opened(
        tmp_path / "buffer.db"
    )
    assert sorted(texts) == sorted([*LINES[:3], *LINES[4:]])
    assert len(reported) == 1
    assert reported[0] != LINES[3]


def test_a_torn_frame_stays_the_end_of_the_log(disk: Disk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    torn = disk.log[:-300] + bytes(300)
    log.write_bytes(torn)
    assert write_ahead_log.repair(log) == 0
    assert log.read_bytes() == torn


async def test_a_buffer_without_checksums_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript(VERSION_1)
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        assert buffer.accidents == []
        assert buffer.checkpoints("") == {"driver/a": "1"}
        assert [o.value for o in await buffer.observations()] == [1.5]
        assert [h.body for h in await buffer.held()] == ["body"]
        batch = await buffer.take(10)
        assert batch is not None
        assert [text for _, text in batch.lines] == ["r value=1", "r value=2"]


VERSION_1 = """
CREATE TABLE lines (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    size INTEGER NOT NULL,
    key TEXT,
    text TEXT NOT NULL
);
CREATE UNIQUE INDEX lines_by_key ON lines (key) WHERE key IS NOT NULL;
CREATE TABLE marks (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE observations (
    device TEXT NOT NULL,
    point TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (device, at_us, point)
) WITHOUT ROWID;
CREATE TABLE held (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL,
    monotonic_us INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE set_aside (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    status INTEGER NOT NULL,
    problem TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO lines VALUES (1, 0, 5, 41, NULL, 'r value=1'), (2, 3, 6, 44, 'u/1', 'r value=2');
INSERT INTO marks VALUES ('driver/a', '1');
INSERT INTO observations VALUES ('d1', 'power', 1000, '1.5');
INSERT INTO held VALUES (1, 'boot', 7, 'body');
PRAGMA user_version=1;
"""
