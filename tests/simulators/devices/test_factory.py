from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from device_profiles.loader import load_catalogue
from device_profiles.schema import DeviceProfile
from simulators.audit.truth import TruthLog
from simulators.devices.actor import SimulatedDevice
from simulators.devices.ble_device import SimulatedBleDevice
from simulators.devices.factory import lessons_of, simulate
from simulators.devices.modbus import SimulatedModbusDevice
from simulators.devices.mqtt_device import SimulatedMqttDevice
from simulators.devices.protocol import simulator_of
from simulators.errors import SimulatorError
from simulators.school.planned import PlannedDevice, School, SchoolPlan
from simulators.school.scenario import school_model

NOW = datetime(2026, 9, 1, 0, 10, tzinfo=UTC)
PROFILES = load_catalogue()
PLAN = school_model().model_validate(
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
    plan = school_model().model_validate({"school": "2133100001", "devices": [line]})
    return PlannedDevice(plan.devices[0], profile, profile.usage)


def simulated(device: PlannedDevice, folder: Path, plan: SchoolPlan = PLAN) -> SimulatedDevice:
    truth = TruthLog(folder / "truth.jsonl")
    simulator = simulator_of(device.profile.protocol)(School(folder, plan, (device,)), truth)
    return simulate(device, plan, truth, simulator, clock=lambda: NOW)


@pytest.mark.parametrize("is_lively", [True, False])
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_every_profile_can_be_simulated(
    profile: DeviceProfile, is_lively: bool, tmp_path: Path
) -> None:
    plan = PLAN.model_copy(update={"lively": is_lively})
    device = simulated(planned(profile, **ADDRESSES[profile.protocol]), tmp_path, plan)
    assert isinstance(device, KINDS[profile.protocol])
    assert device.actor.transport == {"modbus": "modbus_tcp"}.get(
        profile.protocol, profile.protocol
    )
    device.actor.begin()
    assert set(device.actor.values(NOW)) == set(profile.points)


def test_a_unit_of_a_serial_line_says_so(tmp_path: Path) -> None:
    meter = planned(PROFILES["eastron-sdm120"], modbus={"bus": "rtu-1", "unit_id": 1})
    device = simulated(meter, tmp_path)
    assert device.actor.transport == "modbus_rtu"


def test_a_device_that_nothing_can_reach_is_refused(tmp_path: Path) -> None:
    plan = PLAN.model_copy(update={"broker": None})
    plug = planned(PROFILES["tasmota-plug"], mqtt={"device": "d"})
    with pytest.raises(SimulatorError, match="d: the plan has no way to reach an MQTT device"):
        simulated(plug, tmp_path, plan)


def test_a_room_has_the_lessons_of_known_periods() -> None:
    (lesson,) = lessons_of(PLAN, "101")
    assert (lesson.weekday, lesson.starts.hour, lesson.ends.minute) == (2, 8, 40)
