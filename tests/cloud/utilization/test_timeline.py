from datetime import timedelta

import pytest

from cloud.telemetry.store import Slot
from cloud.utilization.timeline import prevailing, state_intervals
from tests._parts.small_school import SCHOOL, local


def slot(at: str, state: str = "active", energy_wh: float | None = None) -> Slot:
    seconds = {f"{s}_s": 0.0 for s in ("active", "standby", "off", "unobserved")}
    seconds[f"{state}_s"] = 300.0
    return Slot(SCHOOL, "A-1", local(at), **seconds, energy_wh=energy_wh)


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        ((100, 100, 100, 0), "active"),
        ((0, 150, 150, 0), "standby"),
        ((10, 20, 30, 240), "unobserved"),
        ((0, 0, 0, 0), "active"),
    ],
)
def test_the_longest_state_prevails_and_of_equals_the_strongest(
    seconds: tuple[float, float, float, float], state: str
) -> None:
    assert prevailing(Slot(SCHOOL, "A-1", local("08:00"), *seconds, energy_wh=None)) == state


def test_energy_is_summed_where_it_is_known() -> None:
    slots = [slot("08:00", energy_wh=2), slot("08:05"), slot("08:10", energy_wh=1)]
    (interval,) = state_intervals(slots, local("08:00"), local("08:15"))
    assert interval.energy_wh == 3
    (interval,) = state_intervals(slots[1:], local("08:05"), local("08:15"))
    assert interval.energy_wh == 1


def test_no_slots_are_one_unobserved_interval_and_no_time_is_none() -> None:
    (interval,) = state_intervals([], local("08:00"), local("09:00"))
    assert (interval.state, interval.end - interval.start) == ("unobserved", timedelta(hours=1))
    assert state_intervals([], local("08:00"), local("08:00")) == []
