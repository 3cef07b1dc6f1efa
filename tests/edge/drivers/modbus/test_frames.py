import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.protocols.modbus import Framing
from edge.drivers.modbus.frames import Answer, Failure, Request, encode, find
from tests._parts.modbus_line import crc

ASK = Request(1, "holding", 0x10, 2, 1)
DATA = bytes([3, 4, 0x00, 0x10, 0x00, 0x11])
RIGHT = bytes([1]) + DATA + crc(bytes([1]) + DATA)
SENT = encode(ASK, "rtu", 0)


def rtu(*parts: bytes) -> Answer | Failure:
    return find(b"".join(parts), ASK, "rtu", 0)


def sealed(*body: int) -> bytes:
    return bytes(body) + crc(bytes(body))


def test_a_request_is_as_the_specification_has_it() -> None:
    assert bytes.fromhex("01 03 0010 0002") + crc(bytes.fromhex("0103 0010 0002")) == SENT
    assert encode(ASK, "tcp", 7) == bytes.fromhex("0007 0000 0006 01 03 0010 0002")
    assert encode(ASK, "ascii", 0) == b":010300100002EA\r\n"


@pytest.mark.parametrize(
    ("before", "skipped"),
    [
        (b"", ""),
        (b"\0", "stray bytes before the answer (00)"),
        (b"\xff\x00\xfe", "stray bytes before the answer (ff 00 fe)"),
        (SENT, "the request comes back before the answer (echo)"),
        (sealed(7, 3, 4, 1, 2, 3, 4), "stray bytes before the answer (07 03 04 01 02 03 04"),
    ],
    ids=["nothing", "case_zero_before", "stray", "case_echo", "foreign_frame_first"],
)
def test_the_answer_is_found_behind_what_comes_before_it(before: bytes, skipped: str) -> None:
    answer = rtu(before, RIGHT)
    assert isinstance(answer, Answer)
    assert ASK.values(answer.pdu) == [0x10, 0x11]
    assert answer.skipped.startswith(skipped)


@pytest.mark.parametrize(
    ("received", "fault", "text"),
    [
        (b"", "no answer", "no answer"),
        (RIGHT[:-1] + b"\0", "bad checksum", "bad CRC"),
        (RIGHT[:6], "broken off", "the answer broke off after 6 of 9 bytes"),
        (SENT, "echo", "only the request came back (echo), no answer"),
        (SENT + RIGHT[:-1] + b"\0", "bad checksum", "bad CRC, after the request itself (echo)"),
        (sealed(7, 3, 4, 1, 2, 3, 4), "another unit", "unit 7 answered, expected unit 1"),
        (sealed(1, 3, 2, 1, 2), "other answer", "the answer belongs to another request"),
        (sealed(1, 4, 4, 1, 2, 3, 4), "other answer", "the answer belongs to another request"),
        (b"\0\xff", "stray bytes", "stray bytes, no frame (2 bytes: 00 ff)"),
        (bytes([1, 0x83, 2, 0, 0]), "bad checksum", "bad CRC"),
    ],
)
def test_why_there_is_no_answer_is_named(received: bytes, fault: str, text: str) -> None:
    failure = rtu(received)
    assert isinstance(failure, Failure)
    assert (failure.fault, failure.text) == (fault, text)


def test_an_exception_is_an_answer() -> None:
    answer = rtu(sealed(1, 0x83, 2))
    assert isinstance(answer, Answer)
    assert answer.exception == 2


def test_case_unit_0_an_answer_that_names_another_unit_is_taken_only_where_it_is_expected() -> None:
    frame = struct.pack(">HHHB", 9, 0, len(DATA) + 1, 0) + DATA
    failure = find(frame, ASK, "tcp", 9)
    assert isinstance(failure, Failure)
    assert failure.text == (
        "unit 0 answered, expected unit 1; if the device always does, give it answer_unit: 0"
    )
    assert isinstance(find(frame, Request(1, "holding", 0x10, 2, 0), "tcp", 9), Answer)


def test_on_tcp_the_transaction_decides() -> None:
    late = struct.pack(">HHHB", 8, 0, len(DATA) + 1, 1) + DATA
    right = struct.pack(">HHHB", 9, 0, len(DATA) + 1, 1) + DATA
    assert find(late, ASK, "tcp", 9) == Failure(
        "other answer", "only an answer to an earlier request"
    )
    assert find(late + right, ASK, "tcp", 9) == Answer(DATA)


def test_ascii_frames() -> None:
    body = bytes([1]) + DATA
    frame = b":" + (body + bytes([-sum(body) & 0xFF])).hex().upper().encode() + b"\r\n"
    assert find(b"\0" + frame, ASK, "ascii", 0) == Answer(
        DATA, "stray bytes before the answer (00)"
    )
    assert find(encode(ASK, "ascii", 0) + frame, ASK, "ascii", 0) == Answer(
        DATA, "the request comes back before the answer (echo)"
    )
    wrong = frame.replace(b"0010", b"0011")
    failure = find(wrong, ASK, "ascii", 0)
    assert isinstance(failure, Failure)
    assert failure.text == "bad LRC"


def test_bits_come_lowest_first() -> None:
    ask = Request(1, "coil", 0, 10, 1)
    assert ask.data_bytes == 2
    assert ask.values(bytes([1, 2, 0b10000101, 0b10])) == [1, 0, 1, 0, 0, 0, 0, 1, 0, 1]


@given(st.binary(max_size=40), st.sampled_from(["tcp", "rtu", "ascii"]))
def test_no_bytes_raise_and_none_become_an_answer(received: bytes, framing: Framing) -> None:
    result = find(received, ASK, framing, 0x0102)
    assert isinstance(result, Failure)


@given(st.integers(0, 8 * len(RIGHT) - 1))
def test_no_answer_with_a_flipped_bit_is_taken(bit: int) -> None:
    flipped = bytearray(RIGHT)
    flipped[bit // 8] ^= 1 << bit % 8
    assert isinstance(rtu(bytes(flipped)), Failure)


@given(st.binary(max_size=20), st.integers(0, 9))
def test_an_answer_that_comes_in_portions_is_found_when_it_is_whole(noise: bytes, at: int) -> None:
    whole = noise + RIGHT
    seen = [isinstance(rtu(whole[:n]), Answer) for n in range(len(whole) - at, len(whole) + 1)]
    assert seen[-1]
    assert all(before <= after for before, after in pairwise(seen))
