from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from device_profiles.protocols.modbus import ModbusProfile
from simulators.audit.truth import TruthLog
from simulators.devices import modbus_unit
from simulators.devices.actor import Actor
from simulators.devices.behaviour import Behaviour
from simulators.devices.modbus_unit import ModbusUnit, Units, crc, next_rtu, next_tcp
from simulators.school.planned import DevicePlan, PlannedDevice
from simulators.school.timeline import lively

NOW = datetime(2026, 9, 1, tzinfo=UTC)
PROFILE = ModbusProfile.model_validate(
    {
        "id": "test-device",
        "vendor": "Test",
        "model": "Device",
        "title": {"en": "device"},
        "category": "meter",
        "source": "synthetic, for this test",
        "protocol": "modbus",
        "limits": {"max_gap": 4, "max_block": 20, "holes": [[3, 3]]},
        "points": {
            "power": {"address": 0, "quantity": "power", "unit": "W"},
            "total": {"address": 5, "type": "uint32", "quantity": "count"},
            "far": {"address": 30, "quantity": "count"},
            "on": {"register": "coil", "address": 9, "type": "bool", "quantity": "switch"},
            "door": {"register": "coil", "address": 11, "type": "bool", "quantity": "switch"},
        },
        "commands": {
            "limit": {"address": 40},
            "start": {"register": "coil", "address": 9, "type": "bool"},
        },
        "simulation": {
            "behaviour": "always_on",
            "points": {"power": 7, "total": 0x00010002, "far": 3, "on": True, "door": True},
        },
        "examples": [{"source": "synthetic", "registers": {}, "readings": {}}],
    }
)


class Log(TruthLog):
    def __init__(self) -> None:
        super().__init__(Path("unused"))
        self.lines: list[dict[str, Any]] = []

    def __call__(self, *, kind: str, **facts: Any) -> None:
        self.lines.append({"kind": kind, **facts})


def unit(unit_id: int = 1, profile: ModbusProfile = PROFILE) -> ModbusUnit:
    changes = lively("d", 1, NOW, ("active",))
    behaviour = Behaviour(profile, None, changes, device="d", seed=1)
    plan = DevicePlan(id="d", asset="A-1", profile=profile.id)
    planned = PlannedDevice(plan, profile, None)
    actor = Actor(planned, behaviour, Log(), "modbus_tcp", clock=lambda: NOW)
    return ModbusUnit(actor, profile, unit_id)


def test_points_of_another_poll_between_those_asked_for_are_not_requested() -> None:
    points = {
        "fast": {"address": 0, "quantity": "count", "poll_s": 5},
        "slow": {"address": 1, "quantity": "count", "poll_s": 60},
        "fast_too": {"address": 2, "quantity": "count", "poll_s": 5},
    }
    tree = PROFILE.model_dump() | {"points": points, "commands": {}, "limits": {}}
    tree["simulation"] = {"behaviour": "always_on", "points": dict.fromkeys(points, 3)}
    device = unit(profile=ModbusProfile.model_validate(tree))
    answer = device.answer(bytes.fromhex("03 0000 0003"))
    assert answer is not None
    assert answer.pdu.hex() == "0306000300030003"
    assert answer.values == {"fast": 3.0, "fast_too": 3.0}
    assert answer.not_requested == ("slow",)
    answer = device.answer(bytes.fromhex("03 0001 0001"))
    assert answer is not None
    assert (answer.values, answer.not_requested) == ({"slow": 3.0}, ())


def answered(request: str, device: ModbusUnit | None = None) -> tuple[str, dict[str, Any]]:
    answer = (device or unit()).answer(bytes.fromhex(request))
    assert answer is not None
    return answer.pdu.hex(), answer.values


@pytest.mark.parametrize(
    ("request_pdu", "response", "values"),
    [
        ("03 0000 0001", "03 02 0007", {"power": 7.0}),
        ("03 0004 0003", "03 06 0000 0001 0002", {"total": 65538.0}),
        ("03 0006 0001", "03 02 0002", {}),
        ("03 001e 0001", "03 02 0003", {"far": 3.0}),
        ("01 0009 0003", "01 01 05", {"on": True, "door": True}),
        ("01 000a 0001", "01 01 00", {}),
    ],
)
def test_it_says_the_points_wholly_inside_the_request(
    request_pdu: str, response: str, values: dict[str, Any]
) -> None:
    assert answered(request_pdu) == (response.replace(" ", ""), values)


@pytest.mark.parametrize(
    ("request_pdu", "code"),
    [
        ("03 0002 0002", modbus_unit.ILLEGAL_ADDRESS),  # a hole
        ("03 0007 0001", modbus_unit.ILLEGAL_ADDRESS),  # beyond the gap a gateway may read across
        ("04 0000 0001", modbus_unit.ILLEGAL_ADDRESS),  # another table
        ("03 0000 0000", modbus_unit.ILLEGAL_VALUE),
        ("03 0000 007e", modbus_unit.ILLEGAL_VALUE),
        ("03 0000", modbus_unit.ILLEGAL_VALUE),
        ("06 0000", modbus_unit.ILLEGAL_VALUE),
        ("06 0000 0001", modbus_unit.ILLEGAL_ADDRESS),
        ("2b 0e01 00", modbus_unit.ILLEGAL_FUNCTION),
    ],
)
def test_what_it_does_not_have_is_an_exception(request_pdu: str, code: int) -> None:
    function = int(request_pdu[:2], 16) | 0x80
    assert answered(request_pdu) == (bytes([function, code]).hex(), {})


@pytest.mark.parametrize(
    ("request_pdu", "name", "value"),
    [
        ("06 0028 0005", "limit", "0005"),
        ("05 0009 ff00", "start", "ff00"),
        ("10 0028 0001 02 0005", "limit", "0005"),
    ],
)
def test_a_command_is_taken_and_logged(request_pdu: str, name: str, value: str) -> None:
    device = unit()
    response, _ = answered(request_pdu, device)
    assert response == request_pdu.replace(" ", "")[:10]
    assert isinstance(device.actor.truth, Log)
    line = device.actor.truth.lines[-1]
    assert (line["kind"], line["command"], line["value"]) == ("commanded", name, value)


def test_faults_of_a_unit() -> None:
    device = unit()
    device.actor.is_refusing = True
    assert answered("03 0000 0001", device) == ("8306", {})
    device.actor.is_garbled = True
    assert answered("03 0000 0001", device)[1] == {}
    device.actor.is_silent = True
    assert device.answer(bytes.fromhex("0300000001")) is None


def test_frames_of_tcp() -> None:
    units = Units([unit(3)])
    frame = bytes.fromhex("1234 0000 0006 03 03 0000 0001")
    assert next_tcp(frame[:9]) == 0
    assert next_tcp(frame + b"\x00") == len(frame)
    assert next_tcp(b"GET / HTTP/1.1") is None
    response, answer = units.tcp(frame)
    assert response.hex() == "123400000005" + "03" + "03020007"
    assert answer is not None
    stranger = frame[:6] + b"\x09" + frame[7:]
    assert units.tcp(stranger) == (bytes.fromhex("123400000003" + "09" + "830b"), None)
    units = Units([silent := unit(3)])
    silent.actor.is_silent = True
    assert units.tcp(frame) == (b"", None)


def test_frames_of_a_serial_line() -> None:
    units = Units([device := unit(3)])
    request = bytes.fromhex("03 03 0000 0001")
    frame = request + crc(request)
    assert [next_rtu(frame[:length]) for length in (1, 7, 8)] == [0, 0, 8]
    assert next_rtu(frame[:-1] + b"\x00") is None
    write = bytes.fromhex("03 10 0028 0001 02 0005")
    assert next_rtu(write[:6]) == 0
    assert next_rtu(write + crc(write) + b"more") == 11
    response, _ = units.rtu(frame)
    assert response == bytes.fromhex("0303020007") + crc(bytes.fromhex("0303020007"))
    assert units.rtu(b"\x09" + frame[1:]) == (b"", None)
    device.actor.is_garbled = True
    garbled, _ = units.rtu(frame)
    assert crc(garbled[:-2]) != garbled[-2:]


def test_the_checksum_is_that_of_the_serial_line_guide() -> None:
    # V1.02, section 6.2.2: the frame 02 07 has the checksum 41 12.
    assert crc(b"\x02\x07") == b"\x41\x12"
