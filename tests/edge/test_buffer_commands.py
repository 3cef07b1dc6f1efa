"""`campus-edge buffer`: what waits, what is damaged, and nothing changed by looking."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.buffer import pages
from edge.buffer.entry import Entry, Held, Kind, Line, Observation
from edge.buffer.sqlite import SqliteBuffer
from edge.cli import main
from edge.clock import SystemClock
from tests._parts.gateway_process import GatewayProcess

READINGS = [f"r,device=d{number} value={number}" for number in range(300)]


def fill(path: Path) -> None:
    """Fill a buffer with two refused lines, one sent, and the rest waiting."""

    async def use() -> None:
        async with SqliteBuffer(path, clock=SystemClock()) as buffer:
            await buffer.append(Entry([Line(Kind.EVENT, f"event {n}") for n in range(3)]))
            for method in ("set_aside", "acknowledge"):
                batch = await buffer.take(2 if method == "set_aside" else 1)
                assert batch is not None
                if method == "set_aside":
                    await buffer.set_aside(batch, 400, "no such field")
                else:
                    await buffer.acknowledge(batch)
            seen = [Observation("d1", "power", SystemClock().now(), 1.0)]
            lines = [Line(Kind.READING, text) for text in READINGS]
            await buffer.append(Entry([*lines, Line(Kind.USAGE, "usage", "u/1")], {"m/a": "1"}))
            await buffer.append(Entry(observations=seen, held=[Held("boot", 1, "[]")]))

    asyncio.run(use())


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of a buffer's file and log."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if "-shm" not in path.name}


def test_stats_shows_what_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "buffer.db"
    fill(path)
    before = content(tmp_path)
    assert main(["buffer", "stats", str(path), "--json"]) == 0
    stats = json.loads(capsys.readouterr().out)
    assert stats["lines"] == {"reading": 300, "gateway": 0, "event": 0, "usage": 1}
    assert stats["oldest_at"] is not None
    assert stats["file_bytes"] == path.stat().st_size
    assert (stats["set_aside"], stats["counts"]) == (2, {"evicted": 0, "set_aside": 2})
    assert (stats["held"], stats["marks"], stats["observations"]) == (1, 1, 1)
    assert main(["buffer", "stats", str(path), "--lang", "zh"]) == 0
    assert "301 行：读数 300" in capsys.readouterr().out
    assert content(tmp_path) == before


def test_verify_names_what_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "buffer.db"
    fill(path)
    assert main(["buffer", "verify", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: 301 lines waiting, nothing damaged\n"
    sound = path.read_bytes()
    row = sound.index(READINGS[7].encode()) + 3
    inner = next(
        start
        for start in range(0, len(sound), pages.PAGE_BYTES)
        if sound[start] == 5  # a page that leads to the lines
    )
    path.write_bytes(pages.invert(pages.invert(sound, 8 * row), 8 * inner + 2))
    before = content(tmp_path)
    assert main(["buffer", "verify", str(path)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert f"{path}: page {inner // pages.PAGE_BYTES + 1} does not add up" in out
    assert sum("a row whose checksum does not match" in line for line in out) == 1
    assert any(", lines 11" in line for line in out)
    assert any("SQLite: " in line for line in out)
    assert out[-1] == (
        f"{path}: damaged; 300 lines can be read, and a gateway that starts takes them over"
    )
    assert content(tmp_path) == before
    assert main(["buffer", "verify", str(path), "--json"]) == 1
    kinds = {fault["kind"] for fault in json.loads(capsys.readouterr().out)["faults"]}
    assert kinds == {"page", "row", "structure"}


def test_export_writes_line_protocol(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "buffer.db"
    fill(path)
    assert main(["buffer", "export", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [*READINGS, "usage"]
    out = tmp_path / "lines.txt"
    assert main(["buffer", "export", str(path), "--out", str(out), "--json"]) == 0
    assert json.loads(out.read_text(encoding="utf-8").splitlines()[-1])["kind"] == "usage"
    assert main(["buffer", "export", str(path), "--out", str(out)]) == 1
    assert f"{out}: exists" in capsys.readouterr().err
    sound = path.read_bytes()
    path.write_bytes(pages.invert(sound, 8 * sound.index(READINGS[7].encode())))
    assert main(["buffer", "export", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [*READINGS[:7], *READINGS[8:], "usage"]
    assert "lines may be missing" in captured.err


def test_a_buffer_that_is_not_there_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("verify", "export", "stats"):
        assert main(["buffer", command, str(tmp_path / "buffer.db")]) == 1
        assert "not there" in capsys.readouterr().err


def test_a_flipped_bit_in_the_log_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "live" / "buffer.db"
    copied = tmp_path / "copied" / "buffer.db"
    copied.parent.mkdir()

    async def copy_while_open() -> None:
        async with SqliteBuffer(path, clock=SystemClock()) as buffer:
            await buffer.append(Entry([Line(Kind.READING, text) for text in READINGS]))
            copied.write_bytes(path.read_bytes())
            log = path.with_name("buffer.db-wal").read_bytes()
            bit = 8 * log.index(READINGS[7].encode())
            copied.with_name("buffer.db-wal").write_bytes(pages.invert(log, bit))

    asyncio.run(copy_while_open())
    before = content(copied.parent)
    assert main(["buffer", "verify", str(copied)]) == 1
    out = capsys.readouterr().out
    assert f"{copied}-wal: flipped bits: 1" in out
    assert "300 lines can be read" in out
    assert content(copied.parent) == before


@pytest.mark.real
async def test_a_gateway_that_runs_or_was_killed_can_be_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = GatewayProcess(
        tmp_path,
        {
            "gateway": "gw-1",
            "school": "2133100001",
            "uplink": {"url": "http://127.0.0.1:1", "token": "t"},
            "mqtt": {"host": "127.0.0.1", "port": 1},
            "devices": [{"id": "d1", "profile": "tasmota-plug", "mqtt": {"device": "d1"}}],
        },
    )
    await asyncio.to_thread(fill, gateway.buffer)
    gateway.start()
    configuration = str(tmp_path / "gateway.yaml")
    try:
        await gateway.until(lambda status: status["backlog"] >= len(READINGS))
        assert main(["buffer", "stats", configuration, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["lines"]["reading"] == len(READINGS)
        assert main(["buffer", "verify", configuration]) == 0
        assert "nothing damaged" in capsys.readouterr().out
        with closing(sqlite3.connect(gateway.buffer)) as other:  # the gateway still writes
            other.execute("BEGIN IMMEDIATE")
    finally:
        gateway.kill()
    before = content(gateway.buffer.parent)
    assert main(["buffer", "export", configuration]) == 0
    assert capsys.readouterr().out.splitlines()[: len(READINGS)] == READINGS
    assert content(gateway.buffer.parent) == before
