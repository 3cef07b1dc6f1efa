from collections import Counter

import pytest

from simulators.city.rooms import FUNCTION_USES, function_rooms
from simulators.city.school_model import Home, make_home
from simulators.city.schools import make_schools
from simulators.city.term import make_calendar
from tests._parts.small_city import END

CALENDAR = make_calendar(END, 5)


@pytest.fixture(scope="module")
def homes() -> list[Home]:
    return [make_home(school, CALENDAR.days, 7) for school in make_schools(24, 7, CALENDAR)]


def test_a_room_teaches_one_class_at_a_time(homes: list[Home]) -> None:
    for home in homes:
        table = home.timetable
        places = list(zip(table.weekday, table.period, table.room, strict=True))
        assert len(places) == len(set(places))
        classes = Counter(zip(table.weekday, table.period, table.class_room, strict=True))
        assert max(classes.values()) == 1


def test_every_lesson_is_in_a_period_of_the_school(homes: list[Home]) -> None:
    for home in homes:
        numbers = {period.number for period in home.periods}
        assert set(home.timetable.period.tolist()) <= numbers
        for earlier, later in zip(home.periods, home.periods[1:], strict=False):
            assert earlier.starts < earlier.ends < later.starts


def test_room_numbers_are_unique_and_every_class_has_a_room(homes: list[Home]) -> None:
    for home in homes:
        numbers = [room.number for room in home.rooms]
        assert len(numbers) == len(set(numbers))
        labels = [room.home_class for room in home.rooms if room.home_class]
        assert len(labels) == len(set(labels)) == home.school.classes
        function = [room for room in home.rooms if room.use in FUNCTION_USES]
        assert len(function) == function_rooms(home.rooms)


def test_special_rooms_are_used(homes: list[Home]) -> None:
    for home in homes:
        if home.school.is_kindergarten:
            continue
        used = {home.rooms[place].purpose for place in home.timetable.room}
        owned = {room.purpose for room in home.rooms}
        assert {"computer"} & owned <= used


def test_devices_are_in_order_of_their_names_and_scale_with_classes(homes: list[Home]) -> None:
    for home in homes:
        assert home.fleet.names == sorted(set(home.fleet.names))
        assert home.sensors.names == sorted(set(home.sensors.names))
        assert 1 <= len(home.fleet) <= 8 * home.school.classes + 12
