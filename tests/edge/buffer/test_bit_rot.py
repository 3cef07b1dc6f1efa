"""One bit of the buffer's file or log flips: it is found, and what it costs is bounded."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from edge.buffer import pages, schema, write_ahead_log
from edge.buffer.entry import Entry, Held, Kind, Line, Observation
from edge.buffer.recovery import copy_rows
from edge.buffer.snapshot import Snapshot
from edge.buffer.sqlite import SqliteBuffer
from edge.buffer.tables import DAMAGED
from edge.clock import SystemClock

START = datetime(2026, 9, 1, tzinfo=UTC)
LINES = [f"r,device=d{number % 7} value={number} {'x' * 80}" for number in range(240)]


@pytest.fixture
def fast_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: what is tried here does not depend on a disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def pages_of(file: bytes) -> list[bytes]:
    size = pages.PAGE_BYTES
    return [file[start : start + size] for start in range(0, len(file), size)]


def is_inner(file: bytes, number: int) -> bool:
    """Return whether a page leads to the pages of the lines."""
    page = pages_of(file)[number]
    return page[0] == 5 and pages.adds_up(page)


def log_pages(disk: "Disk", folder: Path) -> dict[int, bytes]:
    sound = folder / "sound"
    sound.write_bytes(disk.log)
    return write_ahead_log.read(sound).pages


@pytest.fixture(scope="module")
def disk_of_20_000(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("large") / "buffer.db"

    async def fill() -> None:
        async with SqliteBuffer(path, clock=SystemClock()) as buffer:
            texts = (f"r,device=d{number} value=1" for number in range(20_000))
            await buffer.append(Entry([Line(Kind.READING, text) for text in texts]))

    asyncio.run(fill())
    return path.read_bytes()


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


@pytest.mark.parametrize("part", ["file", "log", "headers", "log's high bits"])
async def test_a_flipped_bit_is_reported_and_costs_one_line_at_most(
    disk: Disk, fast_path: Path, part: str
) -> None:
    random = Random(7)
    is_in_log = part.startswith("log")
    most = len(disk.log if is_in_log else disk.file) * 8
    trials = []
    for trial in range(25):
        bit = random.randrange(most)
        if part == "headers":  # of the file, and of its pages with the pointers to their cells
            bit = bit % 800 if trial % 2 else bit - bit % (8 * pages.PAGE_BYTES) + bit % 800
        elif part == "log's high bits":  # the log's checksum is the same for several of them
            bit = bit - bit % 32 + 24 + bit % 8
        changed = (
            Disk(disk.file, flipped(disk.log, bit))
            if is_in_log
            else Disk(flipped(disk.file, bit), disk.log)
        )
        folder = fast_path / str(trial)
        folder.mkdir()
        trials.append(check(changed, folder / "buffer.db", f"bit {bit} of {part}"))
    assert max(await asyncio.gather(*trials)) <= 1


async def test_a_flipped_bit_above_many_rows_costs_none_of_them(
    disk_of_20_000: bytes, fast_path: Path
) -> None:
    """SQLite cannot reach what lies below such a page; here rows are read from their own pages."""
    page_bytes = pages.PAGE_BYTES
    inner = [n for n in range(len(disk_of_20_000) // page_bytes) if is_inner(disk_of_20_000, n)]
    assert inner
    for number, byte in ((inner[0], 0), (inner[-1], page_bytes - 4)):  # its kind, a child
        path = fast_path / f"{number}-{byte}.db"
        path.write_bytes(flipped(disk_of_20_000, 8 * (number * page_bytes + byte) + 1))
        async with SqliteBuffer(path, clock=SystemClock()) as buffer:
            assert (await buffer.state()).lines == 20_000, f"byte {byte} of page {number}"
            assert buffer.accidents, f"byte {byte} of page {number} is not reported"


def test_a_line_that_the_server_has_does_not_come_back_from_a_free_page(fast_path: Path) -> None:
    path = fast_path / "buffer.db"

    async def use() -> None:
        async with SqliteBuffer(path, clock=SystemClock()) as buffer:
            await buffer.append(Entry([Line(Kind.READING, text) for text in LINES]))
            sent = await buffer.take(100)
            assert sent is not None
            await buffer.acknowledge(sent)

    asyncio.run(use())
    with (
        Snapshot(path) as snapshot,
        contextlib.closing(schema.connect(fast_path / "new.db")) as new,
    ):
        assert copy_rows(snapshot, new).lines == len(LINES) - 100
        texts = [text for (text,) in new.execute("SELECT text FROM lines ORDER BY seq")]
    assert texts == LINES[100:]


def test_a_page_with_a_wrong_number_of_cells_is_put_right(disk: Disk) -> None:
    page = next(page for page in pages_of(disk.file) if page[0] == 13 and pages.adds_up(page))
    for bit in (8 * 4 + 1, 8 * 5 + 3, 8 * 8 + 6, 8 * 11 + 2):  # count, content, two pointers
        assert not pages.adds_up(pages.invert(page, bit))
        assert pages.repaired(pages.invert(page, bit), schema.is_right) == page


def test_a_high_bit_in_the_log_is_put_right_by_the_row_it_damages(
    disk: Disk, fast_path: Path
) -> None:
    """The log's checksum leaves hundreds of bits open; only with one of them the rows are right."""
    log = fast_path / "log"
    position = disk.log.index(LINES[130].encode())
    byte = next(b for b in range(position, position + 32) if (b - 32 - 24) % 4120 % 4 == 3)
    log.write_bytes(flipped(disk.log, 8 * byte + 7))
    assert write_ahead_log.repair(log) == 1
    assert log.read_bytes() == disk.log


def test_a_bit_that_looks_like_one_of_the_checksum_does_not_end_the_log(
    disk: Disk, fast_path: Path
) -> None:
    """The highest bit of a page's last word changes one bit of the checksum, as a flip there."""
    log = fast_path / "log"
    first_frame_end = 32 + 24 + pages.PAGE_BYTES
    log.write_bytes(flipped(disk.log, 8 * first_frame_end - 1))
    assert write_ahead_log.repair(log) == 1
    assert len(write_ahead_log.read(log).pages) == len(log_pages(disk, fast_path))


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
