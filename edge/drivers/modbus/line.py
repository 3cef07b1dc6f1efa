"""One way to Modbus devices, a TCP connection or a serial line: pymodbus, asked one read at a time.

No answer is ever taken for another request's. On TCP the transaction id decides. RTU has none:
after a silence the line is closed and opened again, which throws away what came late, and an answer
must have the unit, the function and the length that were asked for.
"""

import asyncio
import contextlib
import logging
from typing import Any

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from device_profiles.protocols.modbus import Register
from edge.drivers.modbus.device import ModbusBus
from edge.errors import DriverUnavailable

logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)  # it all becomes errors of ours

EXCEPTIONS = {
    1: "ILLEGAL FUNCTION",
    2: "ILLEGAL DATA ADDRESS",
    3: "ILLEGAL DATA VALUE",
    4: "SERVER DEVICE FAILURE",
    5: "ACKNOWLEDGE",
    6: "SERVER DEVICE BUSY",
    8: "MEMORY PARITY ERROR",
    10: "GATEWAY PATH UNAVAILABLE",
    11: "GATEWAY TARGET DEVICE FAILED TO RESPOND",
}
"""Names of the exception codes (Modbus Application Protocol V1.1b3, section 7)."""

_SENT_BY_GATEWAYS = frozenset({10, 11})
"""The device itself sent nothing, and the gateway has waited for it."""
_FUNCTIONS: dict[Register, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
_BITS = ("coil", "discrete")


class NoAnswer(Exception):
    """The device sent nothing in time, or nothing that belongs to the request."""


class ExceptionAnswer(Exception):
    """The device answered with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({EXCEPTIONS.get(code, 'not in the specification')})")
        self.code = code
        self.name = EXCEPTIONS.get(code, f"EXCEPTION {code}")


class Line:
    """A connection that is opened when needed and closed when it may be broken."""

    def __init__(self, bus: ModbusBus) -> None:
        self._bus = bus
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self.where = bus.serial or f"{bus.host}:{bus.port}"

    @property
    def is_serial(self) -> bool:
        """Whether requests go over a serial line."""
        return self._bus.serial is not None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._client is not None and bool(self._client.connected)

    async def open(self) -> None:
        """Open the connection; raise `DriverUnavailable` where that fails."""
        self.close()
        client = self._new_client()
        problem = "no connection"
        try:
            is_connected = await client.connect()
        except (OSError, ModbusException, ValueError) as error:
            is_connected, problem = False, str(error)
        except asyncio.CancelledError:
            client.close()
            raise
        if not is_connected:
            client.close()
            _raise_if_cancelled(None)
            raise DriverUnavailable(self._bus.name, f"cannot open {self.where}: {problem}")
        self._client = client
        _raise_if_cancelled(None)

    def close(self) -> None:
        """Close the connection; what was still to come is thrown away."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError):
                client.close()

    async def read(self, unit_id: int, register: Register, address: int, count: int) -> list[int]:
        """Return `count` register words (or bits as 0 and 1) from `address` on."""
        client = self._client
        if client is None:
            raise NoAnswer("the connection is closed")
        await self._quiet()
        ask: Any = {
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
        }[register]
        try:
            answer: ModbusPDU = await ask(address, count=count, device_id=unit_id)
        except (ModbusException, OSError) as error:
            _raise_if_cancelled(error)
            silence = f"no answer within {self._bus.timeout_s:g} s"
            raise NoAnswer(silence if self.is_open else "the connection was lost") from error
        _raise_if_cancelled(None)
        if answer.isError():
            refusal = ExceptionAnswer(answer.exception_code)
            if refusal.code in _SENT_BY_GATEWAYS:
                raise NoAnswer(f"a Modbus gateway reports: {refusal}")
            raise refusal
        words = [int(bit) for bit in answer.bits] if register in _BITS else list(answer.registers)
        if answer.function_code != _FUNCTIONS[register] or not _fits(register, words, count):
            raise NoAnswer("the answer belongs to another request")
        return words[:count]

    async def _quiet(self) -> None:
        """Keep the 3.5 characters of silence that separate two RTU frames."""
        if self.is_serial:
            await asyncio.sleep(max(3.5 * 11 / self._bus.baudrate, 0.00175))

    def _new_client(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        bus = self._bus
        if bus.serial is not None:
            return AsyncModbusSerialClient(
                bus.serial,
                framer=FramerType.RTU,
                baudrate=bus.baudrate,
                parity=bus.parity,
                stopbits=bus.stopbits,
                timeout=bus.timeout_s,
                retries=0,
                reconnect_delay=0,
            )
        return AsyncModbusTcpClient(
            bus.host or "",
            port=bus.port,
            timeout=bus.timeout_s,
            retries=0,
            reconnect_delay=0,
        )


def _raise_if_cancelled(cause: BaseException | None) -> None:
    """Raise a cancellation that was lost on the way.

    pymodbus waits with `asyncio.wait_for`, which in Python 3.11 drops a cancellation that comes
    together with the answer: a driver that is stopped at that moment would never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from cause


def _fits(register: Register, words: list[int], count: int) -> bool:
    if register in _BITS:
        return len(words) == (count + 7) // 8 * 8
    return len(words) == count
