"""The buffer's own promises: crash, full disk, broken file, byte cap. See tests/contracts too."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.buffer import tables
from edge.buffer.entry import Entry, Kind, Lane, Line
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import SystemClock
from edge.errors import BufferUnavailable

_WRITER = """
import asyncio, sys
from pathlib import Path
from edge.buffer.entry import Entry, Kind, Line
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import SystemClock

async def main() -> None:
    async with SqliteBuffer(Path(sys.argv[1]), clock=SystemClock()) as buffer:
        async def write(lane: int) -> None:
            number = 0
            while True:
                text = f"{lane}:{number}"
                checkpoints = {f"w/{lane}": str(number)}
                await buffer.append(Entry([Line(Kind.READING, text)], checkpoints))
                sys.stdout.write(text + "\\n")
                sys.stdout.flush()
                number += 1
        await asyncio.gather(*(write(lane) for lane in range(8)))

asyncio.run(main())
"""


def reading(text: str) -> Line:
    return Line(Kind.READING, text)


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


async def drained(buffer: SqliteBuffer) -> list[str]:
    texts: list[str] = []
    while batch := await buffer.take(100):
        texts += [text for _, text in batch.lines]
        await buffer.acknowledge(batch)
    return texts


def test_kill_9_while_writing_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    seen: dict[int, int] = {}
    for round_ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(100 + 50 * round_)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        seen = {}
        for text in acknowledged:
            if text.endswith("\n"):
                lane, number = text.split(":")
                seen[int(lane)] = int(number)

        async def look(seen: dict[int, int] = seen) -> None:
            async with SqliteBuffer(path, clock=SystemClock()) as buffer:
                assert not buffer.accidents
                checkpoints = buffer.checkpoints("w/")
                texts = await drained(buffer)
            for lane, last in seen.items():
                numbers = [int(t.split(":")[1]) for t in texts if t.startswith(f"{lane}:")]
                # Every acknowledged one is there, once, in order; at most one more was under way.
                assert numbers == list(range(len(numbers)))
                assert last + 1 <= len(numbers) <= last + 2
                # A mark and its line are there together or not at all.
                assert checkpoints[f"w/{lane}"] == str(numbers[-1])

        asyncio.run(look())


@pytest.mark.parametrize("cut", [1, 100, 4000, 4096, 9000])
async def test_torn_write_ahead_log_keeps_every_complete_entry(tmp_path: Path, cut: int) -> None:
    source = tmp_path / "source.db"
    torn = tmp_path / "torn.db"
    async with SqliteBuffer(source, clock=SystemClock()) as buffer:
        for number in range(20):
            await buffer.append(Entry([reading(f"line {number} {'x' * 500}")]))
        # A copy of the open files, cut short: what a power cut leaves.
        torn.write_bytes(source.read_bytes())
        log = log_of(source).read_bytes()
    log_of(torn).write_bytes(log[:-cut])
    async with SqliteBuffer(torn, clock=SystemClock()) as buffer:
        assert not buffer.accidents
        numbers = [int(text.split()[1]) for text in await drained(buffer)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 20 - 1 - cut // 4096


async def test_cut_at_every_page_of_the_log_starts_with_a_prefix(tmp_path: Path) -> None:
    source = tmp_path / "source.db"
    async with SqliteBuffer(source, clock=SystemClock()) as buffer:
        for number in range(12):
            await buffer.append(Entry([reading(f"{number}")], {"m/last": str(number)}))
        database, log = source.read_bytes(), log_of(source).read_bytes()
    for cut in range(0, len(log), 2060):
        torn = tmp_path / f"torn-{cut}.db"
        torn.write_bytes(database)
        log_of(torn).write_bytes(log[:cut])
        async with SqliteBuffer(torn, clock=SystemClock()) as buffer:
            numbers = [int(text) for text in await drained(buffer)]
            assert numbers == list(range(len(numbers)))
            assert buffer.checkpoints("m/").get("m/last") == (str(numbers[-1]) if numbers else None)


@pytest.mark.parametrize(
    "damage", [b"not a database at all, but text" * 200, b"", b"\0" * 8192], ids=len
)
async def test_unreadable_file_is_kept_aside_and_a_new_one_begun(
    tmp_path: Path, damage: bytes
) -> None:
    path = tmp_path / "buffer.db"
    path.write_bytes(damage)
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        await buffer.append(Entry([reading("new")]))
        assert await drained(buffer) == ["new"]
        if damage:
            assert len(buffer.accidents) == 1
            assert "kept as buffer.db.broken-" in buffer.accidents[0]
            (name,) = re.findall(r"buffer\.db\.broken-[0-9T-]+", buffer.accidents[0])
            assert (tmp_path / name).read_bytes() == damage


async def test_page_overwritten_with_noise_is_found_at_start(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        await buffer.append(Entry([reading(f"{n} {'x' * 400}") for n in range(300)]))
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        assert len(buffer.accidents) == 1
        await buffer.append(Entry([reading("new")]))
        assert await drained(buffer) == ["new"]


async def test_file_broken_while_running_is_replaced_and_marks_live_on(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        await buffer.append(Entry([reading("old")], {"m/a": "1"}))
        owned = buffer._owned
        commit = owned.commit

        def broken() -> None:
            owned.commit = commit  # type: ignore[method-assign]  # the damage shows once
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

        owned.commit = broken  # type: ignore[method-assign]  # as SQLite reports a bad page
        await buffer.append(Entry([reading("new")], {"m/b": "2"}))
        assert await drained(buffer) == ["new", "old"]
        assert buffer.checkpoints("m/") == {"m/a": "1", "m/b": "2"}
        assert len(buffer.accidents) == 1


async def test_full_disk_acknowledges_nothing_until_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    kept: list[str] = []
    # max_page_count is SQLite's own "disk is full", raised at the same place as the system's.
    async with SqliteBuffer(path, clock=SystemClock(), max_pages=60) as buffer:

        async def fill() -> None:
            while True:
                await buffer.take(10_000)  # what was taken is never evicted
                text = f"{len(kept)} {'x' * 1000}"
                await buffer.append(Entry([Line(Kind.USAGE, text)]))
                kept.append(text)

        with pytest.raises(BufferUnavailable, match="full"):
            await fill()
        batch = await buffer.take(10)
        assert batch is not None
        await buffer.acknowledge(batch)
        await buffer.append(Entry([reading("room again")]))
        assert await drained(buffer) == [*kept[10:], "room again"]
        assert (await buffer.state()).evicted == 0


async def test_full_disk_gives_up_the_oldest_readings_first(tmp_path: Path) -> None:
    async with SqliteBuffer(tmp_path / "buffer.db", clock=SystemClock(), max_pages=200) as buffer:
        await buffer.append(Entry([Line(Kind.USAGE, "usage")]))
        for number in range(0, 1000, 5):
            await buffer.append(
                Entry([reading(f"{n} {'x' * 2000}") for n in range(number, number + 5)])
            )
        state = await buffer.state()
        texts = await drained(buffer)
    assert texts[0] == "usage"
    numbers = [int(text.split()[0]) for text in texts[1:]]
    assert numbers == list(range(1000 - len(numbers), 1000))
    assert state.evicted == 1000 - len(numbers) > 0


@pytest.mark.real
def test_file_system_that_refuses_more_bytes_is_survived(tmp_path: Path) -> None:
    script = _WRITER.replace(
        "asyncio.run(main())",
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        "asyncio.run(main())",
    ).replace('"{lane}:{number}"', '"{lane}:{number}:" + "x" * 800')
    path = tmp_path / "buffer.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    # Three times what the file may hold: the rule makes room, and collection goes on.
    seen = [writer.stdout.readline().strip() for _ in range(1500)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert all(seen)

    async def look() -> None:
        async with SqliteBuffer(path, clock=SystemClock()) as buffer:
            assert not buffer.accidents
            evicted = (await buffer.state()).evicted
            texts = set(await drained(buffer))
            assert evicted > 0
            assert len(set(seen) - texts) <= evicted

    asyncio.run(look())


async def test_byte_cap_gives_up_readings_before_all_else(tmp_path: Path) -> None:
    cap = 200_000
    async with SqliteBuffer(tmp_path / "buffer.db", clock=SystemClock(), max_bytes=cap) as buffer:
        for number in range(400):
            await buffer.append(
                Entry(
                    [
                        reading(f"reading {number} {'x' * 2000}"),
                        Line(Kind.USAGE, f"usage {number}"),
                        Line(Kind.EVENT, f"event {number}"),
                    ]
                )
            )
            assert (await buffer.state()).size_bytes <= cap
        state = await buffer.state()
        texts = await drained(buffer)
    assert [t for t in texts if t.startswith("usage")] == [f"usage {n}" for n in range(400)]
    assert [t for t in texts if t.startswith("event")] == [f"event {n}" for n in range(400)]
    left = [int(t.split()[1]) for t in texts if t.startswith("reading")]
    assert left == list(range(400 - len(left), 400))
    assert state.evicted == 400 - len(left)


async def test_eviction_count_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    async with SqliteBuffer(path, clock=SystemClock(), max_bytes=1000) as buffer:
        for number in range(10):
            await buffer.append(Entry([reading(f"{number} {'x' * 300}")]))
        evicted = (await buffer.state()).evicted
    async with SqliteBuffer(path, clock=SystemClock(), max_bytes=1000) as buffer:
        assert (await buffer.state()).evicted == evicted > 0


async def test_drained_buffer_is_a_small_file_again(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        for number in range(40):
            await buffer.append(Entry([reading(f"{number} {n} {'x' * 400}") for n in range(500)]))
        full = path.stat().st_size + log_of(path).stat().st_size
        await drained(buffer)
        for _ in range(20):
            await buffer.append(Entry([Line(Kind.GATEWAY, "health", "gateway")]))
        log = log_of(path).stat().st_size
    assert full > 8_000_000
    assert log <= 5_000_000
    assert path.stat().st_size < 3_000_000


async def test_one_bad_entry_fails_alone(tmp_path: Path) -> None:
    async with SqliteBuffer(tmp_path / "buffer.db", clock=SystemClock()) as buffer:
        bad = "half a character \ud800"
        outcomes = await asyncio.gather(
            *(buffer.append(Entry([reading(text)])) for text in ("a", bad, "b")),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [
            type(None),
            UnicodeEncodeError,
            type(None),
        ]
        assert await drained(buffer) == ["a", "b"]


async def test_many_appends_share_commits(tmp_path: Path) -> None:
    async with SqliteBuffer(tmp_path / "buffer.db", clock=SystemClock()) as buffer:
        commits = 0
        owned = buffer._owned
        commit = owned.commit

        def counted() -> None:
            nonlocal commits
            commits += 1
            commit()

        owned.commit = counted  # type: ignore[method-assign]  # counts and commits
        await asyncio.gather(*(buffer.append(Entry([reading(f"{n}")])) for n in range(1000)))
        assert commits <= 100
        assert sorted(map(int, await drained(buffer))) == list(range(1000))


async def test_closed_buffer_refuses(tmp_path: Path) -> None:
    buffer = SqliteBuffer(tmp_path / "buffer.db", clock=SystemClock())
    with pytest.raises(BufferUnavailable, match="not open"):
        buffer.checkpoints("")
    async with buffer:
        pass
    with pytest.raises(BufferUnavailable, match="closed"):
        await buffer.append(Entry())


async def test_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    path.mkdir()
    with pytest.raises(BufferUnavailable, match=r"buffer\.db"):
        async with SqliteBuffer(path, clock=SystemClock()):
            pass


async def test_held_deliveries_have_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.buffer.entry import Held  # noqa: PLC0415 - used here only

    monkeypatch.setattr(tables, "MAX_HELD", 5)
    async with SqliteBuffer(tmp_path / "buffer.db", clock=SystemClock()) as buffer:
        for number in range(8):
            await buffer.append(Entry(held=[Held("boot", number, "[]")]))
        assert [held.monotonic_us for held in await buffer.held()] == [3, 4, 5, 6, 7]
        state = await buffer.state()
        assert (state.held, state.evicted) == (5, 3)


async def test_oldest_line_tells_since_when(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    async with SqliteBuffer(tmp_path / "buffer.db", clock=SystemClock()) as buffer:
        assert (await buffer.state()).oldest_at is None
        await buffer.append(Entry([reading("a")]))
        oldest = (await buffer.state()).oldest_at
        assert oldest is not None
        assert abs((oldest - before).total_seconds()) < 60
        batch = await buffer.take(1)
        assert batch is not None
        assert batch.lane is Lane.LIVE
