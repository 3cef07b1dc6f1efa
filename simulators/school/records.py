"""The papers of a simulated school: sizes by stage, declarations, repairs, the yearly count.

As papers are: a few assets were not found at the count, a few repairs took long, some of what is
declared was looked at by somebody.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from simulators.school.campus import SCHOOL, Campus
from simulators.school.ledger import Asset

Sheet = tuple[str, tuple[str, ...], list[list[Any]]]
_SIZES = ("学校标识码", "学段", "班级数", "学生数")
_DECLARATIONS = ("学校标识码", "申报项", "数值", "申报日期", "申报人", "依据", "核实日期", "核实人")
_TICKETS = (
    "学校标识码",
    "工单号",
    "资产编号",
    "来源",
    "报修时间",
    "受理时间",
    "完成时间",
    "验收时间",
    "属实",
)
_COUNTS = ("学校标识码", "资产编号", "盘点日期", "盘点结果", "盘点人")
_REPAIRS = 14


def paper_sheets(campus: Campus, assets: Sequence[Asset]) -> list[Sheet]:
    """Return the sheets of a workbook; the same campus gives the same papers."""
    random = Random(f"papers/{campus.seed}")  # noqa: S311  a simulation, no secret
    return [
        ("学段规模", _SIZES, [[SCHOOL, "小学", campus.classes, campus.pupils]]),
        ("申报", _DECLARATIONS, _declarations(campus, assets, random)),
        ("报修", _TICKETS, _tickets(campus, assets, random)),
        ("盘点", _COUNTS, _counts(campus, assets, random)),
    ]


def _declarations(campus: Campus, assets: Sequence[Asset], random: Random) -> list[list[Any]]:
    computers = [asset for asset in assets if asset.category == "computer"]
    pupils = sum(asset.quantity for asset in computers if asset.quantity > 1)
    main = sum(1 for room in campus.rooms if room.home_class or room.use in {"121", "123", "124"})
    measured = max(1, main // 3)
    values = {
        "library_books": campus.pupils * random.randint(30, 46),
        "new_books": round(campus.pupils * random.uniform(0.8, 1.4)),
        "library_hours_week": random.randint(36, 44),
        "teacher_terminals": len(campus.teachers) - random.randint(0, 4),
        "pupil_terminals": pupils,
        "main_rooms": main,
        "rooms_with_wifi": main - random.randint(0, 2),
        "rooms_opened_after_class": round(main * random.uniform(0.2, 0.4)),
        "experiments_group_due": 18,
        "experiments_group_done": random.randint(16, 18),
        "desk_light_measured_rooms": measured,
        "desk_light_ok_rooms": measured - random.randint(0, 1),
        "maintenance_planned_yuan": 60_000,
        "maintenance_spent_yuan": 1000 * random.randint(52, 62),
    }
    declared_on = campus.today - timedelta(days=20)
    confirmed_on = campus.today - timedelta(days=6)
    return [
        [
            SCHOOL, item, value, declared_on, campus.teachers[0], "本校统计",
            *((confirmed_on, "县教育技术中心") if random.random() < 0.4 else (None, None)),
        ]
        for item, value in values.items()
    ]  # fmt: skip


def _tickets(campus: Campus, assets: Sequence[Asset], random: Random) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for number in range(1, _REPAIRS + 1):
        day = campus.today - timedelta(days=random.randrange(8, 75))
        reported = datetime.combine(day, time(random.randrange(8, 12), 30))
        accepted = reported + timedelta(hours=random.choice((1, 1, 2, 3, 26)))
        closed = accepted + timedelta(hours=random.choice((2, 4, 24, 30, 120)))
        rows.append([
            SCHOOL, f"BX-{number:03d}", random.choice(assets).number,
            random.choice(("人工", "人工", "预警")), reported, accepted, closed,
            closed + timedelta(hours=1), "是" if random.random() < 0.85 else "否",
        ])  # fmt: skip
    return rows


def _counts(campus: Campus, assets: Sequence[Asset], random: Random) -> list[list[Any]]:
    counted_on = campus.today - timedelta(days=40)
    return [
        [SCHOOL, asset.number, counted_on, "盘亏" if random.random() < 0.01 else "相符", "总务处"]
        for asset in assets
    ]
