"""The rules of `campus-profiles check`: each is broken once and reported with file and line."""

from pathlib import Path

import pytest

from device_profiles.check import check
from device_profiles.loader import load_profile

RIGHT = """\
id: acme-em1
vendor: Acme
model: EM1
title: {zh: 电表, en: meter}
category: meter
protocol: modbus
source: "made up for a test"
defaults: {register: input, type: float32, poll_s: 60}
points:
  active_power: {address: 0x000C, quantity: power, unit: W}
  humidity: {address: 0x000E, quantity: humidity, unit: "%"}
usage: {point: active_power, active_above: 60, standby_above: 2, max_gap_s: 180}
simulation:
  behaviour: school_day
  points:
    active_power: {active: [110, 150], standby: [6, 9], "off": 0}
    humidity: 40
examples:
  - source: "made up for a test"
    registers: {0x000C: [0x42AA, 0, 0x4220, 0]}
    readings: {active_power: 85, humidity: 40}
"""
PUSHED = (
    RIGHT.replace("protocol: modbus", "protocol: mqtt")
    .replace("defaults: {register: input, type: float32, poll_s: 60}", "defaults: {topic: t}")
    .replace("address: 0x000C", "path: p")
    .replace("address: 0x000E", "path: h")
    .replace("    registers: {0x000C: [0x42AA, 0, 0x4220, 0]}", "    {topic: t, payload: x}")
    .replace("    {topic: t, payload: x}", "    topic: t\n    payload: {p: 85, h: 40}")
)


def sentences(folder: Path, text: str) -> list[str]:
    path = folder / "acme-em1.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_profile(path).id == "acme-em1", "a gateway loads it all the same"
    return [str(fault).removeprefix(f"{path}:") for fault in check(path)[2]]


def test_a_profile_that_is_right_breaks_no_rule(tmp_path: Path) -> None:
    assert sentences(tmp_path, RIGHT) == []
    assert sentences(tmp_path, PUSHED.replace("school_day", "school_day\n  period_s: 60")) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "85, humidity: 40}",
            "85}",
            "11: points.humidity: is in no example; add one whose readings have it",
        ),
        (", en: meter", "", "4: title: has no en; give both zh and en"),
        (
            RIGHT[RIGHT.index("simulation:") : RIGHT.index("examples:")],
            "",
            "1: has no simulation; give simulation: {behaviour: ...} so that it can be played",
        ),
        (
            '    active_power: {active: [110, 150], standby: [6, 9], "off": 0}\n',
            "",
            (
                "15: simulation.points.active_power: decides on use; give it a value for each of "
                "off, standby, active"
            ),
        ),
        (
            ", standby: [6, 9]",
            "",
            (
                "16: simulation.points.active_power: has no value for standby; the usage rule "
                "knows that state"
            ),
        ),
        (
            "standby: [6, 9]",
            "standby: [6, 70]",
            "16: simulation.points.active_power.standby: 70.0 means active by the usage rule",
        ),
        (
            "max_gap_s: 180",
            "max_gap_s: 179",
            "12: usage.max_gap_s: got 179; use 180 (three messages) to 900",
        ),
        (
            "max_gap_s: 180",
            "max_gap_s: 901",
            "12: usage.max_gap_s: got 901; use 180 (three messages) to 900",
        ),
        (
            "    humidity: 40\n",
            "    humidity: 140\n",
            "17: simulation.points.humidity: 140 % is no humidity; it is at most 100",
        ),
        (
            "85, humidity: 40}",
            "85, humidity: -1}",
            "21: examples.0.readings.humidity: -1 % is no humidity; it is at least 0",
        ),
    ],
)
def test_a_broken_rule_is_one_sentence(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in RIGHT
    assert sentences(tmp_path, RIGHT.replace(old, new)) == [problem]


def test_a_device_that_pushes_needs_its_period(tmp_path: Path) -> None:
    assert sentences(tmp_path, PUSHED) == [
        "13: simulation: has no period_s; give the seconds between two messages"
    ]
