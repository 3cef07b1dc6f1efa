import asyncio
import contextlib
import os
from functools import partial
from typing import Any

import pytest
from pymodbus import ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from simulators.devices.modbus_unit import crc
from tests.simulators.conftest import LAB, METER, RunningSchool


async def read(client: Any, address: int, count: int, unit: int) -> Any:
    return await client.read_input_registers(address, count=count, device_id=unit)


def has_lines(school: RunningSchool, count: int) -> bool:
    return len(school.truth("connection")) == count


async def test_a_serial_line_outlives_its_gateways(school: RunningSchool) -> None:
    school.write(METER)
    line = school.folder / "rtu-1.pty"
    async with school.running():
        for number in range(1, 4):
            client = AsyncModbusSerialClient(str(line), baudrate=9600)
            assert await client.connect()
            answer = await read(client, 0, 2, 3)
            assert not answer.isError()
            voltage = client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)
            assert isinstance(voltage, float)
            assert 220 < voltage < 240
            client.close()
            await school.until(partial(has_lines, school, 2 * number))
    assert not line.is_symlink()
    reports = school.truth("reported", "meter-1")
    assert [set(line["values"]) for line in reports] == [{"voltage"}] * 3
    assert {line["protocol"] for line in reports} == {"modbus_rtu"}
    assert [line["open"] for line in school.truth("connection")] == [True, False] * 3
    ends = [line for line in school.truth("connection") if not line["open"]]
    assert [end["by"] for end in ends] == ["peer"] * 3
    # A client that disconnects at once may not have stored it.
    assert not any(line["certain"] for line in reports)


async def test_a_noisy_line_loses_requests_and_logs_nothing_as_answered(
    school: RunningSchool,
) -> None:
    school.write(METER)
    plan = school.folder / "school.yaml"
    plan.write_text(plan.read_text().replace("rtu-1.pty", "rtu-1.pty, loss: 0.5"))
    answered = 0
    async with school.running():
        client = AsyncModbusSerialClient(
            str(school.folder / "rtu-1.pty"), baudrate=9600, timeout=0.2, retries=0
        )
        assert await client.connect()
        for _ in range(20):
            with contextlib.suppress(ModbusException):
                answered += not (await read(client, 0, 2, 3)).isError()
        await school.until(lambda: len(school.truth("reported", "meter-1")) == answered)
        client.close()
    assert 0 < answered < 20
    assert len(school.truth("lost_frame")) == 20 - answered


async def test_of_two_requests_that_wait_the_one_given_up_is_not_answered(
    school: RunningSchool,
) -> None:
    """A busy machine may hand a line two requests at once; the gateway waits for one answer."""
    school.write(METER)
    request = bytes([3, 4, 0, 0, 0, 2])
    request += crc(request)
    async with school.running():
        line = os.open(school.folder / "rtu-1.pty", os.O_RDWR | os.O_NOCTTY)
        os.write(line, request + request)
        await school.until(lambda: len(school.truth("reported", "meter-1")) == 1)
        os.close(line)
    assert len(school.truth("given_up_request")) == 1
    assert len(school.truth("reported", "meter-1")) == 1


async def test_a_gateway_that_stays_got_it_for_certain(school: RunningSchool) -> None:
    school.write(LAB)
    async with school.running():
        client = AsyncModbusTcpClient("127.0.0.1", port=school.modbus_port)
        await client.connect()
        answer = await read(client, 0, 10, 4)
        assert len(answer.registers) == 10
        assert (await read(client, 60, 1, 4)).exception_code == 2
        assert (await read(client, 0, 1, 9)).exception_code == 11
        await school.until(lambda: len(school.truth("reported", "lab-1")) == 1)
        client.close()
    (report,) = school.truth("reported", "lab-1")
    assert report["certain"] is True
    assert report["protocol"] == "modbus_tcp"
    assert set(report["values"]) >= {"run_state", "temperature"}
    assert "energy_import" in report["not_requested"]


async def test_what_was_answered_when_the_school_ends_is_certain(school: RunningSchool) -> None:
    school.write(LAB)
    async with school.running():
        client = AsyncModbusTcpClient("127.0.0.1", port=school.modbus_port)
        await client.connect()
        await read(client, 0, 1, 4)
    client.close()
    (report,) = school.truth("reported", "lab-1")
    assert report["certain"] is True
    (_, end) = school.truth("connection")
    assert (end["open"], end["by"]) == (False, "school")


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\x01\x00\x00\x00\x01\x03"])
async def test_nonsense_ends_that_connection_only(school: RunningSchool, noise: bytes) -> None:
    school.write(LAB)
    async with school.running():
        reader, writer = await asyncio.open_connection("127.0.0.1", school.modbus_port)
        writer.write(noise)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)
        writer.close()
        client = AsyncModbusTcpClient("127.0.0.1", port=school.modbus_port)
        await client.connect()
        assert not (await read(client, 0, 1, 4)).isError()
        client.close()


async def test_noise_on_a_serial_line_is_given_up(school: RunningSchool) -> None:
    school.write(METER)
    async with school.running():
        client = AsyncModbusSerialClient(
            str(school.folder / "rtu-1.pty"), baudrate=9600, timeout=0.5, retries=3
        )
        await client.connect()
        with (school.folder / "rtu-1.pty").open("wb", buffering=0) as line:
            line.write(b"\x03\x04\xff")
        assert not (await read(client, 0, 2, 3)).isError()
        client.close()
