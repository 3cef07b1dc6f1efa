"""The configuration of a Modbus driver: a bus and the devices on it."""

from dataclasses import dataclass
from typing import Literal

from device_profiles.protocols.modbus import Framing, ModbusProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusBus:
    """A TCP host, or a serial line; exactly one of `host` and `serial`.

    `framing` is `tcp` for a host and `rtu` for a serial line where none is given.
    """

    name: str
    host: str | None = None
    port: int = 502
    serial: str | None = None
    framing: Framing | None = None
    baudrate: int = 9600
    bytesize: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    timeout_s: float = 1.0
    retries: int = 2
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ModbusDevice:
    """One unit on the bus; what is None is as the profile or the bus has it."""

    id: str
    profile: ModbusProfile
    unit_id: int
    poll_s: float | None = None
    timeout_s: float | None = None
    retries: int | None = None
    answer_unit: int | None = None
