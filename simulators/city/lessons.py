"""When a school teaches what where: its periods, and a timetable that is the same every week."""

from dataclasses import dataclass

import numpy as np

from simulators.city.rooms import Room
from simulators.city.schools import School
from simulators.city.seeded_random import Bools, Ints, draws

_SUBJECTS = {
    "PRI": {"语文": 8, "数学": 5, "英语": 3, "科学": 3, "道德与法治": 3, "体育": 4, "音乐": 2,
            "美术": 2, "信息科技": 2, "劳动": 2, "综合实践": 1},
    "JUN": {"语文": 5, "数学": 5, "英语": 5, "科学": 6, "历史与社会": 3, "道德与法治": 2, "体育": 3,
            "音乐": 1, "美术": 1, "信息科技": 2, "劳动": 1, "综合实践": 1},
    "SEN": {"语文": 5, "数学": 5, "英语": 5, "物理": 4, "化学": 3, "生物": 3, "历史": 3, "体育": 2,
            "音乐": 1, "美术": 1, "信息技术": 2, "通用技术": 1},
    "VOC": {"语文": 4, "数学": 4, "英语": 3, "专业实训": 10, "专业理论": 6, "信息技术": 4,
            "体育": 2, "美术": 1, "化学": 1},
    "KG": {"集体教学": 10, "区域游戏": 5, "户外": 5},
}  # fmt: skip
_PLACES = {
    # subject: purpose of the room it likes, and how often
    "科学": ("lab", 0.45), "物理": ("lab", 0.4), "化学": ("lab", 0.4), "生物": ("lab", 0.4),
    "音乐": ("music", 0.8), "美术": ("art", 0.75), "信息科技": ("computer", 1.0),
    "信息技术": ("computer", 1.0), "劳动": ("craft", 0.5), "通用技术": ("craft", 0.8),
    "综合实践": ("practice", 0.6), "专业实训": ("training", 0.9), "语文": ("recording", 0.05),
    "数学": ("recording", 0.04), "英语": ("recording", 0.06),
}  # fmt: skip
_OUTSIDE = {"体育", "户外"}


@dataclass(frozen=True, slots=True)
class Period:
    """A period; seconds of the local day."""

    number: int
    name: str
    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """A week of lessons, one element for each; PE leaves the room empty and is none of these."""

    weekday: Ints
    """1 Monday to 5 Friday."""
    period: Ints
    """The number of the period."""
    room: Ints
    """The place of the room in the list of rooms."""
    class_room: Ints
    """The place of the class's own room."""
    subject: list[str]


def make_periods(school: School, seed: int) -> list[Period]:
    """Return the periods of a school, in order of the day."""
    random = draws(seed, "periods", school.index)
    shift = int(random.integers(-4, 5)) * 300
    if school.is_kindergarten:
        activities = [("集体活动", 9.0, 25), ("区域活动", 9.75, 30), ("户外活动", 10.5, 30),
                ("午后活动", 14.75, 30)]  # fmt: skip
        return [
            _period(n, name, at, length, shift)
            for n, (name, at, length) in enumerate(activities, 1)
        ]
    stages = {stage.code for stage in school.stages}
    length = 40 if stages & {"PRI", "JUN"} else 45
    morning = [8.0, 8.0 + 50 / 60, 9.0 + 55 / 60, 10.0 + 48 / 60]
    afternoon = [13.5, 13.5 + 52 / 60, 15.0 + 18 / 60]
    periods = [_period(n, f"第{'一二三四'[n - 1]}节", at, length, shift)
             for n, at in enumerate(morning, 1)]  # fmt: skip
    periods += [_period(n, f"第{'五六七'[n - 5]}节", at, length, shift)
              for n, at in enumerate(afternoon, 5)]  # fmt: skip
    periods.append(_period(8, "课后服务" if "PRI" in stages else "第八节", 16.2, 40, shift))
    if stages & {"SEN", "VOC"}:
        evening = enumerate((18.5, 19.5, 20.5), 9) if "SEN" in stages else [(9, 18.75)]
        periods += [_period(n, f"晚自习{n - 8}", at, 50, 0) for n, at in evening]
    return periods


def _period(number: int, name: str, at_hour: float, minutes: int, shift: int) -> Period:
    starts = round(at_hour * 60) * 60 + shift
    return Period(number, name, starts, starts + minutes * 60)


def make_timetable(school: School, rooms: list[Room], seed: int) -> Timetable:
    """Return the week of every class; a special room is used while one is free."""
    random = draws(seed, "timetable", school.index)
    homes = [place for place, room in enumerate(rooms) if room.home_class]
    by_purpose: dict[str, list[int]] = {}
    for place, room in enumerate(rooms):
        purpose = "craft" if room.purpose == "innovation" else room.purpose
        by_purpose.setdefault(purpose, []).append(place)
    slots_per_week = 20 if school.is_kindergarten else 35
    week = np.empty((len(homes), slots_per_week), np.int64)
    names: list[str] = []
    stage_of = np.array([_stage_number(rooms[place].stage) for place in homes])
    for stage in school.stages:
        first = len(names)
        hours = _SUBJECTS[stage.code]
        names += hours
        subjects = np.repeat(np.arange(first, len(names)), list(hours.values()))
        rows = np.flatnonzero(stage_of == _stage_number(stage.code))
        plan = np.tile(subjects[:slots_per_week], (len(rows), 1))
        week[rows] = random.permuted(plan, axis=1)
    where = np.tile(np.array(homes)[:, None], (1, slots_per_week))
    taken = np.zeros((len(rooms), slots_per_week), np.bool_)
    for number, name in enumerate(names):
        purpose, share = _PLACES.get(name, ("", 0.0))
        if purpose in by_purpose:
            _move(week == number, where, taken, by_purpose[purpose], share, random)
    rows, columns = np.nonzero(~np.isin(week, [i for i, n in enumerate(names) if n in _OUTSIDE]))
    per_day = slots_per_week // 5
    days, periods = columns // per_day + 1, columns % per_day + 1
    parts = [(days, periods, where[rows, columns], rows, week[rows, columns])]
    parts += _after(school, homes, len(names), random)
    weekday, period, at, row, subject = (np.concatenate(part) for part in zip(*parts, strict=True))
    titles = [*names, "课后服务", "自习"]
    order = np.lexsort((at, period, weekday))
    return Timetable(
        weekday[order],
        period[order],
        at[order],
        np.array(homes)[row[order]],
        [titles[i] for i in subject[order]],
    )


_Lessons = tuple[Ints, Ints, Ints, Ints, Ints]


def _after(
    school: School, homes: list[int], subjects: int, random: np.random.Generator
) -> list[_Lessons]:
    """Return after-class care on three days, and self-study in the evening where pupils board."""
    if school.is_kindergarten:
        return []
    lessons = []
    days = np.argsort(random.random((len(homes), 5)), axis=1)[:, :3] + 1
    rows = np.repeat(np.arange(len(homes)), 3)
    eighth = np.full(len(rows), 8)
    care = np.full(len(rows), subjects)
    lessons.append((days.ravel(), eighth, np.array(homes)[rows], rows, care))
    stages = {stage.code for stage in school.stages}
    evenings = (9, 10, 11) if "SEN" in stages else (9,) if "VOC" in stages else ()
    for number in evenings:
        rows = np.repeat(np.arange(len(homes)), 4)
        days_of = np.tile(np.arange(1, 5), len(homes))
        lessons.append(
            (days_of, np.full(len(rows), number), np.array(homes)[rows], rows,
             np.full(len(rows), subjects + 1))
        )  # fmt: skip
    return lessons


def _move(
    is_subject: Bools,
    place: Ints,
    taken: Bools,
    free: list[int],
    share: float,
    random: np.random.Generator,
) -> None:
    """Send lessons of a subject to the rooms it likes; each room takes one class at a time."""
    rows, columns = np.nonzero(is_subject & (random.random(is_subject.shape) < share))
    order = np.argsort(columns, kind="stable")
    rows, columns = rows[order], columns[order]
    rank = np.arange(len(columns)) - np.searchsorted(columns, columns)
    room = np.array(free)[(rank + columns) % len(free)]
    goes = (rank < len(free)) & ~taken[room, columns]
    place[rows[goes], columns[goes]] = room[goes]
    taken[room[goes], columns[goes]] = True


def _stage_number(code: str) -> int:
    return ("KG", "PRI", "JUN", "SEN", "VOC").index(code)
