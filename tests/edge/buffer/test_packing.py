"""Many observations in one row: nothing lost, and forgotten once no device needs them."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.buffer.entry import Entry, Observation
from edge.buffer.packing import PACKED, PACKED_FROM, packed, unpacked
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import SystemClock

START = datetime(2026, 9, 1, 0, 0, 0, 123456, tzinfo=UTC)


def seen(number: int, device: str) -> Observation:
    value = (0.1, True, "on", 7)[number % 4]
    return Observation(device, "power", START + timedelta(seconds=number), value)


OBSERVATIONS = [seen(number, f"d{number % 3}") for number in range(30)]


def rows(path: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT device, count(*) FROM observations GROUP BY device").fetchall()


def in_order(observations: list[Observation]) -> list[Observation]:
    return sorted(observations, key=lambda observation: observation.at)


def test_what_is_packed_comes_out_again() -> None:
    assert in_order(unpacked(packed(OBSERVATIONS))) == OBSERVATIONS


async def test_many_observations_are_one_row_and_few_are_a_row_each(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    few = [seen(100 + number, "d9") for number in range(PACKED_FROM - 1)]
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        await buffer.append(Entry(observations=OBSERVATIONS))
        await buffer.append(Entry(observations=OBSERVATIONS[:PACKED_FROM]))  # of the same times
        await buffer.append(Entry(observations=few))
        assert rows(path) == [("d9", len(few)), (PACKED, 2)]
        assert list(await buffer.observations()) == [*OBSERVATIONS, *few]
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        assert list(await buffer.observations()) == [*OBSERVATIONS, *few]


async def test_a_packed_row_goes_once_none_of_its_devices_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        await buffer.append(Entry(observations=OBSERVATIONS))
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        later = START + timedelta(hours=1)
        await buffer.append(Entry(forget_before={"d0": later, "d1": later}))
        assert {o.device for o in await buffer.observations()} == {"d2"}
        assert rows(path) == [(PACKED, 1)]
        await buffer.append(Entry(forget_before={"d2": later}))
        assert list(await buffer.observations()) == []
        assert rows(path) == []


async def test_a_damaged_packed_row_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        await buffer.append(Entry(observations=OBSERVATIONS))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE observations SET value = 'x'")
        db.commit()
    async with SqliteBuffer(path, clock=SystemClock()) as buffer:
        assert list(await buffer.observations()) == []
        assert "1 of the usage state's rows" in buffer.accidents[0]
