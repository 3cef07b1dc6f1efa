"""Everything about one school that does not change from day to day, made from the seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from simulators.city.fleet import Fleet, make_fleet
from simulators.city.ledger import Ledger, make_ledger
from simulators.city.lessons import Period, Timetable, make_periods, make_timetable
from simulators.city.readings import Sensors, make_sensors
from simulators.city.rooms import Room, make_rooms
from simulators.city.schools import School
from simulators.city.tampering import Plan, make_plan


@dataclass(frozen=True, slots=True)
class Home:
    """A school with all it has."""

    school: School
    rooms: list[Room]
    periods: list[Period]
    timetable: Timetable
    ledger: Ledger
    fleet: Fleet
    sensors: Sensors
    plan: Plan


def make_home(school: School, days: Sequence[date], seed: int) -> Home:
    """Return a school with all it has; its ledger is of the last day."""
    rooms = make_rooms(school, seed)
    periods = make_periods(school, seed)
    timetable = make_timetable(school, rooms, seed)
    ledger = make_ledger(school, rooms, seed, days[-1])
    fleet = make_fleet(school, rooms, ledger, periods, timetable, seed)
    return Home(
        school=school,
        rooms=rooms,
        periods=periods,
        timetable=timetable,
        ledger=ledger,
        fleet=fleet,
        sensors=make_sensors(school, rooms, ledger, periods, timetable, days, seed),
        plan=make_plan(school, fleet, days, seed),
    )
