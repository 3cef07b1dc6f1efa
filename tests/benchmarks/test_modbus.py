"""What a gateway still reads on a bus that loses answers, and next to units that are dead.

Twenty units of four registers on one RTU bus of 9600 baud. The peers in the same run, each on a bus
of its own that behaves alike: a plain poller without memory (pymodbus, one unit after the other,
one second of time-out, no retry), and Telegraf where it is there (`make telegraf` builds it).

Age is how old the newest reading of a unit is, looked at every tenth of a second over all units.
Units that are dead have no age. The first seconds are left out: it is unknown then which are dead.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient

from tests._parts.gateway_process import gateway_process
from tests._parts.modbus_buses import BAUDRATE, UNITS
from tests._parts.uplink_server import uplink_server

WARM_UP_S = 20.0
MEASURED_S = 120.0
STEP_S = 0.1
DEAD = 5
TIMEOUT_S = 1.0
OURS, PLAIN, TELEGRAF = "this gateway", "plain poller", "Telegraf"

Times = Mapping[int, list[float]]
"""Unit -> when it was read, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Bus:
    """One row of the table."""

    title: str
    loss: float
    dead: int
    poll_s: float

    @property
    def live(self) -> range:
        return range(1, UNITS - self.dead + 1)

    def name(self, peer: str) -> str:
        return f"{self.title}-{peer}".replace(" ", "-").replace("%", "")


BUSES = (
    Bus("loss 5 %", 0.05, 0, 5.0),
    Bus("loss 10 %", 0.10, 0, 5.0),
    Bus("loss 20 %", 0.20, 0, 5.0),
    Bus(f"{DEAD} dead", 0.0, DEAD, 2.0),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The share of the readings that were due, and the ages in seconds."""

    share: float
    p95_s: float
    p99_s: float
    longest_s: float

    def row(self, bus: Bus, peer: str) -> str:
        return (
            f"{bus.title:<12}{bus.poll_s:>5.0f} s  {peer:<14}{self.share:>9.0%}"
            f"{self.p95_s:>9.1f}{self.p99_s:>9.1f}{self.longest_s:>9.1f}"
        )


HEAD = (
    f"\n{'bus':<12}{'poll':>7}  {'reader':<14}{'readings':>9}{'p95 s':>9}{'p99 s':>9}{'max s':>9}"
)


def figures(bus: Bus, times: Times, start: float) -> Figures:
    """Return what was read in the measured span."""
    end = start + MEASURED_S
    ages: list[float] = []
    count = 0
    for unit in bus.live:
        read = sorted(times.get(unit, ()))
        count += sum(start <= at < end for at in read)
        moments = (start + n * STEP_S for n in range(int(MEASURED_S / STEP_S)))
        for moment in moments:
            number = bisect_right(read, moment)
            ages.append(moment - read[number - 1] if number else moment - start + WARM_UP_S)
    ages.sort()
    due = len(bus.live) * MEASURED_S / bus.poll_s
    return Figures(count / due, ages[int(0.95 * len(ages))], ages[int(0.99 * len(ages))], ages[-1])


@contextlib.asynccontextmanager
async def buses(folder: Path, peers: Iterable[str]) -> AsyncIterator[None]:
    """Run the simulated buses, one for each peer and row."""
    named = [f"{bus.name(peer)}:{bus.loss}:{bus.dead}" for bus in BUSES for peer in peers]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests._parts.modbus_buses", str(folder), *named,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def profile(poll_s: float) -> dict[str, Any]:
    points = {"a": {"address": 100}, "b": {"address": 102, "byte_order": "CDAB"}}
    return {
        "id": f"bench-pair{poll_s:.0f}",
        "vendor": "Bench",
        "model": f"Pair {poll_s:.0f}",
        "title": {"zh": "试验", "en": "pair"},
        "category": "meter",
        "protocol": "modbus",
        "source": "synthetic",
        "defaults": {
            "register": "holding",
            "type": "uint32",
            "poll_s": poll_s,
            "quantity": "count",
        },
        "points": points,
        "examples": [{"source": "synthetic", "registers": {100: [0, 7]}, "readings": {"a": 7.0}}],
    }


def configuration(folder: Path, url: str) -> dict[str, Any]:
    catalogue = folder / "profiles"
    catalogue.mkdir()
    for poll_s in {bus.poll_s for bus in BUSES}:
        tree = profile(poll_s)
        (catalogue / f"{tree['id']}.yaml").write_text(json.dumps(tree), encoding="utf-8")
    return {
        "gateway": "gw-bench",
        "school": "2133100001",
        "profiles": [str(catalogue)],
        "uplink": {"url": url, "token": "t"},
        "modbus": [
            {
                "bus": f"bus-{number}",
                "serial": str(folder / bus.name(OURS)),
                "baudrate": BAUDRATE,
                "timeout_s": TIMEOUT_S,
            }
            for number, bus in enumerate(BUSES)
        ],
        "devices": [
            {
                "id": f"{number}-{unit}",
                "profile": f"bench-pair{bus.poll_s:.0f}",
                "modbus": {"bus": f"bus-{number}", "unit_id": unit},
            }
            for number, bus in enumerate(BUSES)
            for unit in range(1, UNITS + 1)
        ],
    }


async def plain_poller(port: Path, poll_s: float, times: dict[int, list[float]]) -> None:
    """Read one unit after the other, without a memory of who answered."""
    client = AsyncModbusSerialClient(
        str(port), framer=FramerType.RTU, baudrate=BAUDRATE, timeout=TIMEOUT_S, retries=0
    )
    assert await client.connect()
    loop = asyncio.get_running_loop()
    due = loop.time()
    try:
        while True:
            for unit in range(1, UNITS + 1):
                with contextlib.suppress(ModbusException):
                    answer = await client.read_holding_registers(100, count=4, device_id=unit)
                    if not answer.isError():
                        times[unit].append(time.time())
            due = max(due + poll_s, loop.time())
            await asyncio.sleep(due - loop.time())
    finally:
        client.close()


def find_telegraf() -> str | None:
    """Return a Telegraf: on PATH, or built into the cache."""
    cache = Path(
        os.environ.get("CAMPUS_CACHE")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smart-campus"
    )
    built = sorted(cache.glob("telegraf-*/telegraf"))
    return str(built[-1]) if built else shutil.which("telegraf")


def telegraf_configuration(folder: Path) -> str:
    """Return the configuration: requests of one plug-in for each bus, and a file of lines."""
    parts = [
        '[agent]\nomit_hostname = true\nflush_interval = "1s"',
        f'[[outputs.file]]\nfiles = ["{folder / "telegraf.lp"}"]\ndata_format = "influx"',
    ]
    for number, bus in enumerate(BUSES):
        parts += [
            f'[[inputs.modbus]]\nname = "bus{number}"',
            f'controller = "file://{folder / bus.name(TELEGRAF)}"',
            f'baud_rate = {BAUDRATE}\ndata_bits = 8\nparity = "N"\nstop_bits = 1',
            f'transmission_mode = "RTU"\ntimeout = "{TIMEOUT_S:.0f}s"',
            f'interval = "{bus.poll_s:.0f}s"\nconfiguration_type = "request"',
        ]
        fields = [f'{{address = {at}, name = "r{at}", type = "UINT32"}}' for at in (100, 102)]
        parts += [
            f'[[inputs.modbus.request]]\nslave_id = {unit}\nbyte_order = "ABCD"\n'
            f'register = "holding"\nmeasurement = "bus{number}"\nfields = [{", ".join(fields)}]'
            for unit in range(1, UNITS + 1)
        ]
    return "\n".join(parts)


@contextlib.asynccontextmanager
async def telegraf_process(binary: str | None, folder: Path) -> AsyncIterator[None]:
    """Run Telegraf, where there is one."""
    if binary is None:
        yield
        return
    file = folder / "telegraf.conf"
    file.write_text(telegraf_configuration(folder), encoding="utf-8")
    with (folder / "telegraf.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary, "--config", str(file), stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def lines_of(lines: Iterable[str]) -> Iterable[tuple[dict[str, str], str, float]]:
    """Yield tags, measurement and time of lines of line protocol without escapes."""
    for line in lines:
        head, _, rest = line.partition(" ")
        measurement, *tags = head.split(",")
        yield dict(tag.split("=", 1) for tag in tags), measurement, int(rest.split()[-1]) / 1e9


def is_ready(drivers: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether every bus is open: a busy machine may take long to start the gateway."""
    return len(drivers) == len(BUSES) and all(driver["ready"] for driver in drivers.values())


async def read_all(folder: Path, binary: str | None) -> tuple[float, dict[str, list[Times]]]:
    """Let all readers read their buses; return the start of the measured span and the times."""
    plain: list[dict[int, list[float]]] = [defaultdict(list) for _ in BUSES]
    with uplink_server() as uplink:
        async with (
            buses(folder, (OURS, PLAIN, TELEGRAF)),
            gateway_process(folder / "gateway", configuration(folder, uplink.url)) as gateway,
            telegraf_process(binary, folder),
        ):
            await gateway.until(lambda status: is_ready(status["drivers"]))
            pollers = [
                asyncio.create_task(plain_poller(folder / bus.name(PLAIN), bus.poll_s, times))
                for bus, times in zip(BUSES, plain, strict=True)
            ]
            await asyncio.sleep(WARM_UP_S)
            start = time.time()
            await asyncio.sleep(MEASURED_S)
            for poller in pollers:
                poller.cancel()
            await asyncio.gather(*pollers, return_exceptions=True)
        ours: list[dict[int, list[float]]] = [defaultdict(list) for _ in BUSES]
        for tags, measurement, at in lines_of(uplink.stored):
            if measurement == "reading":
                number, unit = tags["asset"].split("-")
                ours[int(number)][int(unit)].append(at)
    times: dict[str, list[Times]] = {OURS: list(ours), PLAIN: list(plain)}
    if binary is not None:
        theirs: list[dict[int, list[float]]] = [defaultdict(list) for _ in BUSES]
        lines = (folder / "telegraf.lp").read_text(encoding="utf-8").splitlines()
        for tags, measurement, at in lines_of(lines):
            theirs[int(measurement.removeprefix("bus"))][int(tags["slave_id"])].append(at)
        times[TELEGRAF] = list(theirs)
    return start, times


@pytest.mark.benchmark
async def test_what_a_noisy_bus_and_dead_neighbours_leave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    binary = find_telegraf()
    start, times = await read_all(tmp_path, binary)
    rows, results = [HEAD], {}
    for number, bus in enumerate(BUSES):
        for peer, of_peer in times.items():
            results[bus, peer] = figures(bus, of_peer[number], start)
            rows.append(results[bus, peer].row(bus, peer))
    if binary is None:
        rows.append("Telegraf: none found, `make telegraf` builds one")
    with capsys.disabled():
        print("\n".join(rows))  # noqa: T201  the figures are what a benchmark is for
    for bus in BUSES:
        ours, plain = results[bus, OURS], results[bus, PLAIN]
        assert ours.share >= plain.share - 0.01
        if bus.dead:
            assert ours.p95_s < plain.p95_s / 2
            assert ours.p99_s < plain.p99_s
        else:
            assert ours.p95_s < 2 * bus.poll_s
