import pytest

from simulators.city.rooms import function_rooms, make_rooms
from simulators.city.schools import make_schools, with_more_rooms
from simulators.city.term import make_calendar
from tests._parts.small_city import END


@pytest.mark.parametrize(("number", "seed"), [(1, 1), (40, 2), (300, 3), (1000, 7)])
def test_a_city_of_any_size_has_its_share_of_rooms(number: int, seed: int) -> None:
    schools = make_schools(number, seed, make_calendar(END, 5))
    usual = [function_rooms(make_rooms(school, seed)) for school in schools]
    for wanted in (usual, [rooms + 2 for rooms in usual]):  # the second: rooms have to go
        more = with_more_rooms(schools, wanted)
        rooms = [make_rooms(school, seed) for school in more]
        missing = sum(wanted) - sum(usual)
        if not any(school.is_kindergarten for school in more) or number > 1:
            assert sum(map(function_rooms, rooms)) == 15 * number - missing
        names = [{room.name for room in some} for some in rooms]
        recording = sum(any("录播" in name for name in some) for some in names)
        innovation = sum("创新实验室" in some for some in names)
        assert recording == sum(school.has_recording_room for school in more)
        assert innovation == sum(school.has_innovation_lab for school in more)


def test_a_primary_school_has_what_the_provincial_table_asks_for_its_classes() -> None:
    schools = make_schools(300, 7, make_calendar(END, 5))
    rooms_by_number: dict[int, list[int]] = {}
    for school in schools:
        if school.school_type == "211" and school.care > 0.5:
            labs = sum(room.use == "121" for room in make_rooms(school, 7))
            rooms_by_number.setdefault(min(school.classes // 6 * 6, 36), []).append(labs)
    needed = {18: 2, 24: 2, 30: 3, 36: 3}
    for classes, number in needed.items():
        assert max(rooms_by_number[classes]) == number


def test_no_two_schools_of_a_province_share_a_name_or_a_code() -> None:
    schools = make_schools(14_000, 7, make_calendar(END, 5))
    assert len({school.name for school in schools}) == len(schools)
    assert len({school.code for school in schools}) == len(schools)
