import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from device_profiles.loader import load_catalogue
from device_profiles.reading import Value
from simulators.audit.readings import Grace, ReadingAudit, TruthLines, audit_readings, read_truth
from simulators.audit.usage import UsageAudit, audit_usage
from simulators.errors import SimulatorError

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CATALOGUE = load_catalogue()
DISPLAY = CATALOGUE["campus-interactive-display"]
METER = CATALOGUE["eastron-sdm120"]
PROFILES = {"D": DISPLAY, "M": METER}


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def stated(seconds: float, certain: bool = True, **values: Value) -> dict[str, Any]:
    return said("D", "mqtt", seconds, values) | {"observed_at": at(seconds), "certain": certain}


def polled(seconds: float, **values: Value) -> dict[str, Any]:
    return said("M", "modbus_tcp", seconds, values)


def said(asset: str, protocol: str, seconds: float, values: dict[str, Value]) -> dict[str, Any]:
    return {
        "kind": "said",
        "device": asset,
        "asset": asset,
        "protocol": protocol,
        "at": at(seconds),
        "observed_at": None,
        "values": values,
    }


def row(asset: str, point: str, seconds: float, value: Value) -> dict[str, Any]:
    return {"asset": asset, "point": point, "observed_at": at(seconds), "value": value}


def audited(
    lines: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], **more: Any
) -> ReadingAudit:
    return audit_readings(TruthLines(tuple(lines), (), {}), rows, PROFILES, heartbeats={}, **more)


def test_what_is_stored_as_said_is_clean() -> None:
    lines = [stated(0, volume=20.0, source="hdmi1"), stated(10, volume=20.0, source="hdmi1")]
    rows = [
        row("D", point, seconds, value)
        for seconds in (0, 10)
        for point, value in (("volume", 20.0), ("source", "hdmi1"))
    ]
    audit = audited(lines, rows)
    assert (audit.said, audit.stored, audit.matched) == (4, 4, 4)
    assert (audit.lost, audit.doubled) == (0, 0)
    assert audit.devices == {"mqtt": 1, "modbus_tcp": 0, "modbus_rtu": 0, "ble": 0}


def test_a_lost_reading_is_found() -> None:
    lines = [stated(s, volume=20.0) for s in (0, 10, 20)]
    audit = audited(lines, [row("D", "volume", s, 20.0) for s in (0, 20)])
    assert (audit.lost, audit.doubled) == (1, 0)
    assert audit.examples == [f"lost: D volume = 20.0 said at {at(10)}"]


def test_a_doubled_reading_is_found() -> None:
    lines = [stated(s, volume=20.0) for s in (0, 10, 20)]
    audit = audited(lines, [row("D", "volume", s, 20.0) for s in (0, 10, 10.5, 20)])
    assert (audit.lost, audit.doubled) == (0, 1)
    assert audit.examples == [f"doubled: D volume = 20.0 at {at(10.5)}"]


@pytest.mark.parametrize("number", range(4))
def test_lost_and_doubled_are_found_where_the_gateway_stamps_the_time(number: int) -> None:
    lines = [polled(5 * n, voltage=230.0) for n in range(4)]
    rows = [row("M", "voltage", 5 * n + 0.01, 230.0) for n in range(4)]
    without = audited(lines, rows[:number] + rows[number + 1 :], arrival_s=2.0)
    twice = audited(lines, [*rows, row("M", "voltage", 5 * number + 0.4, 230.0)], arrival_s=2.0)
    assert (without.lost, without.doubled) == (1, 0)
    assert (twice.lost, twice.doubled) == (0, 1)


def test_a_wrong_value_is_lost_and_doubled() -> None:
    audit = audited([stated(0, power_on=True)], [row("D", "power_on", 0, 1.0)])
    assert (audit.lost, audit.doubled) == (1, 1)


def test_the_deadband_excuses_what_it_should_and_no_more() -> None:
    lines = [stated(s, active_power=p) for s, p in ((0, 100.0), (10, 100.5), (20, 101.0))]
    rows = [row("D", "active_power", 0, 100.0)]
    audit = audited(lines, rows)
    assert (audit.within_deadband, audit.lost) == (1, 1)


def test_the_deadband_excuses_no_silence_beyond_a_heartbeat() -> None:
    lines = [stated(s, active_power=100.0) for s in (0, 400)]
    audit = audited(lines, [row("D", "active_power", 0, 100.0)])
    assert (audit.within_deadband, audit.lost) == (0, 1)


def test_a_point_that_an_answer_only_passes_over_is_owed_once_a_poll() -> None:
    lines = [polled(5 * n, frequency=50.0) for n in range(13)]
    rows = [row("M", "frequency", s + 0.01, 50.0) for s in (0, 30, 60)]
    assert audited(lines, rows).lost == 0
    audit = audited(lines, [rows[0], rows[2]])
    assert audit.lost > 0


def test_what_is_not_owed_may_be_there_or_not() -> None:
    grace = [Grace(START, START + timedelta(seconds=5), frozenset({"mqtt"}))]
    lines = [stated(2, volume=1.0), stated(9, certain=False, volume=2.0), stated(12, volume=3.0)]
    rows = [row("D", "volume", 12, 3.0)]
    audit = audited(lines, rows, grace=grace)
    assert (audit.not_owed, audit.lost) == (2, 0)
    audit = audited(lines, [row("D", "volume", 2, 1.0), *rows], grace=grace)
    assert (audit.not_owed, audit.lost, audit.doubled) == (1, 0, 0)


def test_the_last_answer_of_a_connection_is_not_owed() -> None:
    truth = TruthLines((polled(0, voltage=230.0),), (), {"b": (START + timedelta(seconds=0.5),)})
    audit = audit_readings(truth, [], PROFILES, heartbeats={}, buses={"M": "b"})
    assert (audit.not_owed, audit.lost) == (1, 0)


def test_an_asset_that_nobody_speaks_for_is_doubled() -> None:
    assert audited([], [row("Z", "volume", 0, 1.0)]).doubled == 1


def states(*changes: tuple[float, str]) -> tuple[dict[str, Any], ...]:
    return tuple({"asset": "D", "at": at(seconds), "state": state} for seconds, state in changes)


def usage(*, active: float, off: float) -> UsageAudit:
    """Audit one slot of a display that was active for 60 s, then off, and spoke every 10 s."""
    rule = DISPLAY.usage
    assert rule is not None
    lines = [stated(s, display_state="in_use" if s < 60 else "off") for s in range(0, 301, 10)]
    truth = TruthLines(tuple(lines), states((0, "active"), (60, "off")), {})
    row = {
        "asset": "D",
        "start": at(0),
        "active_s": active,
        "standby_s": 0.0,
        "off_s": off,
        "unobserved_s": 300 - active - off,
    }
    until = START + timedelta(seconds=301)
    return audit_usage(truth, [row], {"D": (DISPLAY, rule)}, until=until)


def test_usage_as_it_was_is_clean() -> None:
    audit = usage(active=60.0, off=240.0)
    assert (audit.slots, audit.over, audit.max_difference_s) == (1, 0, 0.0)


def test_a_usage_error_is_found() -> None:
    audit = usage(active=90.0, off=210.0)
    assert audit.over == 1
    assert audit.max_difference_s == 30.0
    assert audit.examples[0].startswith("usage: D 2026-11-24T02:00:00+00:00: stored")


def test_silence_taken_for_off_is_found() -> None:
    audit = usage(active=60.0, off=200.0)
    assert audit.over == 1


def test_a_truth_log_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(json.dumps(stated(0, volume=1.0)) + '\n{"kind": "sa')
    assert len(read_truth([path]).said) == 1
    path.write_text('{"kind"\n' + json.dumps(stated(0, volume=1.0)) + "\n")
    with pytest.raises(SimulatorError, match=r"truth.jsonl:1: not a line of a truth log"):
        read_truth([path])
