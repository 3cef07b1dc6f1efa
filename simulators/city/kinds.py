"""Kinds of schools: their codes, stages and sizes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageKind:
    """A stage: grades, pupils a class, teachers a class."""

    code: str
    grades: tuple[str, ...]
    class_size: float
    most_pupils: int
    teachers_per_class: float


STAGES = {
    "KG": StageKind("KG", ("小班", "中班", "大班"), 27.0, 35, 2.1),
    "PRI": StageKind("PRI", tuple("一二三四五六"), 37.5, 45, 2.3),
    "JUN": StageKind("JUN", tuple("七八九"), 42.0, 50, 3.0),
    "SEN": StageKind("SEN", ("高一", "高二", "高三"), 45.0, 50, 3.6),
    "VOC": StageKind("VOC", ("职一", "职二", "职三"), 41.0, 50, 3.3),
}


@dataclass(frozen=True, slots=True)
class SchoolKind:
    """A school type with its share of the city and how many classes of a grade are usual."""

    school_type: str
    category: str
    """The first two digits of the 学校标识码."""
    title: str
    share: float
    parallel: dict[str, tuple[float, int, int]]
    """By stage: mean, least and most parallel classes of a grade."""


KINDS = (
    SchoolKind("111", "11", "幼儿园", 0.10, {"KG": (3.0, 1, 5)}),
    SchoolKind("211", "21", "小学", 0.42, {"PRI": (3.3, 1, 8)}),
    SchoolKind("311", "31", "初级中学", 0.16, {"JUN": (6.6, 2, 14)}),
    SchoolKind("312", "31", "学校", 0.14, {"PRI": (2.4, 1, 5), "JUN": (3.2, 1, 7)}),
    SchoolKind("341", "34", "中学", 0.04, {"JUN": (4.6, 2, 8), "SEN": (5.4, 3, 10)}),
    SchoolKind("342", "34", "高级中学", 0.08, {"SEN": (10.5, 5, 18)}),
    SchoolKind("365", "36", "职业技术学校", 0.06, {"VOC": (10.0, 4, 18)}),
)

DIVISIONS = {
    "331002": ("椒江区", 0.11),
    "331003": ("黄岩区", 0.11),
    "331004": ("路桥区", 0.10),
    "331022": ("三门县", 0.07),
    "331023": ("天台县", 0.10),
    "331024": ("仙居县", 0.09),
    "331081": ("温岭市", 0.19),
    "331082": ("临海市", 0.16),
    "331083": ("玉环市", 0.07),
}
"""The nine divisions of Taizhou, with a share of the schools that is ours."""

URBAN = ("111", "112", "121", "122", "210", "220")
URBAN_SHARES = {
    "331002": (0.45, 0.20, 0.15, 0.10, 0.05, 0.05),
    "331003": (0.30, 0.18, 0.22, 0.12, 0.08, 0.10),
    "331004": (0.35, 0.22, 0.20, 0.13, 0.04, 0.06),
    "331022": (0.18, 0.10, 0.30, 0.15, 0.12, 0.15),
    "331023": (0.20, 0.10, 0.28, 0.14, 0.13, 0.15),
    "331024": (0.18, 0.10, 0.27, 0.14, 0.15, 0.16),
    "331081": (0.25, 0.16, 0.28, 0.15, 0.06, 0.10),
    "331082": (0.25, 0.14, 0.26, 0.14, 0.09, 0.12),
    "331083": (0.28, 0.15, 0.27, 0.15, 0.06, 0.09),
}
SIZE_OF_URBAN = {"111": 1.35, "112": 1.15, "121": 1.1, "122": 0.85, "210": 0.65, "220": 0.45}

_FIRST = "海东新文明建和育华白云青山书景春江南北永祥锦秋桂枫银阳星瑞启弘致博朝晨金玉翠碧松竹"
_SECOND = "棠湖河桥塘岭浦港门湾园林苑溪洋田泉峰亭台城庄屿坦盛德兴安宁康源仁智远航达辉飞"


def school_name(number: int, division: str, title: str) -> str:
    """Return the name of a school, marked as not real; numbers give different names."""
    first, second = number % len(_FIRST), number // len(_FIRST)
    word = _FIRST[first] + _SECOND[(second + first * 7) % len(_SECOND)]
    turn = second // len(_SECOND)
    tail = f"第{turn + 1}" if turn else ""
    return f"台州市{DIVISIONS[division][0]}{word}{tail}{title}（模拟）"
