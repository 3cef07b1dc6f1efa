"""Polls the Modbus devices of one bus."""

from collections.abc import Sequence

from edge.clock import Clock
from edge.driver import Sink
from edge.drivers.modbus.device import ModbusBus, ModbusDevice

__all__ = ["ModbusBus", "ModbusDevice", "ModbusDriver"]


class ModbusDriver:
    """One bus: a TCP host or a serial line, and the devices on it."""

    def __init__(self, bus: ModbusBus, devices: Sequence[ModbusDevice], clock: Clock) -> None:
        self.name = bus.name

    async def run(self, sink: Sink) -> None:
        """Poll the devices until cancelled."""
