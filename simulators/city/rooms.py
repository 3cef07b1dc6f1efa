"""The rooms of a school: its classrooms, and the function rooms that are usual for its size."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulators.city.kinds import STAGES
from simulators.city.schools import School
from simulators.city.seeded_random import draws

FUNCTION_USES = frozenset({"121", "123", "124", "132", "199"})
"""Room uses counted as labs and function rooms: 实验室 计算机房 语音室 图书室 其他教学."""

_STEPS = (1, 1, 2, 2, 3, 3)
_NUMERALS = "一二三四五六七八九十"
_MORE = (
    ("书法教室", "199", 84.0, "calligraphy"),
    ("舞蹈教室", "199", 110.0, "dance"),
    ("阅览室", "132", 130.0, "reading"),
    ("史地教室", "199", 90.0, "ordinary"),
    ("语音室", "124", 90.0, "ordinary"),
    ("陶艺教室", "199", 84.0, "craft"),
    ("合唱教室", "199", 120.0, "music"),
    ("棋艺教室", "199", 72.0, "ordinary"),
    ("社团活动室", "199", 72.0, "ordinary"),
    ("数字化创作室", "199", 90.0, "computer"),
)
_DROPPED_FIRST = ("craft", "store", "art", "music", "practice", "computer", "lab", "counsel")


@dataclass(frozen=True, slots=True)
class Room:
    """A room; `purpose` is what is taught there."""

    number: str
    name: str
    building: str
    floor: int
    use: str
    area_m2: float
    seats: int
    home_class: str
    purpose: str
    stage: str = ""

    @property
    def is_function_room(self) -> bool:
        """Whether it counts as a lab or function room."""
        return self.use in FUNCTION_USES


def make_rooms(school: School, seed: int) -> list[Room]:
    """Return every room, ordinary ones first."""
    random = draws(seed, "rooms", school.index)
    rooms = list(_classrooms(school))
    wanted = _wanted(school, float(random.random()))
    for _ in range(-school.more_rooms):
        for purpose in _DROPPED_FIRST:
            of_purpose = [room for room in wanted if room[3] == purpose]
            if of_purpose:
                wanted.remove(of_purpose[-1])
                break
    for turn in range(max(0, school.more_rooms)):
        wanted.append(_MORE[turn % len(_MORE)])
    names = [name for name, *_ in wanted]
    seen: dict[str, int] = {}
    for place, (name, use, usual, purpose) in enumerate(wanted):
        seen[name] = seen.get(name, 0) + 1
        which = _NUMERALS[min(seen[name], 10) - 1] if names.count(name) > 1 else ""
        area = round(usual * (0.9 + 0.2 * float(random.random())))
        seats = 0 if purpose in {"store", "health", "counsel"} else 48
        floor = place // 7 + 1
        number = f"Z{floor}{place % 7 + 1:02d}"
        rooms.append(Room(number, name + which, "综合楼", floor, use, area, seats, "", purpose))
    for place in range(max(1, school.teachers // 14)):
        number = f"X{place // 6 + 1}{place % 6 + 1:02d}"
        name = f"教师办公室{place + 1}"
        rooms.append(Room(number, name, "行政楼", place // 6 + 1, "211", 72.0, 16, "", "office"))
    if not school.is_kindergarten:
        rooms.append(Room("Y101", "学生食堂", "食堂", 1, "321", 480.0, 320, "", "canteen"))
        if school.classes >= 12:
            rooms.append(Room("T101", "体育馆", "体育馆", 1, "141", 700.0, 0, "", "gym"))
    return rooms


def function_rooms(rooms: list[Room]) -> int:
    """Return how many labs and function rooms there are."""
    return sum(room.is_function_room for room in rooms)


def _classrooms(school: School) -> Iterator[Room]:
    place = 0
    for stage in school.stages:
        for grade, number in zip(STAGES[stage.code].grades, stage.classes, strict=True):
            for turn in range(1, number + 1):
                block, rest = divmod(place, 40)
                floor, door = rest // 8 + 1, rest % 8 + 1
                if stage.code == "KG":
                    label, use, name = f"{grade}（{turn}）班", "113", "活动室"
                    area = 96.0
                else:
                    label, use, name = f"{grade}（{turn}）班", "111", "教室"
                    area = 64.0 if stage.code == "PRI" else 72.0
                yield Room(
                    f"{'ABCDEFGH'[block]}{floor}{door:02d}",
                    label + name,
                    f"教学楼{_NUMERALS[block]}",
                    floor,
                    use,
                    area,
                    50 if stage.code in {"JUN", "SEN", "VOC"} else 46,
                    label,
                    "home",
                    stage.code,
                )
                place += 1


_Wanted = tuple[str, str, float, str]


def _wanted(school: School, luck: float) -> list[_Wanted]:
    """Return what is usual for the stages and sizes, with gaps where a school is poorly off."""
    sizes = {stage.code: stage.total for stage in school.stages}
    if "KG" in sizes:
        wanted: list[_Wanted] = [
            ("科学发现室", "199", 60.0, "practice"),
            ("美工室", "199", 60.0, "art"),
            ("图书室", "132", 60.0, "library"),
            ("多功能活动室", "199", 120.0, "music"),
            ("保健室", "116", 20.0, "health"),
        ][0 if sizes["KG"] >= 6 else 1 :]
        if school.has_recording_room:
            wanted.append(("观摩录播室", "199", 80.0, "recording"))
        return wanted
    counts: dict[str, int] = {}
    for code, classes in sizes.items():
        for purpose, number in _needed(code, classes).items():
            shared = purpose not in {"lab", "physics", "chemistry", "biology"}
            have = counts.get(purpose, 0)
            counts[purpose] = max(have, number) if shared else have + number
    poor = school.care < 0.25 or luck < 0.12
    for purpose in ("craft", "store", "lab") if poor else ():
        counts[purpose] = max(counts.get(purpose, 0) - 1, 0)
    wanted = [_KNOWN[purpose] for purpose in _KNOWN for _ in range(counts.get(purpose, 0))]
    if school.has_innovation_lab:
        wanted.append(("创新实验室", "199", 110.0, "innovation"))
    if school.has_recording_room:
        wanted.append(("录播教室", "199", 108.0, "recording"))
    return wanted


_KNOWN: dict[str, _Wanted] = {
    "lab": ("科学实验室", "121", 92.0, "lab"),
    "physics": ("物理实验室", "121", 96.0, "lab"),
    "chemistry": ("化学实验室", "121", 96.0, "lab"),
    "biology": ("生物实验室", "121", 96.0, "lab"),
    "store": ("仪器室", "199", 46.0, "store"),
    "computer": ("计算机教室", "123", 100.0, "computer"),
    "music": ("音乐教室", "199", 82.0, "music"),
    "art": ("美术教室", "199", 90.0, "art"),
    "craft": ("劳技教室", "199", 92.0, "craft"),
    "technology": ("通用技术教室", "199", 96.0, "craft"),
    "training": ("实训室", "199", 150.0, "training"),
    "practice": ("综合实践活动教室", "199", 92.0, "practice"),
    "library": ("图书馆", "132", 240.0, "library"),
    "health": ("卫生室", "117", 36.0, "health"),
    "counsel": ("心理辅导室", "199", 45.0, "counsel"),
}


def _needed(code: str, classes: int) -> dict[str, int]:
    """Return rooms by purpose: 表1 of the Zhejiang standard, and what is usual beyond it."""
    step = _STEPS[min(max(classes // 6 - 1, 0), 5)]
    common = {"computer": step, "library": 1, "health": 1 if classes < 24 else 2, "counsel": 1}
    if code == "PRI":
        return common | {
            "lab": step, "store": step, "music": step, "art": step, "craft": step,
            "practice": 2 if classes >= 36 else 1,
        }  # fmt: skip
    if code == "JUN":
        parallel = classes / 3
        steps = ((6, 3), (8, 4), (10, 5), (12, 6), (16, 7))
        labs = next((number for at, number in steps if parallel < at), 9)
        return common | {"lab": labs, "store": 1, "music": 1, "art": 1,
                         "craft": 1}  # fmt: skip
    if code == "SEN":
        each = 2 if classes < 42 else 3
        return common | {
            "physics": each, "chemistry": each, "biology": 1 if classes < 24 else 2,
            "store": 2, "music": 1, "art": 1, "technology": 1,
        }  # fmt: skip
    return common | {"computer": step + 1, "training": max(3, classes // 8), "lab": 1, "art": 1}
