"""The way to the air: BlueZ through bleak's own backend, or a controller over HCI through ours.

BlueZ is reached over D-Bus and cannot run on a machine without a Bluetooth controller or a virtual
one (`/dev/vhci`); its side is tested against a mock of BlueZ on a D-Bus of the test's own.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, Protocol

from bleak import BleakClient, BleakScanner
from bleak.assigned_numbers import AdvertisementDataType
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from edge.drivers.ble import bluez
from edge.drivers.ble.device import BleAdapter
from edge.drivers.ble.failure import RAISED, driver_error
from edge.errors import DriverUnavailable

Received = Callable[[BLEDevice, AdvertisementData], None]
_BTHOME_UUID = b"\xd2\xfc"
_STOP_S = 5.0


class Radio(Protocol):
    """An open radio."""

    def scanning(self, received: Received) -> contextlib.AbstractAsyncContextManager[None]:
        """Scan while the context is open."""

    def client(self, device: BLEDevice, gone: Callable[[], None]) -> BleakClient:
        """Return a client for a device that was received, not yet connected."""

    def connecting(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Hold what is in the way of connecting while the context is open."""

    async def watch(self) -> None:
        """Raise DriverUnavailable once the radio is gone or gives no answer; never return."""


@contextlib.asynccontextmanager
async def open_radio(name: str, adapter: BleAdapter, *, has_gatt: bool) -> AsyncIterator[Radio]:
    """Open the radio that the adapter names."""
    if adapter.hci is None:
        yield _BluezRadio(name, adapter, has_gatt=has_gatt)
        return
    try:
        from edge.drivers.ble import hci_backend  # noqa: PLC0415 - bumble is an extra, and large
    except ImportError as error:
        raise DriverUnavailable(
            name,
            f"ble.hci needs the package {error.name or 'bumble'}, which is not installed; "
            "install smart-campus[edge-hci]",
        ) from error
    doing = f"opening {adapter.hci}"
    async with contextlib.AsyncExitStack() as held:
        try:
            stack = await held.enter_async_context(
                hci_backend.open_stack(adapter.hci, adapter.request_timeout_s)
            )
        except (*RAISED, ValueError) as error:
            raise driver_error(name, doing, error) from error
        backends = hci_backend.HciScanner, hci_backend.HciClient
        yield _HciRadio(name, adapter, stack, *backends)


class _HciRadio:
    def __init__(
        self, name: str, adapter: BleAdapter, stack: Any, scanner: Any, client: Any
    ) -> None:
        self._name = name
        self._adapter = adapter
        self._stack = stack
        self._scanner = scanner
        self._client = client

    @contextlib.asynccontextmanager
    async def scanning(self, received: Received) -> AsyncIterator[None]:
        scanner = BleakScanner(
            received, scanning_mode="passive", backend=self._scanner, stack=self._stack
        )
        async with _scan(self._name, scanner, self._adapter.request_timeout_s):
            yield

    def connecting(self) -> contextlib.AbstractAsyncContextManager[None]:
        return contextlib.nullcontext()

    def client(self, device: BLEDevice, gone: Callable[[], None]) -> BleakClient:
        return BleakClient(
            device,
            lambda _client: gone(),
            timeout=self._adapter.connect_timeout_s,
            backend=self._client,
            stack=self._stack,
        )

    async def watch(self) -> None:
        while True:
            await asyncio.wait([self._stack.lost], timeout=self._adapter.watchdog_s)
            if self._stack.lost.done():
                raise DriverUnavailable(self._name, f"the way to {self._adapter.hci} was cut")
            try:
                await self._stack.ask(self._adapter.request_timeout_s)
            except RAISED as error:
                raise driver_error(self._name, "asking the controller", error) from error


class _BluezRadio:
    def __init__(self, name: str, adapter: BleAdapter, *, has_gatt: bool) -> None:
        self._name = name
        self._adapter = adapter
        # A passive scan of BlueZ's reports only what matches its patterns, here BTHome's data;
        # devices to connect to must be received whatever they advertise.
        self._modes: tuple[Literal["active", "passive"], ...] = (
            ("active",) if has_gatt else ("passive", "active")
        )
        self._scanner: BleakScanner | None = None
        self._one_connects = asyncio.Lock()
        self._failure: DriverUnavailable | None = None

    @contextlib.asynccontextmanager
    async def scanning(self, received: Received) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as held:
            for mode in self._modes:
                pattern = (0, AdvertisementDataType.SERVICE_DATA_UUID16, _BTHOME_UUID)
                scanner = BleakScanner(
                    received,
                    scanning_mode=mode,
                    bluez={
                        "adapter": self._adapter.adapter,
                        "or_patterns": [pattern],
                        # Without it BlueZ reports a device again only when its signal changes.
                        "filters": {"DuplicateData": True},
                    },
                )
                try:
                    scan = _scan(self._name, scanner, self._adapter.request_timeout_s)
                    await held.enter_async_context(scan)
                    self._scanner = scanner
                    break
                except DriverUnavailable as error:
                    # BlueZ scans passively only where its experimental interfaces are on.
                    is_unsupported = isinstance(error.__cause__, BleakError)
                    if mode == self._modes[-1] or not is_unsupported:
                        raise
            try:
                yield
            finally:
                self._scanner = None

    def client(self, device: BLEDevice, gone: Callable[[], None]) -> BleakClient:
        return BleakClient(
            device,
            lambda _client: gone(),
            timeout=self._adapter.connect_timeout_s,
            bluez={"adapter": self._adapter.adapter},
        )

    @contextlib.asynccontextmanager
    async def connecting(self) -> AsyncIterator[None]:
        """Pause scanning: many controllers cannot connect while they scan."""
        async with self._one_connects:
            scanner = self._scanner
            if scanner is not None:
                await self._stop(scanner)
            try:
                yield
            finally:
                if scanner is not None and scanner is self._scanner:
                    await self._start_again(scanner)

    async def watch(self) -> None:
        async with bluez.adapter(self._adapter.adapter) as adapter:
            while True:
                await asyncio.sleep(self._adapter.watchdog_s)
                if self._failure is not None:
                    raise self._failure
                try:
                    async with asyncio.timeout(self._adapter.request_timeout_s):
                        is_powered = await adapter.is_powered()
                except RAISED as error:
                    raise driver_error(self._name, "asking BlueZ for the radio", error) from error
                if not is_powered:
                    raise DriverUnavailable(
                        self._name, f"{self._adapter.adapter} is switched off; switch it on"
                    )

    async def _stop(self, scanner: BleakScanner) -> None:
        with contextlib.suppress(*RAISED):
            async with asyncio.timeout(_STOP_S):
                await scanner.stop()

    async def _start_again(self, scanner: BleakScanner) -> None:
        try:
            async with asyncio.timeout(self._adapter.request_timeout_s):
                await scanner.start()
        except RAISED as error:
            # Raised where the radio is watched, not in the session that happened to connect.
            self._failure = driver_error(self._name, "scanning again", error)


@contextlib.asynccontextmanager
async def _scan(name: str, scanner: BleakScanner, timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            await scanner.start()
    except RAISED as error:
        raise driver_error(name, "starting to scan", error) from error
    try:
        yield
    finally:
        with contextlib.suppress(*RAISED):
            async with asyncio.timeout(_STOP_S):
                await scanner.stop()
