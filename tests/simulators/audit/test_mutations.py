"""The audit of a run is clean, and of every run with one fault put into the store it is not.

The run: a display over MQTT and a meter on a Modbus bus, a minute long, with everything that a demo
grants: a subscription at the start, and the end of the bus at the end.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from device_profiles.loader import load_catalogue
from simulators.audit.exemptions import GatewayTimes
from simulators.audit.readings import ReadingAudit, audit_readings
from simulators.audit.truth_lines import Closing, TruthLines

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CATALOGUE = load_catalogue()
PROFILES = {"D": CATALOGUE["campus-interactive-display"], "M": CATALOGUE["eastron-sdm120"]}
Row = Mapping[str, Any]


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def lines() -> Iterator[dict[str, Any]]:
    for n in range(7):
        yield {
            "asset": "D",
            "protocol": "mqtt",
            "at": at(10 * n),
            "observed_at": at(10 * n),
            "values": {"volume": 20.0 + n // 2, "display_state": "in_use" if n < 4 else "off"},
        }
    for n in range(13):
        yield {
            "asset": "M",
            "protocol": "modbus_rtu",
            "at": at(5 * n + 0.1),
            "observed_at": None,
            "values": {"voltage": 230.0 + n % 3, "active_power": 100.0 + 5 * n},
            "not_requested": ["frequency"],
        }


def store() -> list[Row]:
    """Return what a gateway that loses nothing has stored; it dates the meter's answers itself."""
    return [
        {
            "asset": line["asset"],
            "point": point,
            "observed_at": line["observed_at"] or at_later(line["at"], 0.2),
            "value": value,
        }
        for line in lines()
        for point, value in line["values"].items()
    ]


def at_later(moment: str, seconds: float) -> str:
    return (datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat()


def audit(rows: Sequence[Row]) -> ReadingAudit:
    truth = TruthLines(
        tuple(sorted(lines(), key=lambda line: str(line["at"]))),
        (),
        {"rtu-1": (Closing(START + timedelta(seconds=60.5), is_by_school=True),)},
    )
    return audit_readings(
        truth,
        rows,
        PROFILES,
        heartbeats={},
        buses={"M": "rtu-1"},
        times=GatewayTimes(subscribed_at=START - timedelta(seconds=1)),
    )


STORE = store()
LAST_ANSWER = [n for n, row in enumerate(STORE) if row["observed_at"] == at(60.3)]


def test_the_run_is_clean() -> None:
    clean = audit(STORE)
    assert (clean.reported, clean.matched, clean.between_polls) == (40, 40, 13)
    assert (clean.lost, clean.doubled, clean.not_owed, clean.within_deadband) == (0, 0, 0, 0)


@pytest.mark.parametrize("number", [n for n in range(len(STORE)) if n not in LAST_ANSWER])
def test_one_point_less_is_lost(number: int) -> None:
    faulty = audit([*STORE[:number], *STORE[number + 1 :]])
    assert (faulty.lost, faulty.doubled, faulty.not_owed) == (1, 0, 0)


@pytest.mark.parametrize("number", range(len(STORE)))
def test_one_point_twice_is_doubled(number: int) -> None:
    row = STORE[number]
    again = {**row, "observed_at": at_later(row["observed_at"], 0.4)}
    faulty = audit([*STORE, again])
    assert (faulty.lost, faulty.doubled) == (0, 1)


@pytest.mark.parametrize("number", range(len(STORE)))
def test_a_point_under_another_device_is_doubled(number: int) -> None:
    other = "M" if STORE[number]["asset"] == "D" else "D"
    faulty = audit([*STORE[:number], {**STORE[number], "asset": other}, *STORE[number + 1 :]])
    assert faulty.doubled >= 1


def test_only_the_last_answer_of_the_bus_is_not_owed() -> None:
    assert len(LAST_ANSWER) == 2
    faulty = audit([row for n, row in enumerate(STORE) if n not in LAST_ANSWER])
    exempted = faulty.exempted["last_answer"]
    assert (faulty.lost, faulty.not_owed, exempted.count, exempted.most) == (0, 2, 2, 2)


def test_nothing_stored_at_all_is_lost_but_for_the_last_answer() -> None:
    nothing = audit([])
    assert (nothing.lost, nothing.not_owed) == (38, 2)
