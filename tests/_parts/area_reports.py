"""Reports of areas, made up for the tests, and a selection as one is filed."""

import random
from datetime import date
from typing import Any

import polars as pl

from cloud.assessments.assessment import Assessment
from cloud.assessments.filed_selection import FiledSelection, opened_selection
from cloud.assessments.filed_selection import filed as file_selection
from cloud.messages import message
from cloud.reports.filed import filed
from cloud.reports.shapes import (
    AreaReport,
    ComplianceLine,
    DivisionLine,
    LimitLine,
    Notice,
    QuotaLine,
    RankLine,
    SpreadLine,
    Status,
)
from cloud.scoring.standard.source_confidence import trust
from tests._parts.contents import contents, outcome
from tests._parts.reports import CLAUSES, DIMENSIONS, OCCASION

DIVISIONS = (
    "椒江区", "黄岩区", "路桥区", "三门县", "天台县", "仙居县", "温岭市", "临海市", "玉环市"
)  # fmt: skip
KINDS = ("幼儿园", "小学", "初级中学", "九年一贯制学校", "高级中学", "职业高中")


def rank_lines(many: int, places: int = 50) -> tuple[RankLine, ...]:
    chance = random.Random(7)
    scores = sorted((min(99.0, chance.gauss(74, 9)) for _ in range(many)), reverse=True)
    lines: list[RankLine] = []
    for number, value in enumerate(scores, start=1):
        rated = number <= many * 0.95
        eligible = rated and value >= 60 and number % 17 != 0
        status: Status = (
            "not_rated"
            if not rated
            else "ineligible"
            if not eligible
            else "selected"
            if sum(line.status == "selected" for line in lines) < places
            else "not_selected"
        )
        division = DIVISIONS[number % 9]
        lines.append(
            RankLine(
                rank=number if rated else None,
                school=f"2133{number:06d}",
                name=f"{division}第{number}{KINDS[number % 6]}",
                division=division,
                kind=KINDS[number % 6],
                value=value if rated else None,
                raw=value,
                coverage=0.95 if rated else 0.7,
                grade=None if not rated else "A" if value >= 90 else "B" if value >= 80 else "C",
                dimensions=tuple(min(100.0, value + 3 - n) for n in range(8)),
                status=status,
                rule={
                    "selected": "得分排在符合条件学校的前 50 名。",
                    "not_selected": "符合条件，得分低于入选线 85.72。",
                    "ineligible": "否决线 B01 账实相符率未过。",
                    "not_rated": "证据覆盖率 70.0%，低于 80%。",
                    "undecided": "",
                }[status],
                interval=(max(1, number - 9), number + 12) if rated else None,
                chance=max(0.0, 1 - number / 100) if rated else None,
                integrity_findings=number % 3,
            )
        )
    return tuple(lines)


def area_report(many: int = 120) -> AreaReport:
    return AreaReport(
        occasion=OCCASION,
        area="台州市",
        dimensions=tuple(title for _, title, *_ in DIMENSIONS),
        rows=rank_lines(many),
        clauses=tuple(
            ComplianceLine(
                clause=clause[0],
                title=clause[1],
                dimension=next(title for name, title, *_ in DIMENSIONS if name == clause[2]),
                applies=900 + n,
                met=500 + n,
                partly_met=200,
                unmet=150,
                no_data=50,
                attainment=0.712 + n / 100,
                source=clause[9],
                trust=trust(clause[10]).zh,
            )
            for n, clause in enumerate(CLAUSES)
        ),
        spread=tuple(
            SpreadLine(
                what=title,
                schools=998,
                least=31.2,
                lower=62.5,
                median=71.9,
                upper=80.4,
                most=97.7,
                mean=71.3,
                variation=0.171,
            )
            for title in ("总分", *(title for _, title, *_ in DIMENSIONS))
        ),
        limits=(
            LimitLine(
                title="校际差异系数",
                group="椒江区",
                stage="小学",
                clause="A12",
                schools=44,
                variation=0.412,
                at_most=0.5,
                holds=True,
            ),
            LimitLine(
                title="校际差异系数",
                group="三门县",
                stage="初中",
                clause="A12",
                schools=12,
                variation=0.471,
                at_most=0.45,
                holds=False,
            ),
        ),
        quotas=(
            QuotaLine(rule="每个县（市、区）", least=2, most=12, selected=50, holds=True),
            QuotaLine(rule="幼儿园", least=5, most=None, selected=8, holds=True),
        ),
        divisions=tuple(
            DivisionLine(
                division=name,
                schools=111,
                rated=106,
                mean=71.4,
                coverage=0.931,
                passed=20,
                selected=6 - n % 2,
            )
            for n, name in enumerate(DIVISIONS)
        ),
        integrity_findings=(("大屏无人开启", 41, 12), ("填报与感知不符", 17, 17)),
        procedure="符合条件的学校按得分从高到低，满足各项名额规则，精确求解；同分依次比较使用、账实管理维度。",
    )


def notice() -> Notice:
    rows = tuple(line for line in rank_lines(1000) if line.status == "selected")
    return Notice(
        occasion=OCCASION,
        area="台州市",
        rows=rows,
        rules=(
            "总分不低于 85 分，每个维度不低于 60 分，无一否决线未过。",
            "每个县（市、区）不少于 2 所，不多于 12 所。",
            "同分时依次比较使用、账实管理维度得分，再比较学校标识码。",
        ),
        starts=date(2026, 12, 1),
        ends=date(2026, 12, 7),
        office="",
        contact="",
        considered=1000,
        rated=950,
    )


def chosen_by_score(
    assessment: Assessment,
    places: int = 5,
    override: dict[str, Any] | None = None,
    rules: dict[str, Any] | None = None,
) -> FiledSelection:
    """Return a selection of the best by score, as one is filed."""
    frame = filed(assessment).frame
    order = frame.filter(pl.col("rank").is_not_null())
    selected = order["id"].to_list()[:places]
    schools = {
        row["id"]: outcome(
            selected=row["id"] in selected,
            rank=row["rank"],
            place=row["rank"],
            is_eligible=row["rank"] is not None,
            reason=message("selection.reason.score_out", score="1.00", place=row["rank"], places=5)
            if row["rank"]
            else message("selection.reason.hard", parts=[message("selection.hard.no_evidence")]),
            rank_low=row["rank"] and max(1, row["rank"] - 2),
            rank_high=row["rank"] and row["rank"] + 3,
            chance=0.5,
            rival=order["id"][places if row["id"] in selected else places - 1],
        )
        for row in frame.to_dicts()
    }
    quotas = [
        {"code": "331002", "least": 1, "most": None, "selected": 2, "holds": True},
        {"code": "331003", "least": 1, "most": 3, "selected": 5, "holds": False},
    ]
    made = contents(
        places=places,
        order=(
            message("selection.order.score", decimals=2),
            message("selection.order.more", title="coverage"),
            message("selection.order.code"),
        ),
        schools=schools,
        quotas=[{"group": "division", **quota} for quota in quotas],
        override=override,
    )
    row = assessment.row
    return opened_selection(file_selection(row.id, rules or {}, 0, made, row.created_at))
