from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from device_profiles.loader import load_catalogue
from device_profiles.reading import Value
from simulators.audit.exemptions import GatewayTimes
from simulators.audit.readings import ReadingAudit, audit_readings
from simulators.audit.truth_lines import Closing, TruthLines

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CATALOGUE = load_catalogue()
DISPLAY = CATALOGUE["campus-interactive-display"]
METER = CATALOGUE["eastron-sdm120"]
PROFILES = {"D": DISPLAY, "M": METER}


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def stated(seconds: float, certain: bool = True, **values: Value) -> dict[str, Any]:
    return report("D", "mqtt", seconds, values) | {"observed_at": at(seconds), "certain": certain}


def polled(seconds: float, **values: Value) -> dict[str, Any]:
    return report("M", "modbus_tcp", seconds, values)


def report(asset: str, protocol: str, seconds: float, values: dict[str, Value]) -> dict[str, Any]:
    return {
        "kind": "reported",
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


def test_what_is_stored_as_reported_is_clean() -> None:
    lines = [stated(0, volume=20.0, source="hdmi1"), stated(10, volume=20.0, source="hdmi1")]
    rows = [
        row("D", point, seconds, value)
        for seconds in (0, 10)
        for point, value in (("volume", 20.0), ("source", "hdmi1"))
    ]
    audit = audited(lines, rows)
    assert (audit.reported, audit.stored, audit.matched) == (4, 4, 4)
    assert (audit.lost, audit.doubled) == (0, 0)
    assert audit.devices == {"mqtt": 1, "modbus_tcp": 0, "modbus_rtu": 0, "ble": 0}


def test_a_lost_reading_is_found() -> None:
    lines = [stated(s, volume=20.0) for s in (0, 10, 20)]
    audit = audited(lines, [row("D", "volume", s, 20.0) for s in (0, 20)])
    assert (audit.lost, audit.doubled) == (1, 0)
    assert audit.examples == [f"lost: D volume = 20.0 reported at {at(10)}"]


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


def test_what_an_answer_carries_unasked_is_not_expected() -> None:
    lines = [
        polled(0, frequency=50.0, voltage=230.0),
        polled(5, voltage=230.0) | {"not_requested": ["frequency"]},
    ]
    rows = [row("M", "frequency", 0, 50.0), row("M", "voltage", 0, 230.0)]
    audit = audited(lines, [*rows, row("M", "voltage", 5, 230.0)])
    assert (audit.reported, audit.lost, audit.between_polls) == (3, 0, 1)
    audit = audited(lines, [*rows, row("M", "voltage", 5, 230.0), row("M", "frequency", 5, 50.0)])
    assert audit.doubled == 1


SUBSCRIBED = GatewayTimes(subscribed_at=START + timedelta(seconds=5))


def test_what_was_reported_before_the_subscription_may_be_there_or_not() -> None:
    lines = [stated(2, volume=1.0), stated(5.001, volume=2.0)]
    audit = audited(lines, [row("D", "volume", 5.001, 2.0)], times=SUBSCRIBED)
    assert (audit.not_owed, audit.exempted["before_subscription"].count, audit.lost) == (1, 1, 0)
    audit = audited(
        lines, [row("D", "volume", 2, 1.0), row("D", "volume", 5.001, 2.0)], times=SUBSCRIBED
    )
    assert (audit.not_owed, audit.lost, audit.doubled) == (0, 0, 0)


def test_the_first_report_after_the_subscription_is_owed() -> None:
    audit = audited([stated(2, volume=1.0), stated(5.001, volume=2.0)], [], times=SUBSCRIBED)
    assert (audit.not_owed, audit.lost) == (1, 1)


def test_a_gap_after_the_first_stored_report_is_lost_however_early() -> None:
    lines = [stated(s, volume=float(s)) for s in (1, 2, 3)]
    rows = [row("D", "volume", s, float(s)) for s in (1, 3)]
    audit = audited(lines, rows, times=SUBSCRIBED)
    assert (audit.not_owed, audit.lost) == (0, 1)


def test_more_than_devices_report_by_their_period_is_lost() -> None:
    """One at the start, none due for another period, no change: a fourth is beyond the limit."""
    lines = [stated(s, volume=float(s)) for s in (1, 2, 3, 4)]
    audit = audited(lines, [], times=SUBSCRIBED)
    exempted = audit.exempted["before_subscription"]
    assert (exempted.count, exempted.most, audit.lost) == (4, 1, 3)
    assert audit.examples == ["lost: 3 of before_subscription beyond the limit of 1"]


def test_only_mqtt_waits_for_a_subscription() -> None:
    assert audited([polled(1, voltage=230.0)], [], times=SUBSCRIBED).lost == 1


def closed(seconds: float, *, is_by_school: bool) -> dict[str, tuple[Closing, ...]]:
    return {"b": (Closing(START + timedelta(seconds=seconds), is_by_school),)}


def bus_audit(
    lines: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    closings: Mapping[str, tuple[Closing, ...]],
) -> ReadingAudit:
    truth = TruthLines(tuple(lines), (), closings)
    return audit_readings(truth, rows, PROFILES, heartbeats={}, buses={"M": "b", "M2": "b"})


def test_where_the_school_ends_a_connection_one_answer_of_the_bus_is_not_owed() -> None:
    other = report("M2", "modbus_tcp", 0.4, {"voltage": 229.0})
    lines = [polled(0.3, voltage=230.0), other]
    audit = bus_audit(lines, [], closed(0.5, is_by_school=True))
    assert (audit.exempted["last_answer"].count, audit.lost) == (1, 1)
    assert audit.examples == [f"lost: M voltage = 230.0 reported at {at(0.3)}"]


def test_where_the_gateway_ends_a_connection_one_poll_of_each_device_is_not_owed() -> None:
    other = report("M2", "modbus_tcp", 5.2, {"voltage": 229.0})
    lines = [polled(0, voltage=230.0), polled(5, voltage=231.0), other]
    audit = bus_audit(lines, [], closed(5.5, is_by_school=False))
    assert (audit.exempted["last_answer"].count, audit.lost) == (2, 1)
    assert audit.examples == [f"lost: M voltage = 230.0 reported at {at(0)}"]


def test_the_last_answer_is_owed_if_it_came_longer_than_a_poll_before_the_end() -> None:
    audit = bus_audit([polled(0, voltage=230.0)], [], closed(20, is_by_school=False))
    assert (audit.not_owed, audit.lost) == (0, 1)


def test_one_unconfirmed_message_of_a_device_is_not_owed() -> None:
    lines = [stated(s, certain=False, volume=float(s)) for s in (1, 2)]
    audit = audited(lines, [])
    assert (audit.exempted["unconfirmed"].count, audit.lost) == (1, 1)
    truth = TruthLines(tuple(lines), (), {}, {"D": 1})
    audit = audit_readings(truth, [], PROFILES, heartbeats={})
    assert (audit.exempted["unconfirmed"].count, audit.lost) == (2, 0)


def test_an_unconfirmed_advertisement_is_not_owed_near_the_end_of_a_gateway_only() -> None:
    lines = [
        report("B", "ble", seconds, {"battery": 90.0}) | {"certain": False} for seconds in (1, 9)
    ]
    times = GatewayTimes(killed_at=(START + timedelta(seconds=10),))
    audit = audited(lines, [], times=times)
    assert (audit.exempted["unconfirmed"].count, audit.lost) == (1, 1)


def test_a_stored_value_of_an_unknown_device_is_doubled() -> None:
    assert audited([], [row("Z", "volume", 0, 1.0)]).doubled == 1
