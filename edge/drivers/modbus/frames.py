"""Frames of Modbus TCP, RTU and ASCII: a request, and the answer in what came back. Pure.

A line may carry more than the answer: bytes of a driver that switches on, the echo of the request,
the frame of another unit, an answer that comes late. The answer is searched at every offset of what
came; it has the unit, the function and the length that were asked for, and the checksum (or, on
TCP, the transaction) is right. What is in its way is named, and so is what came in its place.

Sources: Modbus Application Protocol V1.1b3; Modbus over Serial Line V1.02; Modbus Messaging on
TCP/IP V1.0b.
"""

import struct
from dataclasses import dataclass, replace
from typing import Literal

from pymodbus.framer import FramerAscii, FramerRTU

from device_profiles.protocols.modbus import Framing, Register

FUNCTIONS: dict[Register, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
BITS = ("coil", "discrete")
_EXCEPTION = 0x80

Fault = Literal[
    "no answer", "bad checksum", "another unit", "echo", "stray bytes", "broken off", "other answer"
]


@dataclass(frozen=True, slots=True)
class Request:
    """A read; `answer_unit` is the unit that the answer names, where it is another one."""

    unit_id: int
    register: Register
    address: int
    count: int
    answer_unit: int

    @property
    def function(self) -> int:
        """The function code."""
        return FUNCTIONS[self.register]

    @property
    def pdu(self) -> bytes:
        """The request without unit and checksum."""
        return struct.pack(">BHH", self.function, self.address, self.count)

    @property
    def data_bytes(self) -> int:
        """How many bytes of data the answer carries."""
        return (self.count + 7) // 8 if self.register in BITS else 2 * self.count

    @property
    def shape(self) -> tuple[int, int]:
        """What an RTU answer shows of its request."""
        return self.function, self.data_bytes

    def values(self, pdu: bytes) -> list[int]:
        """Return the words of an answer (or bits as 0 and 1)."""
        data = pdu[2:]
        if self.register in BITS:
            return [data[n // 8] >> n % 8 & 1 for n in range(self.count)]
        return list(struct.unpack(f">{self.count}H", data))


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the right unit: its PDU, and what came before it on the line."""

    pdu: bytes
    skipped: str = ""

    @property
    def exception(self) -> int | None:
        """The exception code, None where the answer is not one."""
        return self.pdu[1] if self.pdu[0] & _EXCEPTION else None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why what came is no answer. `is_final`: waiting longer brings none."""

    fault: Fault
    text: str
    is_final: bool = False


_NOTHING = Failure("no answer", "no answer")
_OTHER = Failure("other answer", "the answer belongs to another request")


def encode(request: Request, framing: Framing, transaction: int) -> bytes:
    """Return the bytes of a request."""
    body = bytes([request.unit_id]) + request.pdu
    if framing == "tcp":
        return struct.pack(">HHH", transaction, 0, len(body)) + body
    if framing == "ascii":
        return _ascii(body)
    return body + _crc(body)


def find(received: bytes, request: Request, framing: Framing, transaction: int) -> Answer | Failure:
    """Return the answer to a request in all that came since it was sent, or why it is none."""
    if framing == "tcp":
        return _find_tcp(received, request, transaction)
    sent = encode(request, framing, transaction)
    is_echoed = received.startswith(sent)
    rest = received[len(sent) :] if is_echoed else received
    search = _find_ascii if framing == "ascii" else _find_rtu
    answer = search(rest, request)
    before = "the request comes back before the answer (echo)" if is_echoed else ""
    if isinstance(answer, Answer):
        return Answer(answer.pdu, "; ".join(filter(None, (before, answer.skipped))))
    if is_echoed and not rest:
        return Failure("echo", "only the request came back (echo), no answer")
    if is_echoed:
        return Failure(answer.fault, f"{answer.text}, after the request itself (echo)")
    return answer


def _find_rtu(received: bytes, request: Request) -> Answer | Failure:
    lengths = {request.function: 3 + request.data_bytes, request.function | _EXCEPTION: 3}
    for at in range(len(received) - 4):
        length = lengths.get(received[at + 1])
        end = at + (length or 0) + 2
        if length is None or received[at] != request.answer_unit or end > len(received):
            continue
        if length > 3 and received[at + 2] != request.data_bytes:
            continue
        if _crc(received[at : end - 2]) == received[end - 2 : end]:
            return Answer(received[at + 1 : end - 2], _skipped(received[:at]))
    return _why_not_rtu(received, request) if received else _NOTHING


def _why_not_rtu(received: bytes, request: Request) -> Failure:
    head = bytes([request.answer_unit, request.function, request.data_bytes])
    length = 5 + request.data_bytes
    at = received.find(head)
    if at >= 0:
        came = len(received) - at
        if came >= length:
            return Failure("bad checksum", "bad CRC", is_final=at == 0 and came == length)
        return Failure("broken off", f"the answer broke off after {came} of {length} bytes")
    frames = (_whole_rtu(received[start:]) for start in range(len(received) - 4))
    frame = next((frame for frame in frames if frame is not None), None)
    if frame is not None:
        return _other_unit(frame[0], request) if frame[0] != request.answer_unit else _OTHER
    if received[:2] == bytes([request.answer_unit, request.function | _EXCEPTION]):
        return Failure("bad checksum", "bad CRC", is_final=len(received) == 5)
    return _stray(received)


def _whole_rtu(received: bytes) -> bytes | None:
    """Return the frame at the beginning, where it is a whole response to a read."""
    function = received[1]
    if function & _EXCEPTION:
        length = 5
    elif function in FUNCTIONS.values():
        length = 5 + received[2]
    else:
        return None
    frame = received[:length]
    is_whole = len(frame) == length and _crc(frame[:-2]) == frame[-2:]
    return frame if is_whole else None


def _find_ascii(received: bytes, request: Request) -> Answer | Failure:
    bad: Failure | None = None
    start = received.find(b":")
    first = start
    while start >= 0:
        end = received.find(b"\r\n", start)
        if end < 0:
            return bad or Failure("broken off", f"the answer broke off after {len(received)} bytes")
        try:
            frame = bytes.fromhex(received[start + 1 : end].decode("ascii"))
        except ValueError:
            frame = b""
        start = received.find(b":", start + 1)
        if len(frame) < 4 or sum(frame) & 0xFF:
            bad = Failure("bad checksum", "bad LRC", is_final=start < 0)
        elif frame[0] != request.answer_unit:
            bad = _other_unit(frame[0], request)
        elif not _fits(frame[1:-1], request):
            bad = _OTHER
        else:
            return Answer(frame[1:-1], _skipped(received[:first]))
    if bad is None:
        return _stray(received) if received else _NOTHING
    return bad


def _find_tcp(received: bytes, request: Request, transaction: int) -> Answer | Failure:
    mark = struct.pack(">HH", transaction, 0)
    at = received.find(mark)
    while at >= 0:
        head = received[at : at + 7]
        if len(head) == 7:
            (length,), unit = struct.unpack(">H", head[4:6]), head[6]
            pdu = received[at + 7 : at + 6 + length]
            if 3 <= length <= 254 and len(pdu) == length - 1:
                if unit != request.answer_unit:
                    return _other_unit(unit, request, is_final=True)
                if _fits(pdu, request):
                    return Answer(pdu, _skipped_tcp(received[:at]))
                return replace(_OTHER, is_final=True)
        at = received.find(mark, at + 1)
    return _why_not_tcp(received, mark) if received else _NOTHING


def _why_not_tcp(received: bytes, mark: bytes) -> Failure:
    if received.startswith(mark):
        return Failure("broken off", f"the answer broke off after {len(received)} bytes")
    if len(received) >= 4 and received[2:4] == b"\0\0":
        return Failure("other answer", "only an answer to an earlier request")
    return _stray(received)


def _fits(pdu: bytes, request: Request) -> bool:
    if pdu[0] == request.function | _EXCEPTION:
        return len(pdu) == 2
    is_read = pdu[0] == request.function and len(pdu) == 2 + request.data_bytes
    return is_read and pdu[1] == request.data_bytes


def _other_unit(unit: int, request: Request, *, is_final: bool = False) -> Failure:
    text = f"unit {unit} answered, expected unit {request.answer_unit}"
    if is_final:
        text += f"; if the device always does, give it answer_unit: {unit}"
    return Failure("another unit", text, is_final)


def _stray(received: bytes) -> Failure:
    shown = received[:8].hex(" ")
    count = f"{len(received)} byte" + ("s" if len(received) > 1 else "")
    return Failure("stray bytes", f"stray bytes, no frame ({count}: {shown})")


def _skipped(before: bytes) -> str:
    return f"stray bytes before the answer ({before[:8].hex(' ')})" if before else ""


def _skipped_tcp(before: bytes) -> str:
    is_late = len(before) >= 8 and before[2:4] == b"\0\0"
    return "" if is_late else _skipped(before)


def _crc(data: bytes) -> bytes:
    return FramerRTU.compute_CRC(data).to_bytes(2, "big")


def _ascii(body: bytes) -> bytes:
    checksum = FramerAscii.compute_LRC(body)
    return b":" + (body + bytes([checksum])).hex().upper().encode() + b"\r\n"
