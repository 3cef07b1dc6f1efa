"""The configuration of a Modbus driver: a bus and the devices on it."""

from dataclasses import dataclass
from typing import Literal

from device_profiles.protocols.modbus import ModbusProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusBus:
    """A TCP host, or a serial line with its framing; exactly one of `host` and `serial`."""

    name: str
    host: str | None = None
    port: int = 502
    serial: str | None = None
    baudrate: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    timeout_s: float = 1.0


@dataclass(frozen=True, slots=True)
class ModbusDevice:
    """One unit on the bus."""

    id: str
    profile: ModbusProfile
    unit_id: int
