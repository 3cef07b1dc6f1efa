"""What schools own, and where it is.

First what could report, then the large lots, then the rest; a line is a row of the ledger before
anybody has filled it in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulators.city.rooms import Room
from simulators.city.schools import School


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of equipment; `sends` names the habit of its device, empty for what has none."""

    name: str
    category: str
    code: str
    brand: str
    model: str
    price: float
    life_years: int
    unit: str = "台"
    sends: str = ""


KINDS: dict[str, Kind] = {
    "display": Kind("交互智能平板", "display", "A02020800", "海信", "86MR7A", 15600, 6,
                    sends="screen"),
    "notice": Kind("校园信息发布屏", "display", "A02020800", "海信", "65DM66D", 8800, 6,
                   sends="notice"),
    "computer": Kind("教师机", "computer", "A02010105", "联想", "启天 M455", 4300, 6, sends="desk"),
    "lab_computer": Kind("计算机教室教师机", "computer", "A02010105", "联想", "启天 M460", 5200, 6,
                         sends="machine"),
    "recorder": Kind("常态化录播主机", "recorder", "A02091100", "奥威亚", "AE-V8", 86000, 5, "套",
                     sends="recorder"),
    "microphone": Kind("阵列麦克风", "recorder", "A02091200", "科大讯飞", "MA-8", 11800, 5,
                       sends="recorder"),
    "bench": Kind("数字化实验台", "instrument", "A02100400", "朗威", "DISLab 9", 9800, 5,
                  sends="bench"),
    "incubator": Kind("恒温培养箱", "instrument", "A02100400", "上海一恒", "DHP-9052", 4600, 5,
                      sends="bench"),
    "supply": Kind("学生直流稳压电源", "instrument", "A02100400", "RIDEN", "RD6006", 1280, 5,
                   sends="bench"),
    "machine_tool": Kind("实训数控设备", "instrument", "A02100400", "广州数控", "GSK-980",
                         58000, 10, sends="bench"),
    "epaper": Kind("电子纸阅读终端", "epaper", "A02010107", "汉王", "EA310", 2100, 5,
                   sends="reader"),
    "meter": Kind("实验室配电表", "meter", "A02061900", "Eastron", "SDM630", 980, 10,
                  sends="meter"),
    "co2": Kind("二氧化碳变送器", "environment", "A02100400", "Senseair", "S8", 420, 5,
                sends="co2"),
    "light": Kind("照度变送器", "environment", "A02100400", "建大仁科", "RS-GZ-N01", 320, 5,
                  sends="light"),
    "pupil_computers": Kind("学生计算机", "computer", "A02010105", "联想", "启天 M455", 3300, 6),
    "tablets": Kind("学生平板电脑", "computer", "A02010107", "华为", "AGS5-W09", 1700, 6),
    "laptops": Kind("教师笔记本电脑", "computer", "A02010108", "联想", "昭阳 K4", 4900, 6),
    "desks": Kind("学生课桌椅", "other", "A05010201", "育才", "KZY-01", 230, 5, "套"),
    "bench_set": Kind("学生实验桌凳", "other", "A05010201", "宁波华茂", "SYZ-2", 420, 15, "套"),
    "air": Kind("分体空调", "other", "A02061804", "格力", "KFR-72LW", 5200, 10),
    "visualiser": Kind("视频展示台", "other", "A02020300", "鸿合", "HV-80", 1500, 6),
    "speaker": Kind("教室扩音设备", "other", "A02091300", "得胜", "E261", 1100, 5, "套"),
    "board": Kind("推拉绿板", "other", "A05010299", "育才", "LB-4", 1300, 15, "块"),
    "repository": Kind("储物柜", "other", "A05010500", "育才", "CWG-6", 1050, 15, "组"),
    "lectern": Kind("多媒体讲台", "other", "A05010299", "育才", "JT-2", 1600, 15),
    "microscope": Kind("生物显微镜", "other", "A02100300", "麦克奥迪", "DM-B1", 1250, 5),
    "balance": Kind("电子天平", "other", "A02100400", "上海天美", "FA2004", 3600, 5),
    "demonstration": Kind("演示实验器材", "other", "A02100400", "宁波华茂", "J1202", 2200, 5, "套"),
    "kit": Kind("学生分组实验箱", "other", "A02100400", "宁波华茂", "J3301", 380, 5, "套"),
    "fume": Kind("通风橱", "other", "A02100400", "上海一恒", "TFG-15", 7800, 10),
    "piano": Kind("立式钢琴", "other", "A02450100", "珠江", "UP118", 13800, 5),
    "easel": Kind("画架画板", "other", "A02450200", "中盛", "HJ-40", 160, 5, "套"),
    "printer3d": Kind("三维打印机", "other", "A02020400", "创想三维", "K1", 3299, 6),
    "laser": Kind("激光雕刻机", "other", "A02100400", "雷宇", "Nova 24", 18800, 10),
    "bench_tool": Kind("劳技操作台", "other", "A05010201", "育才", "LJ-4", 1450, 15),
    "switch": Kind("接入交换机", "other", "A02010200", "华为", "S5735", 4200, 6),
    "wifi": Kind("无线接入点", "other", "A02010200", "华为", "AP5762", 1200, 6),
    "server": Kind("服务器", "other", "A02010104", "浪潮", "NF5280", 42000, 6),
    "camera": Kind("监控摄像机", "other", "A02091100", "海康威视", "DS-2CD", 560, 5, "只"),
    "printer": Kind("多功能一体机", "other", "A02020400", "惠普", "M437", 3300, 6),
    "self_service": Kind("自助借还书机", "other", "A02091600", "远望谷", "XC-SR1", 36000, 6),
    "bookshelf": Kind("书架", "other", "A05010600", "育才", "SJ-6", 780, 15, "组"),
    "court": Kind("移动篮球架", "other", "A02460100", "金陵", "YLJ-3B", 7800, 5, "副"),
    "gym_set": Kind("体育器材", "other", "A02460100", "红双喜", "TY-1", 1200, 5, "套"),
    "kitchen": Kind("蒸饭柜", "other", "A02110100", "美厨", "MC-24", 6800, 10),
    "toys": Kind("区角活动材料", "other", "A02460200", "荣威", "QJ-12", 1150, 5, "套"),
    "screening": Kind("视力筛查仪", "other", "A02320100", "伟伦", "VS100", 26000, 5),
}  # fmt: skip


@dataclass(slots=True)
class Line:
    """One row before it is filled in."""

    kind: str
    room: int | None
    """The place of the room in the list of rooms."""
    quantity: int = 1
    number: str = ""
    device: str = ""
    """Its name in telemetry; empty for what is not connected."""
    has_reported: bool = False
    """Whether a device of this name exists and has ever reported."""
    is_phantom: bool = False
    """Whether the thing itself does not exist."""


def equipment(school: School, rooms: Sequence[Room], random: np.random.Generator) -> list[Line]:
    """Return every line of a school, numbered."""
    has_notices = bool(random.random() < 0.15 and school.displays > 3)
    lines = [
        *_able(school, rooms, has_notices=has_notices),
        *_lots(school, rooms),
        *_rest(school, rooms, random),
    ]
    for place, line in enumerate(lines, 1):
        line.number = f"A-{place:04d}"
    return lines


def _able(school: School, rooms: Sequence[Room], *, has_notices: bool) -> Iterator[Line]:
    """Yield what can report: displays first in the classrooms, then where function rooms are."""
    homes = [place for place, room in enumerate(rooms) if room.home_class]
    function = [
        place
        for place, room in enumerate(rooms)
        if room.is_function_room and room.purpose not in {"store", "counsel"}
    ]
    for place in [*homes, *function, *homes * 2][: school.displays - has_notices]:
        yield Line("display", place)
    if has_notices:
        yield Line("notice", next(p for p, room in enumerate(rooms) if room.purpose == "office"))
    for place in homes:
        yield Line("computer", place)
    for place, room in enumerate(rooms):
        for kind in _able_in(school, room.purpose, place):
            yield Line(kind, place)
    for turn, place in enumerate(homes):
        if turn % 5 == 1:
            yield Line("co2", place)
        if turn % 7 == 2:
            yield Line("light", place)


def _able_in(school: School, purpose: str, place: int) -> tuple[str, ...]:
    """Return what can report in a function room."""
    if purpose == "lab":
        some = ("bench", "incubator" if place % 2 else "supply", "meter")
        return some if place % 3 else some[:2]
    if purpose in {"library", "reading"}:
        return ("epaper",) * max(2, school.classes // 3)
    return {
        "computer": ("lab_computer",),
        "recording": ("recorder", "microphone"),
        "training": ("machine_tool", "machine_tool"),
    }.get(purpose, ())


def _lots(school: School, rooms: Sequence[Room]) -> Iterator[Line]:
    labs = [place for place, room in enumerate(rooms) if room.purpose == "computer"]
    left = school.pupil_computers
    for place in labs:
        size = min(left, 48)
        if size:
            yield Line("pupil_computers", place, size)
            left -= size
    office = next((p for p, room in enumerate(rooms) if room.purpose == "office"), None)
    while left > 0:
        yield Line("tablets", office, min(left, 50))
        left -= 50
    offices = [place for place, room in enumerate(rooms) if room.purpose == "office"]
    wanted = school.teachers - school.classes
    for turn, place in enumerate(offices):
        share = wanted // len(offices) + (turn < wanted % len(offices))
        if share > 0:
            yield Line("laptops", place, share)
    for place, room in enumerate(rooms):
        if room.home_class:
            yield Line("desks", place, room.seats - (place % 5))
        if room.purpose == "lab":
            yield Line("bench_set", place, 26)
            yield Line("kit", place, 24)
            yield Line("microscope", place, 24)


_PER_CLASS = ("air", "visualiser", "speaker", "board", "lectern")
_OF_PURPOSE = {
    "lab": ("demonstration", "demonstration", "balance", "fume", "air", "repository"),
    "store": ("demonstration", "demonstration", "demonstration", "repository", "repository"),
    "computer": ("air", "air", "switch"),
    "music": ("piano", "speaker", "repository", "air"),
    "art": ("easel", "easel", "repository"),
    "craft": ("printer3d", "bench_tool", "bench_tool", "laser", "air"),
    "innovation": ("printer3d", "printer3d", "laser", "bench_tool", "repository", "air"),
    "practice": ("bench_tool", "printer3d", "repository"),
    "library": ("self_service", "bookshelf", "bookshelf", "bookshelf", "printer", "air"),
    "reading": ("bookshelf", "bookshelf", "air"),
    "recording": ("air", "speaker", "camera", "camera"),
    "training": ("bench_tool", "bench_tool", "air", "repository"),
    "office": ("printer", "air", "repository"),
    "health": ("screening", "repository"),
    "gym": ("court", "court", "gym_set", "gym_set", "speaker"),
    "canteen": ("kitchen", "kitchen", "air"),
    "dance": ("speaker", "air"),
    "calligraphy": ("easel", "air"),
}


def _rest(school: School, rooms: Sequence[Room], random: np.random.Generator) -> Iterator[Line]:
    for place, room in enumerate(rooms):
        if room.home_class:
            for kind in _PER_CLASS:
                yield Line(kind, place)
            for kind in ("toys", "toys", "toys") if school.is_kindergarten else ("wifi",):
                yield Line(kind, place)
            if random.random() < 0.35:
                yield Line("air", place)
            yield Line("camera", place)
        for kind in _OF_PURPOSE.get(room.purpose, ()):
            yield Line(kind, place)
    office = next((p for p, room in enumerate(rooms) if room.purpose == "office"), None)
    for kind in ("server", *("switch",) * max(2, school.classes // 5)):
        yield Line(kind, office)
    for _ in range(max(3, school.classes // 2)):
        yield Line("gym_set", None if random.random() < 0.2 else office)
