import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Container, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.driver import Delivery
from edge.drivers.modbus.driver import ModbusBus
from edge.errors import DecodeError, DeviceRefused, DeviceUnreachable
from tests._parts.modbus import (
    METER,
    TcpServer,
    dead_unit,
    devices,
    more,
    polling,
    profile,
    served,
    unit,
)
from tests._parts.ports import free_port
from tests._parts.sink import MemorySink


async def test_one_delivery_holds_what_one_poll_has_read() -> None:
    async with served(unit(1)) as server, polling(server.bus, *devices(METER, 1)) as sink:
        await sink.until(more(3, "meter-1"))
    for delivery in sink.deliveries:
        assert {r.point: r.value for r in delivery.readings} == {"power": 3.0, "peak": 10.0}
        assert len({r.observed_at for r in delivery.readings}) == 1
    times = [d.readings[0].observed_at for d in sink.deliveries]
    assert all(a < b for a, b in pairwise(times))
    assert set(server.requests) == {(1, 3, 8)}
    assert sink.ready == ["tcp-1"]


def fewest(sink: MemorySink) -> int:
    """Return how many failures the dead unit with the fewest has."""
    failures = Counter(str(error).partition(":")[0] for error in sink.device_errors)
    return min(failures["meter-7"], failures["meter-8"])


async def test_a_silent_device_takes_little_of_the_bus() -> None:
    units = [unit(1), unit(2), dead_unit(7), dead_unit(8)]
    async with served(*units) as server:
        bus = replace(server.bus, timeout_s=0.1)
        async with polling(bus, *devices(METER, 1, 7, 2, 8)) as sink:
            await sink.until(lambda s: fewest(s) >= 3)  # both have used their excuse
            began, errors = len(server.requests), len(sink.device_errors)
            await sink.until(lambda s: len(s.device_errors) >= errors + 3)
            requested = Counter(unit_id for unit_id, _, _ in server.requests[began:])
    probes = [r for r in server.requests[began:] if r[0] in {7, 8}]
    assert all(count == 1 for _, _, count in probes)
    assert requested[1] > 3 * len(probes)
    assert requested[2] > 3 * len(probes)
    assert {str(e) for e in sink.device_errors} == {
        "meter-7: no answer within 0.1 s",
        "meter-8: no answer within 0.1 s",
    }
    assert all(isinstance(e, DeviceUnreachable) for e in sink.device_errors)


async def test_a_dead_bus_does_not_delay_another_one() -> None:
    async with served(unit(1)) as server:
        absent = ModbusBus(name="tcp-2", host="127.0.0.1", port=free_port(), timeout_s=0.2)
        dead = polling(absent, *devices(METER, 1))
        async with dead as lost, polling(server.bus, *devices(METER, 1)) as sink:
            await sink.until(more(10, "meter-1"))
            await lost.until(lambda s: len(s.driver_errors) >= 3)
    assert sink.device_errors == []
    assert str(lost.driver_errors[0]).startswith(f"tcp-2: cannot open 127.0.0.1:{absent.port}: ")
    assert isinstance(lost.device_errors[0], DeviceUnreachable)
    assert lost.ready == []


async def test_a_server_that_comes_back_is_polled_again() -> None:
    async with served(unit(1)) as server, polling(server.bus, *devices(METER, 1)) as sink:
        await sink.until(more(2, "meter-1"))
        await server.stop()
        await sink.until(lambda s: len(s.driver_errors) >= 1)
        before = len(sink.deliveries)
        await server.start()
        await sink.until(lambda s: len(s.deliveries) >= before + 3)
    assert sink.ready == ["tcp-1", "tcp-1"]


async def test_holes_are_found_by_halving_and_remembered() -> None:
    described = profile(
        {f"p{n}": {"address": n} for n in (0, 5, 30, 35, 60)}, limits={"max_gap": 64}
    )
    server = TcpServer(unit(1, {0: 10, 30: 10, 60: 1}))
    await server.start()
    async with polling(server.bus, *devices(described, 1)) as sink:
        await sink.until(lambda s: s.kept.get("modbus/meter-1/breaks", "").count("holding") == 2)
    await server.stop()
    assert {r.point: r.value for r in sink.readings} == {
        "p0": 0.0,
        "p5": 5.0,
        "p30": 30.0,
        "p35": 35.0,
        "p60": 60.0,
    }
    learned = dict(sink.kept)
    assert list(learned) == ["modbus/meter-1/breaks"]
    assert sink.device_errors == []

    again = TcpServer(unit(1, {0: 10, 30: 10, 60: 1}))
    await again.start()
    restarted = MemorySink()
    restarted.kept.update(learned)
    async with polling(again.bus, *devices(described, 1), sink=restarted):
        await restarted.until(more(2, "meter-1"))
    await again.stop()
    assert set(again.requests) == {(1, 0, 6), (1, 30, 6), (1, 60, 1)}


def cap_of_40() -> Any:
    """Answer reads of more than 40 registers as a small device does."""

    async def action(*requested: Any) -> Any:
        _function, _start, _address, count, _registers, _values = requested
        await asyncio.sleep(0)
        return ExcCodes.ILLEGAL_VALUE if count > 40 else None

    return action


async def test_a_device_that_gives_40_registers_at_most_is_read_in_smaller_blocks() -> None:
    described = profile({f"p{n}": {"address": n} for n in range(0, 100, 2)})
    async with (
        served(unit(1, action=cap_of_40())) as server,
        polling(server.bus, *devices(described, 1)) as sink,
    ):
        await sink.until(more(3, "meter-1"))
    assert {r.point: r.value for r in sink.readings} == {
        f"p{n}": float(n) for n in range(0, 100, 2)
    }
    assert max(count for _, _, count in server.requests[-4:]) <= 40


async def test_a_point_the_device_refuses_costs_the_others_nothing() -> None:
    described = profile({"power": {"address": 3}, "gone": {"address": 300}})
    async with served(unit(1)) as server, polling(server.bus, *devices(described, 1)) as sink:
        await sink.until(more(10, "meter-1"))
    error = sink.device_errors[0]
    assert {str(other) for other in sink.device_errors} == {str(error)}
    assert len(sink.device_errors) < 8  # asked for ever less often
    assert isinstance(error, DeviceRefused)
    assert error.code == "ILLEGAL DATA ADDRESS"
    assert str(error) == (
        "meter-1: gone (holding 0x012C, 1 to read): exception 2 (ILLEGAL DATA ADDRESS)"
    )
    assert set(sink.values("meter-1", "power")) == {3.0}


async def test_a_busy_device_is_named_and_polled_on() -> None:
    answers = iter([ExcCodes.DEVICE_BUSY])

    async def action(*_asked: Any) -> Any:
        await asyncio.sleep(0)
        return next(answers, None)

    async with (
        served(unit(1, action=action)) as server,
        polling(server.bus, *devices(METER, 1)) as sink,
    ):
        await sink.until(more(2, "meter-1"))
    assert [getattr(e, "code", "") for e in sink.device_errors] == ["SERVER DEVICE BUSY"]


async def test_a_value_that_makes_no_sense_is_counted_and_the_others_are_kept() -> None:
    described = profile(
        {"power": {"address": 3}, "on": {"address": 4, "quantity": "switch", "unit": ""}}
    )
    async with served(unit(1)) as server, polling(server.bus, *devices(described, 1)) as sink:
        await sink.until(more(2, "meter-1"))
    assert isinstance(sink.device_errors[0], DecodeError)
    assert {r.point for r in sink.readings} == {"power"}


class OneHeldBack(MemorySink):
    """Holds back the deliveries of meter-1 while the gate is shut."""

    async def deliver(self, delivery: Delivery) -> None:
        if delivery.readings[0].device == "meter-1":
            await super().deliver(delivery)
        else:
            self.deliveries.append(delivery)
            self._notify()


async def test_a_delivery_held_back_stops_only_its_own_device() -> None:
    sink = OneHeldBack()
    sink.gate.clear()
    units = [unit(1), unit(2)]
    async with served(*units) as server, polling(server.bus, *devices(METER, 1, 2), sink=sink):
        await sink.until(more(5, "meter-2"))
        assert [r[0] for r in server.requests].count(1) == 1
        assert sink.values("meter-1", "power") == []
        sink.gate.set()
        await sink.until(more(3, "meter-1"))


@contextlib.asynccontextmanager
async def late_server(
    delays: Sequence[float] = (), deaf: Container[int] = (), rude: Container[int] = ()
) -> AsyncIterator[ModbusBus]:
    """Answer the n-th request after the n-th delay, with its own transaction id and its number.

    Units in `deaf` do not answer while they are in it; those in `rude` close the connection.
    """
    number = 0

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal number
        writers.append(writer)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                requested = await reader.readexactly(12)
                if requested[6] in rude:
                    writer.close()
                if requested[6] in deaf or requested[6] in rude:
                    continue
                number += 1
                count = int.from_bytes(requested[10:12], "big")
                body = (
                    bytes([requested[6], requested[7], 2 * count])
                    + number.to_bytes(2, "big") * count
                )
                frame = requested[:4] + len(body).to_bytes(2, "big") + body
                delay = delays[number - 1] if number <= len(delays) else 0.0
                loop.call_later(delay, writer.write, frame)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield ModbusBus(name="tcp-1", host="127.0.0.1", port=port, timeout_s=0.2)
        for writer in writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def test_a_late_answer_is_never_taken_for_that_of_the_next_request() -> None:
    described = profile({"power": {"address": 3}})
    # The first answers come while those of later requests are awaited.
    async with late_server([0.65, 0.15]) as bus, polling(bus, *devices(described, 1)) as sink:
        await sink.until(more(3, "meter-1"))
    values = sink.values("meter-1", "power")
    numbers = [value for value in values if isinstance(value, float)]
    assert numbers[0] >= 2.0  # the number of a request is what its answer holds
    assert numbers == [numbers[0] + n for n in range(len(values))]


async def test_a_silent_device_that_answers_again_is_polled_again() -> None:
    deaf = {2}
    async with (
        late_server(deaf=deaf) as bus,
        polling(replace(bus, timeout_s=0.1), *devices(METER, 1, 2)) as sink,
    ):
        await sink.until(lambda s: len(s.device_errors) >= 2)
        deaf.clear()
        await sink.until(more(3, "meter-2"))


async def test_a_tcp_peer_that_stopped_talking_is_called_again() -> None:
    deaf = {1}
    async with (
        late_server(deaf=deaf) as bus,
        polling(replace(bus, timeout_s=0.05), *devices(METER, 1)) as sink,
    ):
        await sink.until(lambda s: len(s.device_errors) >= 4)  # after three it connects anew
        deaf.clear()
        await sink.until(more(2, "meter-1"))


async def test_a_device_that_breaks_the_connection_does_not_starve_the_others() -> None:
    async with (
        late_server(rude={2}) as bus,
        polling(replace(bus, timeout_s=0.05), *devices(METER, 1, 2)) as sink,
    ):
        await sink.until(lambda s: len(s.device_errors) >= 3)
        before = len(sink.deliveries)
        await sink.until(lambda s: len(s.deliveries) >= before + 10)
    assert {r.device for r in sink.readings} == {"meter-1"}
    assert {str(e) for e in sink.device_errors} == {
        "meter-2: the connection was closed before the answer"
    }
    assert sink.driver_errors == []


async def test_a_gateway_that_speaks_for_a_dead_device_is_not_its_answer() -> None:
    async def action(*_asked: Any) -> Any:
        await asyncio.sleep(0)
        return ExcCodes.GATEWAY_NO_RESPONSE

    async with (
        served(unit(1), unit(2, action=action)) as server,
        polling(server.bus, *devices(METER, 1, 2)) as sink,
    ):
        await sink.until(more(10, "meter-1"))
    assert {str(e) for e in sink.device_errors} == {
        "meter-2: a Modbus gateway reports: exception 11 (GATEWAY TARGET DEVICE FAILED TO RESPOND)"
    }


async def test_coils_and_inputs_are_read_too() -> None:
    described = profile(
        {
            "on": {
                "register": "coil",
                "address": 1,
                "quantity": "switch",
                "unit": "",
                "type": "bool",
            },
            "seen": {
                "register": "discrete",
                "address": 2,
                "quantity": "motion",
                "unit": "",
                "type": "bool",
            },
            "power": {"register": "input", "address": 3},
        }
    )
    both = SimDevice(
        id=1,
        simdata=(
            [SimData(0, values=[False, True] * 8, datatype=DataType.BITS)],
            [SimData(0, values=[False, False, True] + [False] * 13, datatype=DataType.BITS)],
            [SimData(0, values=[1], datatype=DataType.REGISTERS)],
            [SimData(0, values=[0, 1, 2, 30], datatype=DataType.REGISTERS)],
        ),
    )
    async with served(both) as server, polling(server.bus, *devices(described, 1)) as sink:
        await sink.until(more(2, "meter-1"))
    assert {r.point: r.value for r in sink.readings} == {"on": True, "seen": True, "power": 30.0}
    assert sink.device_errors == []


async def test_two_groups_of_a_device_keep_their_own_grid() -> None:
    described = profile({"fast": {"address": 0}, "slow": {"address": 9, "poll_s": 0.2}})
    async with served(unit(1)) as server, polling(server.bus, *devices(described, 1)) as sink:
        await sink.until(lambda s: len(s.values("meter-1", "slow")) >= 4)
    assert len(sink.values("meter-1", "fast")) > len(sink.values("meter-1", "slow"))


async def test_after_a_stall_polls_are_left_out_and_not_caught_up() -> None:
    sink = MemorySink()
    async with served(unit(1)) as server, polling(server.bus, *devices(METER, 1), sink=sink):
        await sink.until(more(1, "meter-1"))
        sink.gate.clear()
        await sink.until(lambda s: s.waiting == 1)
        requested = len(server.requests)
        await asyncio.sleep(0.5)  # ten polls fall into the stall
        assert len(server.requests) == requested
        times = len(sink.deliveries)
        sink.gate.set()
        await sink.until(lambda s: len(s.deliveries) >= times + 4)
    arrivals = [d.readings[0].observed_at for d in sink.deliveries[times + 1 :]]
    gaps = [(b - a).total_seconds() for a, b in pairwise(arrivals)]
    assert all(gap > 0.001 for gap in gaps[1:])
