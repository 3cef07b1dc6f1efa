"""A D-Bus of the test's own with BlueZ on it, as python-dbusmock's template plays it."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio.message_bus import MessageBus

ADAPTER = "/org/bluez/hci0"
_BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"
# python-dbusmock needs the D-Bus bindings of the system's Python, which no wheel carries.
_PYTHON = "/usr/bin/python3"
_DBUSMOCK = ("-m", "dbusmock", "--system", "--template", "bluez5")


class MockBluez:
    """The daemon, which can be killed and started again, and what it has been asked."""

    def __init__(self, folder: Path, address: str, bus: MessageBus) -> None:
        self._log = folder / "bluez.log"
        self._address = address
        self._bus = bus
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start the daemon with one radio; return once it is there."""
        with (self._log.parent / "stderr.log").open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: ASYNC220  returns at once
                [_PYTHON, *_DBUSMOCK, "--logfile", str(self._log)],
                env={"DBUS_SYSTEM_BUS_ADDRESS": self._address, "PATH": "/usr/bin:/bin"},
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        while True:
            with contextlib.suppress(RuntimeError):
                await self.call("/org/bluez", "org.bluez.Mock", "AddAdapter", "ss", "hci0", "box")
                return
            if self._process.poll() is not None:
                raise RuntimeError((self._log.parent / "stderr.log").read_text())
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End the daemon at once."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    @property
    def calls(self) -> str:
        """What the daemon was asked so far, a line each."""
        return self._log.read_text() if self._log.exists() else ""

    async def call(
        self, path: str, interface: str, member: str, signature: str, *body: Any
    ) -> list[Any]:
        """Call a method; RuntimeError with the error's name where it is refused."""
        reply = await self._bus.call(
            Message(
                destination="org.bluez",
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        if reply.message_type is MessageType.ERROR:
            raise RuntimeError(f"{member}: {reply.error_name} {reply.body}")
        return reply.body

    async def add_device(self, address: str) -> None:
        """Put a device in reach of the radio."""
        await self.call("/org/bluez", "org.bluez.Mock", "AddDevice", "sss", "hci0", address, "air")

    async def advertise(self, address: str, service_data: bytes) -> None:
        """Let a device send BTHome's service data once."""
        device = f"{ADAPTER}/dev_{address.replace(':', '_')}"
        properties = {
            "ManufacturerData": Variant("a{qv}", {}),
            "ServiceData": Variant("a{sv}", {_BTHOME: Variant("ay", service_data)}),
            "RSSI": Variant("n", -60),
        }
        changed = [
            Variant("s", "org.bluez.Device1"),
            Variant("a{sv}", properties),
            Variant("as", []),
        ]
        # Not UpdateProperties: the mock cannot keep a dictionary in a property.
        signal = ("org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", changed)
        await self.call(device, "org.freedesktop.DBus.Mock", "EmitSignal", "sssav", *signal)

    async def switch(self, *, is_on: bool) -> None:
        """Switch the radio."""
        mock, powered = "org.freedesktop.DBus.Mock", {"Powered": Variant("b", is_on)}
        await self.call(ADAPTER, mock, "UpdateProperties", "sa{sv}", "org.bluez.Adapter1", powered)

    async def is_scanning(self) -> bool:
        """Whether the radio scans."""
        properties = "org.freedesktop.DBus.Properties"
        (value,) = await self.call(
            ADAPTER, properties, "Get", "ss", "org.bluez.Adapter1", "Discovering"
        )
        return bool(value.value)

    async def pull(self) -> None:
        """Pull the dongle out."""
        mock = "org.freedesktop.DBus.Mock"
        await self.call("/", mock, "RemoveObject", "s", ADAPTER)


@contextlib.asynccontextmanager
async def mock_bluez(folder: Path) -> AsyncIterator[tuple[MockBluez, str]]:
    """Run a bus and BlueZ on it; give the daemon and the bus's address."""
    program = shutil.which("dbus-daemon")
    if program is None:
        pytest.skip("dbus-daemon is not installed")
    probe = await asyncio.to_thread(
        subprocess.run, [_PYTHON, "-c", "import dbusmock"], capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip("python3-dbusmock is not installed")
    bus_process = subprocess.Popen(  # noqa: ASYNC220  returns at once
        [program, "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE
    )
    assert bus_process.stdout is not None
    address = (await asyncio.to_thread(bus_process.stdout.readline)).decode().strip()
    bus = await MessageBus(bus_address=address).connect()
    daemon = MockBluez(folder, address, bus)
    try:
        await daemon.start()
        yield daemon, address
    finally:
        await daemon.kill()
        bus.disconnect()
        bus_process.terminate()
        await asyncio.to_thread(bus_process.wait)
        bus_process.stdout.close()
