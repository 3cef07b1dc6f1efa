"""A believable primary school of Taizhou, made from a seed: rooms, classes, devices.

Not a real school: its name contains 模拟.
"""

from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from simulators.errors import SimulatorError
from simulators.school.timetable import Calendar, Lesson, make_calendar, make_lessons

SCHOOL = "2133100001"
SCHOOL_NAME = "台州市椒江区海棠小学（模拟）"
DIVISION = "331002"
CLASSES_PER_GRADE = 4
MIN_DEVICES = 4
MAX_DEVICES = 900

_GRADES = "一二三四五六"
_SURNAMES = "陈林王张李金徐周叶郑黄应蔡洪卢项"
_GIVEN = (
    "晓燕",
    "建国",
    "丽萍",
    "志强",
    "雅琴",
    "海波",
    "文娟",
    "立新",
    "慧敏",
    "伟明",
    "素珍",
    "俊杰",
)
_SPECIAL_ROOMS = (
    # number, name, building, floor, use, area, seats
    ("B101", "科学实验室一", "致远楼", 1, "121", 96, 48),
    ("B102", "科学实验室二", "致远楼", 1, "121", 96, 48),
    ("B103", "仪器准备室", "致远楼", 1, "199", 48, 6),
    ("B201", "计算机教室一", "致远楼", 2, "123", 108, 50),
    ("B202", "计算机教室二", "致远楼", 2, "123", 108, 50),
    ("B203", "录播教室", "致远楼", 2, "199", 110, 48),
    ("B204", "创客劳技教室", "致远楼", 2, "199", 96, 48),
    ("B301", "音乐教室一", "致远楼", 3, "199", 84, 48),
    ("B302", "音乐教室二", "致远楼", 3, "199", 84, 48),
    ("B303", "美术教室一", "致远楼", 3, "199", 90, 48),
    ("B304", "美术教室二", "致远楼", 3, "199", 90, 48),
    ("B305", "书法教室", "致远楼", 3, "199", 84, 48),
    ("C101", "图书馆", "博雅楼", 1, "132", 260, 80),
    ("C102", "阅览室", "博雅楼", 1, "132", 120, 60),
    ("C103", "卫生室", "博雅楼", 1, "117", 32, 4),
    ("C201", "教师办公室一", "博雅楼", 2, "211", 72, 16),
    ("C202", "教师办公室二", "博雅楼", 2, "211", 72, 16),
    ("C203", "教师办公室三", "博雅楼", 2, "211", 72, 16),
    ("C301", "报告厅", "博雅楼", 3, "199", 320, 260),
    ("C302", "心理辅导室", "博雅楼", 3, "199", 48, 12),
    ("D101", "风雨操场", "体育馆", 1, "141", 800, 0),
    ("E101", "学生餐厅", "食堂", 1, "321", 640, 420),
)
_SPECIAL_SUBJECTS = {
    "科学": ["B101", "B102"],
    "音乐": ["B301", "B302"],
    "美术": ["B303", "B304"],
    "信息科技": ["B201", "B202"],
    "书法": ["B305"],
    "劳动": ["B204"],
    "语文": ["B203"],
    "阅读": ["C102"],
}
_TRANSPORT_SHARES = {"modbus_tcp": 6 / 44, "modbus_rtu": 6 / 44, "ble": 8 / 44}
_PLUG_USAGE = {"active_above": 60.0, "standby_above": 2.0}


@dataclass(frozen=True, slots=True)
class Room:
    """A room as the books have it."""

    number: str
    name: str
    building: str
    floor: int
    use: str
    area_m2: float
    seats: int
    home_class: str = ""


@dataclass(frozen=True, slots=True)
class PlannedDevice:
    """A device of the plan; `asset` is its name in telemetry."""

    id: str
    asset: str
    profile: str
    transport: str
    """The way it is reached; the buses of one protocol are several."""
    room: str
    title: str
    category: str | None = None
    """Its name in the ledger, where the profile has another."""
    usage: dict[str, Any] = field(default_factory=dict)
    is_in_ledger: bool = True


@dataclass(frozen=True, slots=True)
class Campus:
    """The whole school but its ledger."""

    seed: int
    today: date
    rooms: tuple[Room, ...]
    calendar: Calendar
    lessons: tuple[Lesson, ...]
    devices: tuple[PlannedDevice, ...]
    teachers: tuple[str, ...]
    pupils: int

    @property
    def classes(self) -> int:
        """How many classes there are: one in every ordinary room."""
        return sum(1 for room in self.rooms if room.home_class)


def make_campus(seed: int, number: int, today: date) -> Campus:
    """Return the school of a seed, with `number` devices; the same on the same day."""
    if not MIN_DEVICES <= number <= MAX_DEVICES:
        raise SimulatorError(f"got {number} devices, expected {MIN_DEVICES} to {MAX_DEVICES}")
    random = Random(f"campus/{seed}")  # noqa: S311  a simulation, no secret
    rooms = (*_class_rooms(random), *(Room(*room) for room in _SPECIAL_ROOMS))
    homes = {room.number: room.home_class for room in rooms if room.home_class}
    teachers = tuple(
        sorted({random.choice(_SURNAMES) + random.choice(_GIVEN) for _ in range(90)})[:62]
    )
    return Campus(
        seed=seed,
        today=today,
        rooms=rooms,
        calendar=make_calendar(today),
        lessons=tuple(make_lessons(homes, _SPECIAL_SUBJECTS, random)),
        devices=tuple(_devices(number, list(homes))),
        teachers=teachers,
        pupils=1040 + random.randrange(24),
    )


def _class_rooms(random: Random) -> list[Room]:
    names = [f"{grade}（{n}）班" for grade in _GRADES for n in range(1, CLASSES_PER_GRADE + 1)]
    rooms = []
    for index, name in enumerate(names):
        floor, place = divmod(index, 6)
        number = f"{floor + 1}0{place + 1}"
        area = random.choice((62, 64, 67))
        rooms.append(Room(number, f"{name}教室", "明德楼", floor + 1, "111", area, 46, name))
    return rooms


def _devices(number: int, homes: list[str]) -> list[PlannedDevice]:
    counts = {name: max(1, round(number * share)) for name, share in _TRANSPORT_SHARES.items()}
    counts["mqtt"] = number - sum(counts.values())
    specs = {
        "mqtt": _mqtt(homes),
        "modbus_tcp": _TCP,
        "modbus_rtu": _RTU,
        "ble": _BLE,
    }
    devices: list[PlannedDevice] = []
    for transport, spec in specs.items():
        for turn in range(counts[transport]):
            profile, room, title, category, usage = spec[turn % len(spec)]
            serial = len(devices) + 1
            known = title != _UNKNOWN or turn >= len(spec)
            devices.append(
                PlannedDevice(
                    id=f"{_STEMS[profile]}-{serial:02d}",
                    asset=f"A-{serial:04d}" if known else f"X-{serial:04d}",
                    profile=profile,
                    transport=transport,
                    room=room,
                    title=title,
                    category=category,
                    usage=dict(usage),
                    is_in_ledger=known,
                )
            )
    return devices


_Spec = tuple[str, str, str, str | None, dict[str, Any]]
_UNKNOWN = "未登记的计量插座"
_DISPLAY = "campus-interactive-display"


def _mqtt(homes: list[str]) -> list[_Spec]:
    """Return what speaks MQTT, in the order it is bought."""

    def screens(first: int, last: int) -> list[_Spec]:
        return [(_DISPLAY, room, "交互智能平板", None, {}) for room in homes[first:last]]

    def plugged(profile: str, room: str) -> _Spec:
        return profile, room, "交互智能平板（加装计量插座）", "display", _PLUG_USAGE

    return [
        *screens(0, 6),
        plugged("shelly-plus-plug-s", homes[12]),
        plugged("tasmota-plug", homes[13]),
        plugged("tuya-ts011f", homes[14]),
        ("campus-recording-room", "B203", "常态化录播主机", None, {}),
        ("campus-microphone-array", "B203", "阵列麦克风", None, {}),
        ("campus-projector", "C301", "报告厅激光投影机", None, {}),
        ("campus-classroom-computer", "B201", "教师机", "computer", {}),
        *screens(6, 12),
        plugged("shelly-plus-plug-s", homes[15]),
        plugged("tuya-ts011f", homes[16]),
        ("tasmota-plug", "C201", _UNKNOWN, None, {}),
        ("shelly-pro-4pm", "B204", "创客教室四路计量开关", "meter", {}),
        ("campus-classroom-computer", "B202", "教师机", "computer", {}),
        *screens(19, 24),
        ("campus-interactive-display", "B101", "交互智能平板", None, {}),
    ]


_METERED_DISPLAY = {"active_above": 80.0}
_TCP: list[_Spec] = [
    ("campus-lab-instrument", "B101", "数字化力学实验台", None, {}),
    ("eastron-sdm630", "B102", "实验室配电表", "meter", {}),
    ("campus-lab-instrument", "B102", "恒温培养箱", None, {}),
    ("riden-rd6006", "B101", "学生直流稳压电源", None, {}),
    ("senseair-s8", "B201", "二氧化碳变送器", None, {}),
    ("campus-lab-instrument", "B102", "数字化声光实验台", None, {}),
]
_RTU: list[_Spec] = [
    ("eastron-sdm120", "305", "交互智能平板（加装电表）", "display", _METERED_DISPLAY),
    ("sinotimer-xy-md02", "C102", "温湿度变送器", None, {}),
    ("eastron-sdm120", "306", "交互智能平板（加装电表）", "display", _METERED_DISPLAY),
    ("renke-rs-gz", "B303", "照度变送器", None, {}),
    ("eastron-sdm120", "401", "交互智能平板（加装电表）", "display", _METERED_DISPLAY),
    ("senseair-s8", "B203", "二氧化碳变送器", None, {}),
]
_BLE: list[_Spec] = [
    ("campus-epaper-terminal", "C102", "电子纸护眼阅读终端", None, {}),
    ("shelly-blu-motion", "C101", "人体感应器", None, {}),
    ("campus-epaper-terminal", "C102", "电子纸护眼阅读终端", None, {}),
    ("xiaomi-lywsd03mmc", "101", "温湿度计", None, {}),
    ("campus-epaper-terminal", "C102", "电子纸护眼阅读终端", None, {}),
    ("shelly-blu-ht", "C302", "温湿度计", None, {}),
    ("campus-epaper-terminal", "C101", "电子纸护眼阅读终端", None, {}),
    ("bthome-light", "102", "照度计", None, {}),
]
_STEMS = {
    "campus-interactive-display": "display",
    "shelly-plus-plug-s": "plug",
    "tasmota-plug": "plug",
    "tuya-ts011f": "plug",
    "shelly-pro-4pm": "switch",
    "campus-recording-room": "recorder",
    "campus-microphone-array": "microphone",
    "campus-projector": "projector",
    "campus-classroom-computer": "computer",
    "campus-lab-instrument": "bench",
    "riden-rd6006": "supply",
    "eastron-sdm630": "meter",
    "eastron-sdm120": "meter",
    "senseair-s8": "co2",
    "sinotimer-xy-md02": "climate",
    "renke-rs-gz": "light",
    "campus-epaper-terminal": "epaper",
    "shelly-blu-motion": "motion",
    "xiaomi-lywsd03mmc": "climate",
    "shelly-blu-ht": "climate",
    "bthome-light": "light",
}
