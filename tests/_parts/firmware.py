"""The firmware stubs, built with sanitizers, as processes; and the radio of the Bluetooth one."""

import asyncio
import contextlib
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from bumble.core import UUID
from bumble.device import AdvertisingEventProperties, AdvertisingParameters, Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import OwnAddressType

from simulators.virtual_radio import VirtualRadio
from tests._parts.patience import PATIENCE_S
from tests._parts.tree import ROOT

STUBS = ROOT / "firmware_stubs"
_READ, _WRITE, _NOTIFY = 1, 2, 4


def make_firmware(folder: Path, *targets: str) -> str:
    """Build targets into a folder and return what was printed; skip where no compiler can."""
    if shutil.which("cc") is None or shutil.which("make") is None:
        pytest.skip("the firmware was not built: no C compiler (cc) or no make is installed")
    probe = ["cc", "-fsanitize=address,undefined", "-x", "c", "-", "-o", str(folder / "probe")]
    tried = subprocess.run(
        probe, input=b"int main(void){return 0;}", capture_output=True, check=False
    )
    if tried.returncode != 0:
        pytest.skip("the firmware was not built: the C compiler has no sanitizers")
    profiles = f"PROFILES={Path(sys.executable).with_name('campus-profiles')}"
    command = [
        "make",
        "--no-print-directory",
        "-C",
        str(STUBS),
        "-j2",
        f"BUILD={folder}",
        profiles,
        *targets,
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return built.stdout


class Firmware:
    """One firmware process: its sensors are set by the test, its outputs are lines."""

    def __init__(self, program: Path, folder: Path, settings: Mapping[str, object]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._measure_file = folder / f"{program.name}.measure"
        given = {"measure": self._measure_file, **settings}
        self._command = [str(program), *(f"{name}={value}" for name, value in given.items())]
        self._log = folder / f"{program.name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.lines: list[str] = []
        """What it printed to stdout."""
        self.printed: Callable[[str], None] = lambda _: None
        """Called with each line."""

    def measure(self, **values: float) -> None:
        """Set what its sensors measure from now on; the others measure nothing."""
        new = self._measure_file.with_suffix(".new")
        new.write_text("".join(f"{name} {value}\n" for name, value in values.items()))
        new.replace(self._measure_file)

    @property
    def log(self) -> str:
        """What it wrote to stderr: its log, and what a sanitizer found."""
        return self._log.read_text() if self._log.exists() else ""

    async def start(self) -> None:
        """Start it, and return at once."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=-1, stdout=-1, stderr=log
            )
        self._listener = asyncio.create_task(self._listen(self._process))

    async def stop(self) -> None:
        """Stop it; a sanitizer's finding, a leak too, makes it fail."""
        assert self._process is not None
        assert self._listener is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await asyncio.wait_for(self._process.wait(), PATIENCE_S)
        await self._listener
        assert self._process.returncode == 0, self.log

    async def kill(self) -> None:
        """Kill it, as when the power goes."""
        assert self._process is not None
        assert self._listener is not None
        self._process.kill()
        await self._process.wait()
        await self._listener

    def write(self, line: str) -> None:
        """Send it a line."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once something holds; it is looked at again whenever a line was printed."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                assert self._process is not None
                assert self._process.returncode is None, self.log
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):  # the log is a file, and no event
                        await self._news.wait()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode().rstrip("\n")
            self.lines.append(text)
            self.printed(text)
            self._news.set()


@asynccontextmanager
async def running(firmware: Firmware) -> AsyncIterator[Firmware]:
    """Run a firmware; insist that it stops in peace."""
    await firmware.start()
    try:
        yield firmware
    finally:
        await firmware.stop()


class RadioStack:
    """The Bluetooth stack that a board would have: the firmware's table on a virtual radio."""

    def __init__(self, firmware: Firmware, radio: VirtualRadio, address: str) -> None:
        self._firmware = firmware
        self._radio = radio
        self._address = address
        self._table: list[tuple[str, str, int]] = []
        self._characteristics: list[Characteristic[bytes]] = []
        self._values: dict[int, bytes] = {}
        self._queue: asyncio.Queue[list[str]] = asyncio.Queue()
        self._advertising: Any = None
        self._device: Device | None = None
        self._task: asyncio.Task[None] | None = None
        firmware.printed = self._printed

    async def start(self) -> None:
        """Carry out what the firmware asks for, in order."""
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Go off the air."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._device is not None:
            self._radio.remove(self._address)

    def _printed(self, line: str) -> None:
        if line.startswith("ble "):
            self._queue.put_nowait(line.split(" ")[1:])

    async def _work(self) -> None:
        while True:
            match await self._queue.get():
                case ["characteristic", service, uuid, properties]:
                    self._table.append((_uuid(service), _uuid(uuid), int(properties)))
                case ["start"]:
                    await self._power_on()
                case ["advertise", data]:
                    await self._advertising.set_advertising_data(bytes.fromhex(data))
                case ["set" | "notify" as verb, number, value]:
                    self._values[int(number)] = bytes.fromhex(value)
                    if verb == "notify":
                        await self._notify(int(number))
                case line:
                    raise AssertionError(f"the firmware printed {line}")

    async def _power_on(self) -> None:
        device = self._device = self._radio.peripheral(self._address, lambda _data, _gateway: None)
        for service, rows in groupby(enumerate(self._table), lambda row: row[1][0]):
            made = [self._characteristic(number, row) for number, row in rows]
            self._characteristics += made
            device.add_service(Service(UUID(service), made))
        device.on("connection", self._connected)
        await device.power_on()
        kind = AdvertisingEventProperties(is_connectable=True, is_scannable=True, is_legacy=True)
        self._advertising = await device.create_advertising_set(
            auto_start=False,
            random_address=device.random_address,
            advertising_parameters=AdvertisingParameters(
                advertising_event_properties=kind,
                primary_advertising_interval_min=50,
                primary_advertising_interval_max=50,
                own_address_type=OwnAddressType.RANDOM,
            ),
        )
        await self._advertising.start()

    def _characteristic(self, number: int, row: tuple[str, str, int]) -> Characteristic[bytes]:
        _, uuid, offered = row
        properties, permissions = Characteristic.Properties(0), Characteristic.Permissions(0)
        if offered & _READ:
            properties |= Characteristic.Properties.READ
            permissions |= Characteristic.READABLE
        if offered & _NOTIFY:
            properties |= Characteristic.Properties.NOTIFY
        if offered & _WRITE:
            properties |= Characteristic.Properties.WRITE
            permissions |= Characteristic.WRITEABLE
        value = CharacteristicValue(
            read=lambda _connection: self._values.get(number, b""),
            write=lambda _connection, data: self._firmware.write(f"write {number} {data.hex()}"),
        )
        return Characteristic(UUID(uuid), properties, permissions, value)

    async def _notify(self, number: int) -> None:
        if self._device is not None:
            await self._device.notify_subscribers(
                self._characteristics[number], self._values[number]
            )

    def _connected(self, _: Connection) -> None:
        # Connecting ends advertising; a device of this kind goes on with it.
        self._again = asyncio.create_task(self._advertising.start())


@asynccontextmanager
async def on_the_air(firmware: Firmware, radio: VirtualRadio, address: str) -> AsyncIterator[None]:
    """Run a firmware and its stack."""
    stack = RadioStack(firmware, radio, address)
    await stack.start()
    try:
        async with running(firmware):
            yield
    finally:
        await stack.stop()


def fields_of(lines: Iterable[str], asset: str) -> list[dict[str, str]]:
    """Return the fields of the lines of line protocol that are readings of an asset."""
    return [
        dict(field.split("=", 1) for field in line.split(" ")[1].split(","))
        for line in lines
        if line.startswith("reading,") and f"asset={asset}," in line
    ]


def _uuid(text: str) -> str:
    """Return the UUID of bytes as they are on the air, the least significant first."""
    digits = bytes.fromhex(text)[::-1].hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
