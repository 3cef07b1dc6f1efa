"""Cases from the field: what a device or a line did, and what the gateway has to make of it."""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from device_profiles.protocols.modbus import PROTOCOL, BusConfig, ModbusAddress
from edge.drivers.modbus.driver import ModbusBus, ModbusDevice
from edge.errors import DeviceUnreachable
from tests._parts.modbus import METER, devices, more, polling, profile
from tests._parts.modbus_line import (
    HANG_UP,
    RESET,
    Behaviour,
    LineRequest,
    Served,
    serial_device,
    tcp_device,
)
from tests._parts.sink import MemorySink

BLOCK = profile({f"r{n}": {"address": n} for n in (0, 5, 10, 15, 20, 35, 50, 60)})
PAIR = profile({"power": {"address": 3}, "peak": {"register": "input", "address": 40}})


def tcp(served: Served, timeout_s: float = 0.3) -> ModbusBus:
    assert isinstance(served.place, int)
    return ModbusBus(name="tcp-1", host="127.0.0.1", port=served.place, timeout_s=timeout_s)


def rtu(served: Served, timeout_s: float = 0.3) -> ModbusBus:
    assert isinstance(served.place, str)
    return ModbusBus(name="rtu-1", serial=served.place, timeout_s=timeout_s)


def right(_number: int, request: LineRequest) -> bytes:
    return request.answer()


def points(sink: MemorySink) -> set[str]:
    return {reading.point for reading in sink.readings}


def all_points(*names: str) -> Callable[[MemorySink], bool]:
    return lambda sink: set(names) <= points(sink)


def are_right(sink: MemorySink, described: object = BLOCK) -> bool:
    """Whether every value is that of its own point: a register holds its address."""
    where = {name: point.address for name, point in described.points.items()}  # type: ignore[attr-defined]
    return all(reading.value == where[reading.point] for reading in sink.readings)


def problems(sink: MemorySink) -> set[str]:
    return {str(error) for error in sink.device_errors}


async def test_case_close_each_a_server_that_closes_after_every_answer_is_asked_on() -> None:
    async with (
        tcp_device(lambda _, request: request.answer() + HANG_UP) as served,
        polling(tcp(served), *devices(METER, 1)) as sink,
    ):
        await sink.until(more(5, "meter-1"))
    assert sink.device_errors == []
    assert sink.driver_errors == []
    assert sink.ready == ["tcp-1"]
    assert served.connections >= 5


@pytest.mark.parametrize("end", [HANG_UP, RESET])
async def test_a_connection_that_ends_before_or_in_an_answer_costs_that_request_alone(
    end: bytes,
) -> None:
    def behaviour(number: int, request: LineRequest) -> bytes:
        return request.answer()[: number % 2 * 6] + end if number % 3 == 0 else request.answer()

    async with (
        tcp_device(behaviour) as served,
        polling(tcp(served), *devices(METER, 1, 2)) as sink,
    ):
        await sink.until(more(6, "meter-1"))
        await sink.until(more(6, "meter-2"))
    assert sink.device_errors == []
    assert sink.driver_errors == []
    assert are_right(sink, profile({"power": {"address": 3}, "peak": {"address": 10}}))


async def test_case_hole_silent_the_registers_around_a_silent_hole_are_read() -> None:
    def behaviour(_number: int, request: LineRequest) -> bytes:
        return b"" if request.address <= 11 and request.end > 10 else request.answer()

    async with (
        tcp_device(behaviour) as served,
        polling(tcp(served, 0.05), *devices(BLOCK, 1)) as sink,
    ):
        await sink.until(all_points("r0", "r5", "r15", "r20", "r35", "r50", "r60"))
    assert "r10" not in points(sink)
    assert are_right(sink)


async def test_case_limit_exc4_a_block_that_is_too_long_is_split() -> None:
    def behaviour(_number: int, request: LineRequest) -> bytes:
        return request.refuse(4) if request.count > 40 else request.answer()

    async with tcp_device(behaviour) as served, polling(tcp(served), *devices(BLOCK, 1)) as sink:
        await sink.until(all_points(*BLOCK.points))
    assert sink.device_errors == []
    assert are_right(sink)


@pytest.mark.parametrize("code", [1, 2, 3, 4])
async def test_case_boot_exc2_a_device_that_refuses_everything_at_first_is_read_soon(
    code: int,
) -> None:
    booting = [True]
    refused = []

    def behaviour(_number: int, request: LineRequest) -> bytes:
        if booting[0]:
            refused.append(request)
            return request.refuse(code)
        return request.answer()

    async with tcp_device(behaviour) as served, polling(tcp(served), *devices(BLOCK, 1)) as sink:
        await sink.until(lambda s: len(s.device_errors) >= 6)
        booting[0] = False
        began = len(served.requests)
        await sink.until(all_points(*BLOCK.points))
    assert len(served.requests) - began <= 6  # a probe, and the poll that follows at once
    assert sink.kept.get("modbus/meter-1/breaks") is None


async def test_case_boot_exc2_after_a_power_cut_of_a_device_that_was_read_before() -> None:
    state = ["up"]

    def behaviour(_number: int, request: LineRequest) -> bytes:
        return request.answer() if state[0] == "up" else request.refuse(2)

    async with tcp_device(behaviour) as served, polling(tcp(served), *devices(BLOCK, 1)) as sink:
        await sink.until(more(3, "meter-1"))
        state[0] = "booting"
        await sink.until(lambda s: len(s.device_errors) >= 10)
        state[0] = "up"
        before = len(sink.deliveries)
        began = len(served.requests)
        await sink.until(lambda s: len(s.deliveries) >= before + 4)
    last = sink.deliveries[-1]
    assert {reading.point for reading in last.readings} == set(BLOCK.points)
    assert len(served.requests) - began <= 40


async def test_case_one_exc2_a_single_refusal_is_forgotten() -> None:
    def behaviour(number: int, request: LineRequest) -> bytes:
        return request.refuse(2) if number == 3 else request.answer()

    async with tcp_device(behaviour) as served, polling(tcp(served), *devices(BLOCK, 1)) as sink:
        await sink.until(lambda s: len(served.requests) >= 20 and more(12, "meter-1")(s))
    whole = (0, 61)
    assert [(r.address, r.count) for r in served.requests[-3:]] == [whole] * 3
    assert sink.kept.get("modbus/meter-1/breaks") is None
    assert are_right(sink)


async def test_case_busy_a_busy_device_is_asked_again_within_its_poll() -> None:
    slow = profile({"power": {"address": 3, "poll_s": 3600}})

    def behaviour(number: int, request: LineRequest) -> bytes:
        return request.refuse(6 if number < 3 else 5) if number < 4 else request.answer()

    async with tcp_device(behaviour) as served, polling(tcp(served), *devices(slow, 1)) as sink:
        await sink.until(more(1, "meter-1"))
    assert len(served.requests) == 4
    assert {getattr(error, "code", "") for error in sink.device_errors} == {
        "SERVER DEVICE BUSY",
        "ACKNOWLEDGE",
    }


async def test_a_lost_answer_is_asked_for_again_within_the_poll() -> None:
    slow = profile(
        {
            "power": {"address": 3, "poll_s": 3600},
            "peak": {"register": "input", "address": 40, "poll_s": 3600},
        }
    )
    lost = {3}

    def behaviour(number: int, request: LineRequest) -> bytes:
        return b"" if number in lost else request.answer()

    async with (
        serial_device(behaviour) as served,
        polling(rtu(served, 0.1), *devices(slow, 1)) as sink,
    ):
        lost.clear()
        lost.add(2)  # the first poll's second block
        await sink.until(all_points("power", "peak"))
    assert [r.address for r in served.requests] == [3, 40, 40]
    assert problems(sink) == {"meter-1: no answer within 0.1 s"}


NOISE: dict[str, tuple[Behaviour, set[str]]] = {
    "zero-before": (lambda _, request: b"\0" + request.answer(), set()),
    "echo": (lambda _, request: request.frame + request.answer(), set()),
    "foreign frame first": (lambda _, request: request.answer(unit=9) + request.answer(), set()),
    "bad-crc": (
        lambda n, request: request.answer()[:-1] + b"\0" if n % 3 == 0 else request.answer(),
        {"meter-1: bad CRC"},
    ),
    "another unit": (
        lambda n, request: request.answer(unit=9) if n % 3 == 0 else request.answer(),
        {"meter-1: unit 9 answered, expected unit 1"},
    ),
    "echo alone": (
        lambda n, request: request.frame if n % 3 == 0 else request.answer(),
        {"meter-1: only the request came back (echo), no answer"},
    ),
    "stray bytes": (
        lambda n, request: b"\xff\xfe" if n % 3 == 0 else request.answer(),
        {"meter-1: stray bytes, no frame (2 bytes: ff fe)"},
    ),
}


@pytest.mark.parametrize("name", NOISE)
async def test_case_noise_on_a_serial_line_is_read_through_and_named(name: str) -> None:
    behaviour, expected = NOISE[name]
    async with (
        serial_device(behaviour) as served,
        polling(rtu(served, 0.1), *devices(METER, 1)) as sink,
    ):
        await sink.until(more(9, "meter-1"))
    assert problems(sink) == expected
    assert {r.value for r in sink.readings} == {3.0, 10.0}


async def test_case_bad_crc_a_lone_device_keeps_its_own_pace() -> None:
    def behaviour(number: int, request: LineRequest) -> bytes:
        return request.answer()[:-1] + b"\0" if number % 3 == 0 else request.answer()

    async with (
        serial_device(behaviour) as served,
        polling(rtu(served, 0.1), *devices(METER, 1)) as sink,
    ):
        await sink.until(lambda s: len(s.device_errors) >= 5)
    assert len(sink.deliveries) >= 8  # two of three requests bring a reading, none is left out


async def test_case_rtu_over_tcp_is_a_framing() -> None:
    async with tcp_device(right, is_rtu=True) as served:
        bus = replace(tcp(served), framing="rtu")
        async with polling(bus, *devices(METER, 1)) as sink:
            await sink.until(more(3, "meter-1"))
    assert sink.device_errors == []


async def test_case_unit_0_is_named_and_can_be_allowed() -> None:
    async with tcp_device(lambda _, request: request.answer(unit=0)) as served:
        async with polling(tcp(served), *devices(METER, 1)) as sink:
            await sink.until(lambda s: len(s.device_errors) >= 2)
        (problem,) = problems(sink)
        assert problem == (
            "meter-1: unit 0 answered, expected unit 1; "
            "if the device always does, give it answer_unit: 0"
        )
        allowed = ModbusDevice("meter-1", METER, 1, answer_unit=0)
        async with polling(tcp(served), allowed) as sink:
            await sink.until(more(3, "meter-1"))
    assert sink.device_errors == []


async def test_ascii_over_a_serial_line() -> None:
    def ascii_answer(_number: int, request: LineRequest) -> bytes:
        body = request.answer()[:-2]
        return b":" + (body + bytes([-sum(body) & 0xFF])).hex().upper().encode() + b"\r\n"

    async with serial_device(ascii_answer, is_ascii=True) as served:
        bus = replace(rtu(served), framing="ascii")
        async with polling(bus, *devices(METER, 1)) as sink:
            await sink.until(more(3, "meter-1"))
    assert sink.device_errors == []
    assert {r.value for r in sink.readings} == {3.0, 10.0}


def test_a_serial_line_has_no_tcp_frames() -> None:
    with pytest.raises(ValueError, match="framing: tcp needs host; a serial line has rtu or ascii"):
        BusConfig.model_validate({"bus": "b", "serial": "/dev/ttyUSB0", "framing": "tcp"})


def test_a_pace_that_leaves_use_unobserved_is_refused() -> None:
    described = profile(
        {"power": {"address": 3}},
        usage={"point": "power", "active_above": 10, "max_gap_s": 90},
    )
    address = ModbusAddress(bus="b", unit_id=1, poll_s=40)
    (fault,) = PROTOCOL.device_faults([BusConfig(bus="b", host="h")], described, address)
    assert fault == (
        ("poll_s",),
        "got 40; test-device needs at most 30, a third of its usage rule's max_gap_s",
    )


async def test_a_bus_keeps_a_pause_between_requests() -> None:
    times: list[float] = []

    def behaviour(_number: int, request: LineRequest) -> bytes:
        times.append(time.monotonic())
        return request.answer()

    async with tcp_device(behaviour) as served:
        bus = replace(tcp(served), pause_s=0.1)
        async with polling(bus, *devices(METER, 1, 2)) as sink:
            await sink.until(more(4, "meter-2"))
    # A busy machine makes pauses longer, never shorter.
    assert all(after - before > 0.08 for before, after in itertools.pairwise(times))


async def test_a_device_can_have_a_pace_of_its_own() -> None:
    often = ModbusDevice("meter-1", profile({"power": {"address": 3, "poll_s": 3600}}), 1, 0.05)
    async with tcp_device(right) as served, polling(tcp(served), often) as sink:
        await sink.until(more(3, "meter-1"))


@pytest.mark.parametrize("lateness", [1, 2, 3])
async def test_a_late_answer_never_becomes_that_of_another_block_of_the_same_length(
    lateness: int,
) -> None:
    """The answers of a device lag behind: each is that of a request before the present one."""
    two = profile({"a": {"address": 0}, "b": {"address": 100}, "c": {"address": 200}})
    pending: list[bytes] = []
    random = Random(lateness)

    def behaviour(_number: int, request: LineRequest) -> bytes:
        pending.append(request.answer())
        if len(pending) <= lateness and random.random() < 0.4:
            return b""  # it comes together with, and before, that of the next request
        answers = b"".join(pending)
        pending.clear()
        return answers

    async with (
        serial_device(behaviour) as served,
        polling(rtu(served, 0.05), *devices(two, 1)) as sink,
    ):
        await sink.until(lambda s: len(s.readings) >= 60)
    assert are_right(sink, two)


async def test_case_loss10_a_bus_that_loses_one_answer_in_ten_loses_few_readings() -> None:
    """By requests, and not by seconds: nearly every poll is completed, no unit is left alone."""
    random = Random(10)
    described = profile(
        {"power": {"address": 3, "poll_s": 0.5}, "peak": {"address": 10, "poll_s": 0.5}}
    )

    def behaviour(_number: int, request: LineRequest) -> bytes:
        return b"" if random.random() < 0.1 else request.answer()

    async with serial_device(behaviour) as served:
        bus = rtu(served, 0.08)
        async with polling(bus, *devices(described, *range(1, 9))) as sink:
            await sink.until(lambda s: len(s.deliveries) >= 160)
    counts = {
        f"meter-{n}": sum(d.readings[0].device == f"meter-{n}" for d in sink.deliveries)
        for n in range(1, 9)
    }
    assert min(counts.values()) >= 0.7 * max(counts.values())


async def test_silent_devices_leave_the_bus_to_those_that_answer() -> None:
    def behaviour(_number: int, request: LineRequest) -> bytes:
        return b"" if request.unit > 2 else request.answer()

    async with (
        serial_device(behaviour) as served,
        polling(rtu(served, 0.05), *devices(METER, 1, 2, 3, 4, 5)) as sink,
    ):
        await sink.until(more(40, "meter-1"))
    dead = [r for r in served.requests if r.unit > 2]
    live = [r for r in served.requests if r.unit <= 2]
    assert len(dead) < len(live) / 2
    assert all(isinstance(e, DeviceUnreachable) for e in sink.device_errors)
    last = list(itertools.islice(reversed(served.requests), 40))
    assert {r.unit for r in last} >= {1, 2}
