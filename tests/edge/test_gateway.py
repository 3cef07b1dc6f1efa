"""The whole gateway, with a driver that the test feeds and a server over real HTTP."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import pytest

from edge.config import Config, load_config
from edge.driver import Delivery
from edge.errors import DeviceUnreachable
from edge.forget import ForgetRequests
from edge.gateway import Gateway
from tests._parts.patience import PATIENCE_S
from tests._parts.uplink_server import OK, Answer, UplinkServer, problem, uplink_server
from tests.edge.conftest import START, FedDriver, SetClock

Configured = Callable[[str], Config]


@pytest.fixture
def end() -> Iterator[UplinkServer]:
    with uplink_server() as running:
        yield running


@asynccontextmanager
async def running(
    config: Config, clock: SetClock, *drivers: FedDriver, boot: str = "boot-1"
) -> AsyncIterator[Gateway]:
    gateway = Gateway(
        config, clock=clock, random=Random(1), drivers=drivers, boot=boot, first_retry_s=0.01
    )
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(gateway.run(stop, ready=ready.set))
    try:
        await ready.wait()
        yield gateway
    finally:
        stop.set()
        await task


def of(end: UplinkServer, measurement: str) -> list[str]:
    return [line for line in end.stored if line.startswith(f"{measurement},")]


async def until(end: UplinkServer, condition: Callable[[], bool]) -> None:
    assert await asyncio.to_thread(end.until, condition), end.stored[-10:]


async def test_a_reading_reaches_the_far_end_with_its_place(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    driver = FedDriver(clock)
    async with running(configured(end.url), clock, driver):
        await driver.deliver(power=85.5, energy=1.25)
        await until(end, lambda: bool(of(end, "reading")))
    tags = "asset=A-1,category=display,profile=campus-test-plug,room=101,school=2133100001"
    line = f"reading,{tags} power=85.5,energy=1.25 {int(START.timestamp())}000000000"
    assert of(end, "reading") == [line]


async def test_usage_slots_are_sent_once_closed_and_again_when_a_late_reading_changes_them(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    driver = FedDriver(clock)
    async with running(configured(end.url), clock, driver) as gateway:
        await driver.deliver(power=100.0)
        clock.pass_(300)
        await driver.deliver(power=0.0)
        clock.pass_(1)
        await gateway.collector.emit_usage()
        await until(end, lambda: bool(of(end, "usage")))
        assert "active_s=300.0,standby_s=0.0,off_s=0.0" in of(end, "usage")[0]
        await driver.deliver(at=START + timedelta(seconds=60), power=10.0)
        await gateway.collector.emit_usage()
        await until(end, lambda: len(of(end, "usage")) > 1)
        assert "active_s=60.0,standby_s=240.0,off_s=0.0" in of(end, "usage")[-1]


async def test_the_slot_that_is_still_open_is_sent_at_a_stop(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    driver = FedDriver(clock)
    async with running(configured(end.url), clock, driver):
        await driver.deliver(power=100.0)
        clock.pass_(40)
    assert "active_s=40.0,standby_s=0.0,off_s=0.0,unobserved_s=260.0" in of(end, "usage")[-1]


async def test_a_restart_loses_no_usage(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config = configured(end.url)
    driver = FedDriver(clock)
    async with running(config, clock, driver):
        await driver.deliver(power=100.0)
        clock.pass_(120)
        await driver.deliver(power=100.0)
    clock.pass_(120)
    async with running(config, clock, driver) as gateway:
        await driver.deliver(power=0.0)
        clock.pass_(61)
        await gateway.collector.emit_usage()
        settled = "active_s=240.0,standby_s=0.0,off_s=60.0,unobserved_s=0.0"
        await until(end, lambda: any(settled in line for line in of(end, "usage")))


async def test_u1_a_counter_that_dips_gives_no_energy_and_one_event(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    driver = FedDriver(clock)
    async with running(configured(end.url), clock, driver) as gateway:
        for energy in (215.6, 215.7, 215.6, 215.6, 0.0, 215.7) * 2:
            clock.pass_(2)
            await driver.deliver(power=70.0, energy=energy)
        clock.pass_(300)
        await gateway.collector.emit_usage()
        await until(end, lambda: len(of(end, "event")) >= 1)
    assert "energy_wh=100.0 " in of(end, "usage")[0]
    tags = "asset=A-1,school=2133100001,type=counter_noise"
    at = int(START.timestamp()) + 6
    assert of(end, "event") == [f'event,{tags} text="energy: 215.7 -> 215.6 kWh" {at}000000000']


async def test_a_counters_level_outlives_a_restart(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config, driver = configured(end.url), FedDriver(clock)
    values = [215.7] + [215.6] * 200 + [215.7] * 3
    for first in range(0, len(values), 60):
        async with running(config, clock, driver) as gateway:
            for energy in values[first : first + 60]:
                clock.pass_(120)
                await driver.deliver(power=70.0, energy=energy)
                await gateway.collector.emit_usage()
            sent = gateway.collector.checkpoints("gateway/counter/")
    assert all("energy_wh=0.0 " in line for line in of(end, "usage") if "energy_wh" in line)
    assert " 215.7," in sent["gateway/counter/d1"]


async def test_u3a_a_goodbye_makes_the_rest_of_the_slot_unobserved_over_a_restart(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config, driver = configured(end.url), FedDriver(clock)
    async with running(config, clock, driver):
        await driver.deliver(power=100.0, energy=1.0)
        clock.pass_(100)
        await driver.hand_over(Delivery([], departed=[("d1", clock.now()), ("d9", clock.now())]))
    clock.pass_(173)
    async with running(config, clock, driver) as gateway:
        await driver.deliver(power=100.0, energy=1.1)
        clock.pass_(28)
        await gateway.collector.emit_usage()
        spent = "active_s=127.0,standby_s=0.0,off_s=0.0,unobserved_s=173.0 "
        await until(end, lambda: any(spent in line for line in of(end, "usage")))
    assert not any("presence" in line for line in end.stored)


def monitor(hour: float) -> float:
    """Return the power of a monitor of 40 W that is on from nine to five."""
    return 40.0 if 9 <= hour % 24 < 17 else 0.4


async def watch(
    gateway: Gateway, driver: FedDriver, clock: SetClock, hours: float, power: Callable[..., float]
) -> None:
    """Let a device report each five minutes, and usage be computed each hour."""
    for step in range(round(hours * 12)):
        await driver.deliver(power=power(step / 12))
        clock.pass_(300)
        if step % 12 == 11:
            await gateway.collector.emit_usage()


async def test_u2a_a_monitor_below_the_threshold_is_no_longer_judged_until_a_person_agrees(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config, driver = configured(end.url), FedDriver(clock)
    async with running(config, clock, driver) as gateway:
        await watch(gateway, driver, clock, 14, monitor)
        assert gateway.health.fits["d1"].fit == "learning"
    async with running(config, clock, driver) as gateway:  # what was learned outlives a restart
        await watch(gateway, driver, clock, 12, lambda hour: monitor(hour + 14))
        known = gateway.health.fits["d1"]
        assert (known.fit, gateway.health.fits["d2"].fit) == ("does_not_fit", "learning")
        assert known.learned is not None
        assert [(v.state, round(v.median)) for v in known.learned.levels] == [
            ("off", 0),
            ("active", 40),
        ]
        await gateway._report_health()
        unfit = 'rule_fit="does_not_fit",levels="{'
        await until(end, lambda: any(unfit in text for text in of(end, "gateway")))
        await until(end, lambda: any("rule_does_not_fit" in text for text in of(end, "event")))
    last = of(end, "usage")[-1]
    assert "active_s=0.0,standby_s=0.0,off_s=0.0,unobserved_s=300.0" in last

    text = config.path.read_text(encoding="utf-8")
    agreed = text.replace('room: "101",', 'room: "101", usage: {active_above: 9},')
    config.path.write_text(agreed, encoding="utf-8")
    clock.wall = START + timedelta(days=2, hours=10)
    async with running(load_config(config.path), clock, driver) as gateway:
        assert gateway.health.fits["d1"].fit == "agreed"
        await watch(gateway, driver, clock, 1, lambda _: 40.0)
        sent = "active_s=300.0,standby_s=0.0,off_s=0.0,unobserved_s=0.0"
        await until(end, lambda: any(sent in line for line in of(end, "usage")))


async def test_a_computer_that_never_sleeps_is_never_in_full_use(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    driver = FedDriver(clock)
    async with running(configured(end.url), clock, driver) as gateway:
        await watch(gateway, driver, clock, 26, lambda hour: 86 + hour % 3)
        assert gateway.health.fits["d1"].fit == "indistinct"
        await until(end, lambda: any("rule_indistinct" in text for text in of(end, "event")))
    assert "active_s=0.0,standby_s=0.0,off_s=0.0,unobserved_s=300.0" in of(end, "usage")[-1]


async def test_nothing_is_lost_over_an_outage_and_a_restart_in_it(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    end.answer = lambda _: problem(503, "unavailable", "down")
    config = configured(end.url)
    driver = FedDriver(clock)
    for part in range(2):
        async with running(config, clock, driver):
            for number in range(20):
                clock.pass_(1)
                await driver.deliver(power=float(part * 20 + number))
    end.answer = lambda _: OK
    async with running(config, clock, driver):
        await until(end, lambda: len(of(end, "reading")) == 40)
    values = [float(line.split("power=")[1].split()[0]) for line in of(end, "reading")]
    assert sorted(values) == [float(n) for n in range(40)]


async def test_a_driver_that_breaks_is_started_again_and_the_others_go_on(
    configured: Configured, clock: SetClock, end: UplinkServer, caplog: pytest.LogCaptureFixture
) -> None:
    breaking, steady = FedDriver(clock, "breaking"), FedDriver(clock, "steady")
    async with running(configured(end.url), clock, breaking, steady) as gateway:
        await breaking.deliver(power=1.0)
        breaking.queue.put_nowait(RuntimeError("a bug"))
        await steady.deliver("d2", power=2.0)
        clock.pass_(1)
        await breaking.deliver(power=3.0)
        assert breaking.starts == 2
        assert steady.starts == 1
        state = await gateway._report()
        assert state["drivers"]["breaking"]["last_error"] == "breaking: RuntimeError: a bug"
    lines = [r.getMessage() for r in caplog.records if "a bug" in r.getMessage()]
    assert len([line for line in lines if "starting again" in line]) == 1


async def test_small_changes_wait_for_the_heartbeat(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    driver = FedDriver(clock)
    async with running(configured(end.url), clock, driver):
        for after_s, voltage in ((0, 230.0), (1, 230.4), (1, 231.5), (1, 231.4), (300, 231.3)):
            clock.pass_(after_s)
            await driver.deliver(voltage=voltage)
        await until(end, lambda: len(of(end, "reading")) == 3)
    sent = [float(line.split("voltage=")[1].split()[0]) for line in of(end, "reading")]
    assert sent == [230.0, 231.5, 231.3]


async def test_marks_are_kept_with_the_readings(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config = configured(end.url)
    driver = FedDriver(clock)
    async with running(config, clock, driver) as gateway:
        await driver.deliver(checkpoints={"mqtt/7": "digest"}, power=1.0)
        assert gateway.collector.checkpoints("mqtt/") == {"mqtt/7": "digest"}
    async with running(config, clock, driver) as gateway:
        await driver.deliver(checkpoints={"mqtt/7": None}, power=2.0)
        assert gateway.collector.checkpoints("mqtt/") == {}


async def test_readings_of_a_wrong_clock_wait_and_are_dated_by_the_monotonic_one(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config = configured(end.url)
    clock.wall = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    driver = FedDriver(clock)
    async with running(config, clock, driver):
        await driver.deliver(power=1.0)
        clock.pass_(10)
        await driver.deliver(at=clock.now() - timedelta(seconds=2), power=2.0)
        dated_by_device = START - timedelta(hours=1)
        await driver.deliver(at=dated_by_device, power=9.0)
        await until(end, lambda: bool(of(end, "reading")))
    clock.pass_(20)
    clock.wall = START
    async with running(config, clock, driver):  # another process, the same boot
        await until(end, lambda: len(of(end, "reading")) == 3)
    values = {
        float(line.split("power=")[1].split()[0]): int(line.split()[-1]) // 10**9
        for line in of(end, "reading")
    }
    begin = int(START.timestamp())
    assert values == {9.0: begin - 3600, 1.0: begin - 30, 2.0: begin - 22}


async def test_readings_of_a_wrong_clock_before_a_power_cut_are_counted_and_reported(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config = configured(end.url)
    clock.wall = datetime(1970, 1, 1, tzinfo=UTC)
    driver = FedDriver(clock)
    async with running(config, clock, driver):
        await driver.deliver(power=1.0)
    clock.wall = START
    async with running(config, clock, driver, boot="boot-2"):
        await until(end, lambda: bool(of(end, "event")))
    assert of(end, "reading") == []
    assert "1 deliveries from before a power cut could not be dated" in of(end, "event")[0]


async def test_unreadable_buffer_is_reported_as_an_event(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config = configured(end.url)
    config.data_dir.mkdir()
    (config.data_dir / "buffer.db").write_bytes(b"rubbish" * 1000)
    async with running(config, clock, FedDriver(clock)):
        await until(end, lambda: bool(of(end, "event")))
    assert "could not be read" in of(end, "event")[0]


async def test_values_that_no_line_can_carry_stop_nothing(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    driver = FedDriver(clock)
    async with running(configured(end.url), clock, driver) as gateway:
        await driver.deliver(power=float("nan"))
        await driver.deliver(power=float("inf"), energy=1.0)
        await driver.deliver("unknown", power=1.0)
        clock.pass_(1)
        await driver.deliver(power="half a character \ud800")
        await until(end, lambda: len(of(end, "reading")) == 2)
        report = await gateway._report()
    assert report["devices"]["d1"]["errors"] == 2
    assert "power=" not in of(end, "reading")[0]


async def test_health_goes_out_and_the_status_file_says_the_same(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config = configured(end.url)
    driver = FedDriver(clock)
    async with running(config, clock, driver) as gateway:
        await driver.deliver(power=1.0)
        gateway.collector.device_failed(DeviceUnreachable("d2", "no answer"))
        await gateway._report_health()
        await until(end, lambda: any('last_error="no answer"' in g for g in of(end, "gateway")))
    gateway_line = next(line for line in of(end, "gateway") if "device=" not in line)
    assert gateway_line.startswith("gateway,gateway=gw-001,school=2133100001 backlog=")
    first = [line for line in of(end, "gateway") if "device=d1" in line][-1]
    assert 'last_reading="2026-09-01T00:00:00.000Z"' in first
    assert "profile=campus-test-plug,protocol=mqtt" in first
    status = json.loads((config.data_dir / "status.json").read_text(encoding="utf-8"))
    assert status["devices"]["d2"]["last_error"] == "no answer"
    assert status["devices"]["d1"]["readings"] == 1
    assert status["memory_mb"] > 0


_PROCESS = """
import asyncio, sys
from pathlib import Path
from random import Random
import signal
from device_profiles.reading import Reading
from edge.clock import SystemClock
from edge.config import load_config
from edge.driver import Delivery
from edge.gateway import Gateway
from tests._parts.patience import PATIENCE_S

class Counting:
    name = "counting"
    async def run(self, sink):
        number = int(sink.checkpoints("counting/").get("counting/last", "-1")) + 1
        clock = SystemClock()
        while True:
            reading = Reading("d1", "power", float(number), clock.now())
            await sink.deliver(Delivery([reading], {"counting/last": str(number)}))
            print(number, flush=True)
            number += 1

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    config = load_config(Path(sys.argv[1]))
    gateway = Gateway(config, clock=SystemClock(), random=Random(), drivers=[Counting()],
                      first_retry_s=0.05)
    await gateway.run(stop)

asyncio.run(main())
"""


def _dropped(_: list[str]) -> Answer | None:
    return None


def _stored(_: list[str]) -> Answer | None:
    return OK


def _has_value(end: UplinkServer, number: int) -> bool:
    return any(f"power={number}.0 " in line for line in end.stored)


@pytest.mark.real
def test_killed_five_times_with_the_uplink_cut_for_half_of_it(
    configured: Configured, end: UplinkServer
) -> None:
    config = configured(end.url)
    delivered = 0
    for round_ in range(6):
        end.answer = _dropped if round_ in {1, 2, 3} else _stored
        process = subprocess.Popen(
            [sys.executable, "-c", _PROCESS, str(config.path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        numbers = [int(process.stdout.readline()) for _ in range(40)]
        if round_ == 5:
            assert end.until(partial(_has_value, end, numbers[-1]))
        process.send_signal(signal.SIGTERM if round_ == 5 else signal.SIGKILL)
        numbers += [int(n) for n in process.stdout.read().splitlines() if n]
        code = process.wait(PATIENCE_S)
        process.stdout.close()
        assert code == (0 if round_ == 5 else -signal.SIGKILL)
        assert numbers[0] in {delivered, delivered + 1}, (
            "the mark and the reading are kept together"
        )
        delivered = numbers[-1] + 1
    # Time and tags identify a point: sent twice is stored once.
    points = {line for line in end.stored if line.startswith("reading,")}
    values = sorted(float(line.split("power=")[1].split()[0]) for line in points)
    assert values == [float(n) for n in range(len(values))]
    assert len(values) >= delivered


def test_import_of_the_gateway_loads_no_driver_and_no_client() -> None:
    script = "import sys, edge.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    for name in ("bleak", "bumble", "paho", "pymodbus", "influxdb_client", "numpy", "pandas"):
        assert name not in loaded


def until_taken_up(requests: ForgetRequests, device: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while requests.is_pending(device):
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_what_was_learned_of_a_device_is_forgotten_on_request_while_it_runs(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config = configured(end.url)
    driver = FedDriver(clock)
    requests = ForgetRequests(config.data_dir)
    learned = {"ble/d1": "7", "modbus/d1/breaks": "[]", "modbus/d10/breaks": "[]"}
    async with running(config, clock, driver) as gateway:
        await gateway.collector.deliver(Delivery([], learned))
        started = driver.starts
        requests.add("d1")
        await asyncio.to_thread(until_taken_up, requests, "d1")
        assert dict(gateway.collector.checkpoints("")) == {"modbus/d10/breaks": "[]"}
        await driver.deliver(power=1.0)
        assert driver.starts == started + 1


async def test_what_was_learned_of_a_device_is_forgotten_at_the_next_start(
    configured: Configured, clock: SetClock, end: UplinkServer
) -> None:
    config = configured(end.url)
    driver = FedDriver(clock)
    async with running(config, clock, driver) as gateway:
        await gateway.collector.deliver(Delivery([], {"modbus/d1/breaks": "[]"}))
    ForgetRequests(config.data_dir).add("d1")
    async with running(config, clock, driver) as gateway:
        assert gateway.collector.checkpoints("modbus/") == {}
