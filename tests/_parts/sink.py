"""The gateway's side of the driver seam, in memory: for tests of drivers."""

import asyncio
from collections.abc import Callable, Mapping

from device_profiles.reading import Reading, Value
from edge.driver import Delivery
from edge.errors import DeviceError, DriverUnavailable
from tests._parts.patience import PATIENCE_S


class MemorySink:
    """Keeps what drivers deliver, as a buffer on disk would.

    `gate` clear holds deliveries back before anything is kept (`waiting` counts those that wait).
    `late_gate` clear holds them back after they are kept and before `deliver` returns: a crash in
    between is where a message is on disk and not acknowledged. What is kept survives the driver:
    hand the same sink to the next one and its `checkpoints` are still there.
    """

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.kept: dict[str, str] = {}
        self.device_errors: list[DeviceError] = []
        self.driver_errors: list[DriverUnavailable] = []
        self.answered: list[str] = []
        self.ready: list[str] = []
        self.waiting = 0
        self.most_waiting = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.late_gate = asyncio.Event()
        self.late_gate.set()
        self._changed = asyncio.Event()

    async def deliver(self, delivery: Delivery) -> None:
        """Keep the delivery and its checkpoints in one go."""
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        self._notify()
        try:
            await self.gate.wait()
            self.deliveries.append(delivery)
            for key, text in delivery.checkpoints.items():
                if text is None:
                    self.kept.pop(key, None)
                else:
                    self.kept[key] = text
            self._notify()
            await self.late_gate.wait()
        finally:
            self.waiting -= 1
        await asyncio.sleep(0)

    def checkpoints(self, prefix: str) -> Mapping[str, str]:
        """Return the checkpoints kept so far under a prefix."""
        return {key: text for key, text in self.kept.items() if key.startswith(prefix)}

    def device_failed(self, error: DeviceError) -> None:
        """Keep the error."""
        self.device_errors.append(error)
        self._notify()

    def device_answered(self, device_id: str) -> None:
        """Keep the device's name."""
        self.answered.append(device_id)
        self._notify()

    def driver_failed(self, error: DriverUnavailable) -> None:
        """Keep the error."""
        self.driver_errors.append(error)
        self._notify()

    def driver_ready(self, driver: str) -> None:
        """Keep the driver's name."""
        self.ready.append(driver)
        self._notify()

    @property
    def readings(self) -> list[Reading]:
        """Every reading kept, in the order of their deliveries."""
        return [reading for delivery in self.deliveries for reading in delivery.readings]

    def values(self, device: str, point: str) -> list[Value]:
        """Return the values of one point in the order they were kept."""
        return [r.value for r in self.readings if (r.device, r.point) == (device, point)]

    async def until(
        self, condition: Callable[["MemorySink"], bool], seconds: float = PATIENCE_S
    ) -> None:
        """Return once the condition holds; it is looked at again whenever a driver calls."""
        async with asyncio.timeout(seconds):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
