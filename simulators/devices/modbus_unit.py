"""Simulated Modbus devices: a TCP server, or an RTU line on a pseudo-terminal, with many units.

Written from the Modbus Application Protocol V1.1b3 and the serial line guide V1.02, apart from the
library that the gateway uses. Registers hold the true values of the moment they are requested for.
Addresses between two points are read as 0 where the profile's limits let a gateway read across
them; all others answer exception 2, as do holes.

Reported means answered, with the points that lie wholly inside the request. A request begins at a
point that the gateway wants, and all points that it wants in one request have one `poll_s`: points
of another `poll_s` that lie between them are logged as not requested. An answer whose reader closed
the connection within `SETTLE_S` may have come too late for it and is logged as not certain.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from device_profiles.protocols.modbus import ModbusProfile, Register
from device_profiles.reading import Value
from simulators.devices import modbus_encode
from simulators.devices.actor import Actor

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
BUSY: Final = 6
NO_RESPONSE: Final = 11
_READS: dict[int, Register] = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}
_WRITES = {5: "coil", 6: "holding", 15: "coil", 16: "holding"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response (without unit and checksum), and the values of which device it carries."""

    pdu: bytes
    actor: Actor
    at: datetime
    values: dict[str, Value]
    not_requested: tuple[str, ...] = ()
    """Points that lie inside the request and that it did not ask for."""

    def log(self, *, certain: bool) -> None:
        """Write it to the truth log."""
        self.actor.report(self.values, self.at, certain=certain, not_requested=self.not_requested)


class ModbusUnit:
    """One device on a bus."""

    def __init__(self, actor: Actor, profile: ModbusProfile, unit_id: int) -> None:
        self.actor = actor
        self.unit_id = unit_id
        self._profile = profile
        self._readable = {
            register: _readable(profile, register) for register in sorted(set(_READS.values()))
        }

    def answer(self, pdu: bytes) -> Answer | None:
        """Return the response to a request, or None where the device stays silent."""
        actor = self.actor
        now = actor.clock()
        actor.advance(now)
        if actor.is_silent:
            return None
        values: dict[str, Value] = {}
        not_requested: tuple[str, ...] = ()
        if actor.is_refusing:
            response = _exception(pdu[0], BUSY)
        elif pdu[0] in _READS:
            response, values = self._read(pdu, now)
            not_requested = self._not_requested(pdu, values)
            values = {name: values[name] for name in values if name not in not_requested}
        elif pdu[0] in _WRITES:
            response = self._write(pdu)
        else:
            response = _exception(pdu[0], ILLEGAL_FUNCTION)
        if actor.is_garbled:
            return Answer(bytes([pdu[0], 0xFF, *response[:1]]), actor, now, {})
        return Answer(response, actor, now, values, not_requested)

    def _not_requested(self, pdu: bytes, carried: Mapping[str, Value]) -> tuple[str, ...]:
        """Return the points that an answer carries because they lie between those requested for."""
        if not carried:
            return ()
        register, (first, _count) = _READS[pdu[0]], struct.unpack(">HH", pdu[1:])
        points = self._profile.points
        wanted = {
            point.poll_s
            for point in points.values()
            if point.register_ == register and any(start == first for start, _ in point.spans)
        }
        return tuple(name for name in carried if wanted and points[name].poll_s not in wanted)

    def _read(self, pdu: bytes, now: datetime) -> tuple[bytes, dict[str, Value]]:
        function = pdu[0]
        if len(pdu) != 5:
            return _exception(function, ILLEGAL_VALUE), {}
        first, count = struct.unpack(">HH", pdu[1:])
        if not 1 <= count <= _MOST[function]:
            return _exception(function, ILLEGAL_VALUE), {}
        register = _READS[function]
        requested = range(first, first + count)
        is_readable = self._readable[register].issuperset(requested)
        too_many = register in {"holding", "input"} and count > self._profile.limits.max_block
        if not is_readable or too_many:
            return _exception(function, ILLEGAL_ADDRESS), {}
        tables = modbus_encode.registers(self._profile.points, self.actor.values(now))
        words = tables.words.get(register, {})
        read = [words.get(address, 0) for address in requested]
        data = _bits(read) if function < 3 else b"".join(w.to_bytes(2, "big") for w in read)
        carried = {
            name: tables.values[name]
            for name, point in self._profile.points.items()
            if point.register_ == register
            and point.address in requested
            and point.address + point.count - 1 in requested
        }
        return bytes([function, len(data)]) + data, carried

    def _write(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if len(pdu) < 5:
            return _exception(function, ILLEGAL_VALUE)
        (address,) = struct.unpack(">H", pdu[1:3])
        for name, command in self._profile.commands.items():
            if (command.register_, command.address) == (_WRITES[function], address):
                data = pdu[3:5] if function < 15 else pdu[6:]
                self.actor.note(
                    "commanded", protocol=self.actor.transport, command=name, value=data.hex()
                )
                return pdu[:5]
        return _exception(function, ILLEGAL_ADDRESS)


class Units:
    """The units of one bus."""

    def __init__(self, units: Sequence[ModbusUnit]) -> None:
        self._units: Mapping[int, ModbusUnit] = {unit.unit_id: unit for unit in units}

    def tcp(self, frame: bytes) -> tuple[bytes, Answer | None]:
        """Return the response to one whole MBAP frame; empty where no unit answers."""
        transaction, _protocol, _length, unit_id = struct.unpack(">HHHB", frame[:7])
        pdu = frame[7:]
        unit = self._units.get(unit_id)
        if unit is None:
            return _mbap(transaction, unit_id, _exception(pdu[0], NO_RESPONSE)), None
        answer = unit.answer(pdu)
        if answer is None:
            return b"", None
        return _mbap(transaction, unit_id, answer.pdu), answer

    def rtu(self, frame: bytes) -> tuple[bytes, Answer | None]:
        """Return the response to one whole RTU frame; empty where no unit answers."""
        unit = self._units.get(frame[0])
        answer = unit.answer(frame[1:-2]) if unit is not None else None
        if answer is None or unit is None:
            return b"", None
        data = frame[:1] + answer.pdu
        checksum = crc(data)
        if unit.actor.is_garbled:
            checksum = bytes(byte ^ 0x5A for byte in checksum)
        return data + checksum, answer


def next_tcp(data: bytes) -> int | None:
    """Return the length of the first frame, 0 where it is not whole yet, None for nonsense."""
    if len(data) < 7:
        return 0
    _transaction, protocol, length = struct.unpack(">HHH", data[:6])
    if protocol != 0 or not 2 <= length <= 254:
        return None
    return 6 + length if len(data) >= 6 + length else 0


def next_rtu(data: bytes) -> int | None:
    """Return the length of the first request, 0 where it is not whole yet, None for nonsense."""
    if len(data) < 2:
        return 0
    if data[1] in {15, 16}:
        if len(data) < 7:
            return 0
        length = 9 + data[6]
    else:
        length = 8
    if len(data) < length:
        return 0
    return length if crc(data[: length - 2]) == data[length - 2 : length] else None


def crc(data: bytes) -> bytes:
    """Return the CRC-16 of a serial frame, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def _mbap(transaction: int, unit_id: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit_id) + pdu


def _exception(function: int, code: int) -> bytes:
    return bytes([function | 0x80, code])


def _bits(values: Sequence[int]) -> bytes:
    data = bytearray((len(values) + 7) // 8)
    for number, value in enumerate(values):
        data[number // 8] |= (value & 1) << number % 8
    return bytes(data)


def _readable(profile: ModbusProfile, register: Register) -> frozenset[int]:
    spans = sorted(
        span
        for point in profile.points.values()
        if point.register_ == register
        for span in point.spans
    )
    addresses: set[int] = set()
    end = None
    for first, after in spans:
        if end is not None and 0 < first - end <= profile.limits.max_gap:
            addresses.update(range(end, first))
        addresses.update(range(first, after))
        end = max(after, end or 0)
    for first, last in profile.limits.holes:
        addresses.difference_update(range(first, last + 1))
    return frozenset(addresses)
