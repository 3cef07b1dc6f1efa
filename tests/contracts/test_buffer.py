"""What every buffer promises, whatever it is made of."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_profiles.reading import Value
from edge.buffer.entry import Batch, Entry, Held, Kind, Lane, Line, Observation
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import SystemClock

BUFFERS: dict[str, Callable[[Path], SqliteBuffer]] = {
    "sqlite": lambda folder: SqliteBuffer(folder / "buffer.db", clock=SystemClock()),
}
NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)


@pytest.fixture(params=BUFFERS)
def make(request: pytest.FixtureRequest) -> Callable[[Path], SqliteBuffer]:
    return BUFFERS[request.param]


def reading(text: str) -> Line:
    return Line(Kind.READING, text)


def texts(batch: Batch | None) -> list[str]:
    return [] if batch is None else [text for _, text in batch.lines]


async def test_what_goes_in_comes_out_in_order(
    tmp_path: Path, make: Callable[[Path], SqliteBuffer]
) -> None:
    async with make(tmp_path) as buffer:
        for number in range(5):
            await buffer.append(Entry([reading(f"{number}a"), reading(f"{number}b")]))
        assert texts(await buffer.take(3)) == ["0a", "0b", "1a"]
        assert texts(await buffer.take(100))[:2] == ["0a", "0b"], "taken is not gone"


async def test_what_was_not_acknowledged_is_there_after_a_restart(
    tmp_path: Path, make: Callable[[Path], SqliteBuffer]
) -> None:
    async with make(tmp_path) as buffer:
        await buffer.append(Entry([reading("a"), reading("b"), reading("c")], {"m/k": "v"}))
        batch = await buffer.take(1)
        assert batch is not None
        await buffer.acknowledge(batch)
    async with make(tmp_path) as buffer:
        assert texts(await buffer.take(10)) == ["b", "c"]
        assert buffer.checkpoints("m/") == {"m/k": "v"}
        await buffer.append(Entry(checkpoints={"m/k": None}))
        assert buffer.checkpoints("m/") == {}


async def test_new_lines_never_wait_behind_more_than_one_batch_of_old_ones(
    tmp_path: Path, make: Callable[[Path], SqliteBuffer]
) -> None:
    async with make(tmp_path) as buffer:
        await buffer.append(Entry([reading(f"old {n}") for n in range(6)]))
        await buffer.start_backlog()
        lanes = []
        for number in range(3):
            await buffer.append(Entry([reading(f"new {number}")]))
            for _ in range(2):
                batch = await buffer.take(2)
                assert batch is not None
                lanes.append((batch.lane, texts(batch)))
                await buffer.acknowledge(batch)
        assert await buffer.take(2) is None
    assert lanes == [
        (Lane.LIVE, ["new 0"]),
        (Lane.BACKLOG, ["old 0", "old 1"]),
        (Lane.LIVE, ["new 1"]),
        (Lane.BACKLOG, ["old 2", "old 3"]),
        (Lane.LIVE, ["new 2"]),
        (Lane.BACKLOG, ["old 4", "old 5"]),
    ]


async def test_a_newer_version_takes_the_place_of_the_unsent_one(
    tmp_path: Path, make: Callable[[Path], SqliteBuffer]
) -> None:
    async with make(tmp_path) as buffer:
        await buffer.append(Entry([Line(Kind.USAGE, "slot 1, first", "u/1"), reading("r")]))
        under_way = await buffer.take(10)
        assert under_way is not None
        await buffer.append(Entry([Line(Kind.USAGE, "slot 1, second", "u/1")]))
        await buffer.acknowledge(under_way)
        assert texts(await buffer.take(10)) == ["slot 1, second"]
        assert (await buffer.state()).lines == 1


async def test_health_during_an_outage_takes_one_place(
    tmp_path: Path, make: Callable[[Path], SqliteBuffer]
) -> None:
    async with make(tmp_path) as buffer:
        for number in range(50):
            await buffer.append(Entry([Line(Kind.GATEWAY, f"report {number}", "gateway")]))
        assert texts(await buffer.take(100)) == ["report 49"]


async def test_refused_lines_are_kept_with_the_reason(
    tmp_path: Path, make: Callable[[Path], SqliteBuffer]
) -> None:
    async with make(tmp_path) as buffer:
        await buffer.append(Entry([reading("bad"), reading("good")]))
        batch = await buffer.take(10)
        assert batch is not None
        bad, good = batch.halves()
        await buffer.set_aside(bad, 422, "field type conflict")
        await buffer.acknowledge(good)
        assert await buffer.take(10) is None
    async with make(tmp_path) as buffer:
        (refused,) = await buffer.list_set_aside()
        assert (refused.status, refused.problem, refused.text) == (
            422,
            "field type conflict",
            "bad",
        )
        assert (await buffer.state()).set_aside == 1


async def test_observations_and_held_readings_live_in_the_same_transactions(
    tmp_path: Path, make: Callable[[Path], SqliteBuffer]
) -> None:
    values: list[Value] = [1.5, True, "in use"]
    seen = [
        Observation("d1", "power", NOON + timedelta(minutes=n), value)
        for n, value in enumerate(values)
    ]
    async with make(tmp_path) as buffer:
        await buffer.append(Entry(observations=seen, held=[Held("boot", 7, "[1]")]))
    async with make(tmp_path) as buffer:
        assert list(await buffer.observations()) == seen
        (held,) = await buffer.held()
        assert (held.boot, held.monotonic_us, held.body) == ("boot", 7, "[1]")
        forget = {"d1": NOON + timedelta(minutes=1)}
        await buffer.append(Entry(forget_before=forget, released=[held.number]))
        assert list(await buffer.observations()) == seen[1:]
        assert list(await buffer.held()) == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4)),
        st.tuples(st.just("take"), st.integers(1, 5)),
        st.just(("acknowledge", 0)),
        st.just(("set aside", 0)),
        st.just(("acknowledge half", 0)),
        st.just(("outage ends", 0)),
        st.just(("crash", 0)),
    ),
    max_size=40,
)


@pytest.mark.parametrize("name", BUFFERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_any_interleaving_loses_nothing_and_doubles_nothing(
    name: str, steps: list[tuple[str, int]]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_interleaved(BUFFERS[name], Path(folder), steps))


async def _interleaved(
    make: Callable[[Path], SqliteBuffer], folder: Path, steps: list[tuple[str, int]]
) -> None:
    appended = 0
    gone: list[int] = []
    batch: Batch | None = None
    buffer = make(folder)
    await buffer.__aenter__()
    for what, number in steps:
        if what == "append":
            lines = [reading(str(appended + n)) for n in range(number)]
            await buffer.append(Entry(lines, {"m/last": str(appended + number - 1)}))
            appended += number
        elif what == "take":
            batch = await buffer.take(number)
            held = [int(text) for text in texts(batch)]
            assert held == sorted(held), "in order within a lane"
            assert not set(held) & set(gone), "what is settled never comes again"
        elif what == "outage ends":
            await buffer.start_backlog()
        elif what == "crash":
            await buffer.__aexit__(None, None, None)
            buffer, batch = make(folder), None
            await buffer.__aenter__()
        elif batch is not None:
            part = batch.halves()[1] if what == "acknowledge half" else batch
            if what == "set aside":
                await buffer.set_aside(part, 400, "unable to parse")
            else:
                await buffer.acknowledge(part)
            gone += [int(text) for text in texts(part)]
            batch = None
    rest: list[int] = []
    while batch := await buffer.take(7):
        rest += [int(text) for text in texts(batch)]
        await buffer.acknowledge(batch)
    assert buffer.checkpoints("m/") == ({"m/last": str(appended - 1)} if appended else {})
    await buffer.__aexit__(None, None, None)
    assert Counter(gone + rest) == Counter(range(appended))
