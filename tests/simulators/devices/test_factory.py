from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from device_profiles.loader import load_catalogue
from device_profiles.schema import DeviceProfile
from simulators.audit.truth import TruthLog
from simulators.devices.factory import (
    SimulatedBleDevice,
    SimulatedModbusDevice,
    lessons_of,
    simulate,
)
from simulators.devices.mqtt import SimulatedMqttDevice
from simulators.errors import SimulatorError
from simulators.school.scenario import DevicePlan, PlannedDevice, SchoolPlan
from simulators.virtual_radio import VirtualRadio

NOW = datetime(2026, 9, 1, 0, 10, tzinfo=UTC)
PROFILES = load_catalogue()
PLAN = SchoolPlan.model_validate(
    {
        "school": "2133100001",
        "broker": {"port": 1883},
        "modbus_tcp": [{"bus": "tcp-1", "port": 5020}],
        "modbus_rtu": [{"bus": "rtu-1", "link": "rtu-1.pty"}],
        "radio": {"port": 19001},
        "periods": [{"period": 1, "starts": "08:00", "ends": "08:40"}],
        "lessons": [
            {"weekday": 2, "period": 1, "room": "101"},
            {"weekday": 2, "period": 9, "room": "101"},
            {"weekday": 2, "period": 1, "room": "102"},
        ],
    }
)
ADDRESSES: dict[str, dict[str, Any]] = {
    "mqtt": {"mqtt": {"device": "d"}},
    "modbus": {"modbus": {"bus": "tcp-1", "unit_id": 1}},
    "ble": {"ble": {"address": "F0:00:00:00:00:01", "bind_key": "00" * 16}},
}
KINDS = {"mqtt": SimulatedMqttDevice, "modbus": SimulatedModbusDevice, "ble": SimulatedBleDevice}


def planned(profile: DeviceProfile, **keys: object) -> PlannedDevice:
    line = {"id": "d", "profile": profile.id, "room": "101", **keys}
    return PlannedDevice(DevicePlan.model_validate(line), profile, profile.usage)


@pytest.mark.parametrize("is_lively", [True, False])
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_every_profile_can_be_simulated(
    profile: DeviceProfile, is_lively: bool, tmp_path: Path
) -> None:
    plan = PLAN.model_copy(update={"lively": is_lively})
    device = simulate(
        planned(profile, **ADDRESSES[profile.protocol]),
        plan,
        TruthLog(tmp_path / "truth.jsonl"),
        radio=VirtualRadio(),
        clock=lambda: NOW,
    )
    assert isinstance(device, KINDS[profile.protocol])
    assert device.actor.protocol == {"modbus": "modbus_tcp"}.get(profile.protocol, profile.protocol)
    device.actor.begin()
    assert set(device.actor.values(NOW)) == set(profile.points)


def test_a_unit_of_a_serial_line_says_so(tmp_path: Path) -> None:
    meter = planned(PROFILES["eastron-sdm120"], modbus={"bus": "rtu-1", "unit_id": 1})
    device = simulate(meter, PLAN, TruthLog(tmp_path / "truth.jsonl"))
    assert device.actor.protocol == "modbus_rtu"


def test_a_device_that_nothing_can_reach_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="d: the plan has no way to reach a mqtt device"):
        simulate(planned(PROFILES["tasmota-plug"]), PLAN, TruthLog(tmp_path / "truth.jsonl"))


def test_a_room_has_the_lessons_of_known_periods() -> None:
    (lesson,) = lessons_of(PLAN, "101")
    assert (lesson.weekday, lesson.starts.hour, lesson.ends.minute) == (2, 8, 40)
