from pathlib import Path

import pytest

from simulators.errors import ScenarioErrors
from simulators.school.scenario import SCENARIOS, first_fit, load_scenario, load_school

PLAN = """\
school: "2133100001"
broker: {port: 1883}
modbus_tcp: [{bus: tcp-1, port: 5020}]
modbus_rtu: [{bus: rtu-1, link: rtu-1.pty}]
radio: {port: 19001}
periods: [{period: 1, starts: "08:00", ends: "08:40"}]
lessons: [{weekday: 1, period: 1, room: "101"}]
devices:
  - {id: display-101, asset: A-0001, profile: campus-interactive-display, mqtt: {device: d}}
  - {id: m, profile: eastron-sdm120, usage: {active_above: 80}, modbus: {bus: rtu-1, unit_id: 3}}
  - {id: epaper-7, profile: campus-epaper-terminal, ble: {address: "F0:00:00:00:00:07"}}
faults:
  - {device: m, fault: silence, at_s: 1, for_s: 2}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "school.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_plan_is_read_with_its_profiles_and_rules(tmp_path: Path) -> None:
    school = load_school(written(tmp_path, PLAN))
    display, meter, _ = school.devices
    assert display.asset == "A-0001"
    assert meter.asset == "m"
    assert meter.usage is not None
    assert meter.usage.active_above == 80
    assert meter.usage.standby_above == 2
    assert school.plan.truth == Path("truth.jsonl")
    assert school.folder == tmp_path


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("school:", "scool:", "1: scool: "),
        ('"08:00"', '"8:00"', "6: periods.0.starts: "),
        ("port: 1883", "port: many", "2: broker.port: "),
        (
            "broker: {port: 1883}\n",
            "",
            "8: devices.0: display-101 speaks mqtt; give the broker under broker",
        ),
        ("radio: {port: 19001}\n", "", "10: devices.2: epaper-7 speaks ble; give the radio"),
        ("bus: rtu-1, unit", "bus: rtu-2, unit", "the buses are: tcp-1, rtu-1"),
        ("eastron-sdm120", "eastron-sdm12", "10: devices.1.profile: no profile 'eastron-sdm12'; "),
        ("mqtt: {device: d}", "room: r", "display-101 has no address; campus-interactive-display"),
        ("id: epaper-7", "id: m", "11: devices.2.id: 'm' is used twice"),
        ("{device: m,", "{device: meter-9,", "13: faults.0.device: no device 'meter-9'"),
        ("fault: silence", "fault: silent", "13: faults.0.fault: "),
        ("active_above: 80", "active_above: 1", "10: devices.1.usage: "),
        ("periods:", "time_zone: Mars/Phobos\nperiods:", "no time zone 'Mars/Phobos'"),
        ('"2133100001"', '"2133100001', "school.yaml:"),
    ],
)
def test_a_wrong_plan_says_where_and_what(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in PLAN
    with pytest.raises(ScenarioErrors) as caught:
        load_school(written(tmp_path, PLAN.replace(old, new)))
    assert "school.yaml:" in str(caught.value)
    assert problem in str(caught.value)


def test_two_units_of_one_bus_need_two_numbers(tmp_path: Path) -> None:
    line = "  - {id: m2, profile: eastron-sdm120, modbus: {bus: rtu-1, unit_id: 3}}\nfaults:"
    with pytest.raises(
        ScenarioErrors, match=r"devices\.3\.modbus: unit 3 of bus 'rtu-1' is used twice"
    ):
        load_school(written(tmp_path, PLAN.replace("faults:", line)))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "not UTF-8 text"),
        (b"- 1\n", "expected keys and values"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_plan_at_all(tmp_path: Path, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / "school.yaml").write_bytes(content)
    with pytest.raises(ScenarioErrors, match=problem):
        load_school(tmp_path)


def test_a_wrong_profile_of_a_further_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "acme-em7.yaml").write_text("id: acme-em7\n")
    with pytest.raises(ScenarioErrors, match="protocol: missing"):
        load_school(written(tmp_path, "profiles: [more]\n" + PLAN))


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_our_scenarios_are_right(path: Path) -> None:
    scenario = load_scenario(path.stem)
    assert scenario.title
    assert scenario.faults
    assert load_scenario(path) == scenario


def test_a_scenario_adds_its_faults_to_a_plan(tmp_path: Path) -> None:
    plan = PLAN.replace("id: m,", "id: meter-9,").replace("device: m,", "device: meter-9,")
    school = load_school(written(tmp_path, plan), "bad-wiring")
    assert [fault.fault for fault in school.plan.faults] == ["silence", "garbage", "refuse"]
    assert first_fit("meter-*", ["m", "meter-9", "meter-10"]) == "meter-9"


def test_a_scenario_for_another_school_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioErrors, match=r"rough-day\.yaml:4: .*no device 'plug-\*'"):
        load_school(written(tmp_path, PLAN), "rough-day")
