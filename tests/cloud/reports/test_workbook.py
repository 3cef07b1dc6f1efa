"""Workbooks, read back by openpyxl cell by cell."""

import dataclasses
import io
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from cloud.reports import formatting
from cloud.reports.area_xlsx import area_xlsx, notice_xlsx
from cloud.reports.school_xlsx import school_xlsx
from cloud.selection.improvement.plan import shown_days, shown_yuan
from tests._parts.area_reports import area_report, notice
from tests._parts.reports import school_report, unrated


def near(value: float | None) -> Any:
    """Return what equals a figure up to the sixteen digits that a workbook holds."""
    return None if value is None else pytest.approx(value, rel=1e-14)


def opened(content: bytes) -> Workbook:
    book: Workbook = load_workbook(io.BytesIO(content))
    return book


def table(book: Workbook, sheet: str) -> list[dict[str, Any]]:
    head, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def facts(book: Workbook, sheet: str) -> dict[str, Any]:
    return {str(row[0]): row[1] for row in book[sheet].iter_rows(min_row=3, values_only=True)}


def test_every_clause_of_a_school_has_its_figures_and_its_source() -> None:
    report = school_report()
    rows = table(opened(school_xlsx(report)), "逐条得分")
    titles = {dimension.dimension: dimension.title for dimension in report.dimensions}
    assert len(rows) == len(report.clauses)
    for row, clause in zip(rows, report.clauses, strict=True):
        assert row == {
            "条款": clause.clause,
            "内容": clause.title,
            "维度": titles[clause.dimension],
            "结论": formatting.OUTCOMES[clause.outcome],
            "实测": clause.measured,
            "单位": "比例" if clause.unit == "%" else clause.unit or None,
            "要求": clause.target,
            "得分": near(clause.points),
            "权重": clause.weight,
            "证据覆盖率": clause.coverage,
            "说明": clause.reason,
            "否决线": formatting.gate(clause) or None,
            "数据来源": formatting.DATA_SOURCES[clause.data_source],
            "要求的出处": clause.source,
            "出处可信程度": clause.trust,
            "证据条数": clause.evidence_total,
            "评价后的变化": None,
        }


def test_the_overview_of_a_school_has_score_verdict_and_rule() -> None:
    report = school_report()
    overview = facts(opened(school_xlsx(report)), "概览")
    assert report.verdict is not None
    assert overview["得分"] == report.value
    assert overview["证据覆盖率"] == report.coverage
    assert overview["遴选结果"] == "不符合入选条件"
    assert overview["起决定作用的规则"] == report.verdict.rule
    assert overview["名次区间"] == "第 48–77 名"
    assert overview["入选概率"] == report.verdict.chance
    assert overview["未过的规则"] == "\n".join(report.blocks)
    assert overview["输入摘要"] == report.occasion.digest
    assert overview["评价时间"] == "2026年11月25日 09:30"


def test_a_school_that_is_not_rated_reads_why() -> None:
    overview = facts(opened(school_xlsx(unrated(school_report()))), "概览")
    assert overview["得分"] == "未评级"
    assert "只占 79.9%，低于标准要求的 80.0%" in overview["为何未评级"]
    assert overview["现有证据下的得分"] == 61.2345


def test_gaps_come_by_what_they_cost_in_points() -> None:
    report = school_report()
    rows = table(opened(school_xlsx(report)), "差距与费用")
    lost = [row["失分"] for row in rows]
    assert lost == sorted(lost, reverse=True)
    short = {clause.clause for clause in report.clauses if clause.points != clause.weight}
    assert {row["条款"] for row in rows} == short
    by_clause = {clause.clause: clause for clause in report.clauses}
    for row in rows:
        cost = by_clause[row["条款"]].cost
        yuan, days = (None, None) if cost is None else (cost.yuan, cost.days)
        assert row["补齐约需（元）"] == (None if yuan is None else shown_yuan(yuan))
        assert row["补齐约需（工作日）"] == (None if days is None else shown_days(days))


def test_evidence_that_is_left_out_is_counted() -> None:
    report = school_report()
    rows = table(opened(school_xlsx(report)), "证据")
    first = [row for row in rows if row["条款"] == "A01"]
    assert [row["编号"] for row in first[:5]] == [f"asset:{n}" for n in range(1, 6)]
    assert first[-1]["证据"] == "另有 315 条，见系统中本条的证据页"


def test_dimensions_steps_and_integrity_findings_are_whole() -> None:
    report = school_report()
    book = opened(school_xlsx(report))
    assert [row["得分"] for row in table(book, "维度")] == [
        dimension.value for dimension in report.dimensions
    ]
    assert report.least is not None
    assert report.integrity_findings is not None
    assert [(row["条款"], row["约需（元）"]) for row in table(book, "最省的改进")] == [
        (step.clause, step.yuan) for step in report.least.steps
    ]
    assert [(row["核查项"], row["证据条数"]) for row in table(book, "真实性核查")] == [
        (finding.check, finding.evidence_total) for finding in report.integrity_findings
    ]


@pytest.mark.slow
def test_a_ranking_of_a_thousand_schools_is_whole() -> None:
    report = area_report(1000)
    rows = table(opened(area_xlsx(report)), "排名")
    assert len(rows) == 1000
    for row, line in zip(rows, report.rows, strict=True):
        assert row["名次"] == line.rank
        assert row["学校标识码"] == line.school
        assert row["学校"] == line.name
        assert row["得分"] == near(line.value)
        assert row["遴选结果"] == formatting.STATUSES[line.status]
        assert row["起决定作用的规则"] == line.rule
        assert (row["名次下限"], row["名次上限"]) == (line.interval or (None, None))
        assert [row[title] for title in report.dimensions] == [near(v) for v in line.dimensions]


def test_an_area_has_compliance_variation_quotas_and_counties() -> None:
    report = area_report()
    book = opened(area_xlsx(report))
    assert [
        (row["条款"], row["适用学校"], row["达标"], row["部分达标"], row["未达标"], row["无数据"])
        for row in table(book, "条款达标")
    ] == [
        (clause.clause, clause.applies, clause.met, clause.partly_met, clause.unmet, clause.no_data)
        for clause in report.clauses
    ]
    assert [row["差异系数"] for row in table(book, "校际差异")] == [0.171] * 9
    assert [row["是否符合"] for row in table(book, "差异系数规定")] == ["是", "否"]
    assert [row["入选"] for row in table(book, "名额规则")] == [50, 8]
    assert len(table(book, "各县（市、区）")) == 9
    assert len(table(book, "入选名单")) == 50


def test_what_matters_most_and_what_to_know_of_the_list_have_a_sheet() -> None:
    influence = ("各维度权重", "若换一种维度权重，入选名单平均变动 4.3 所。")
    warned = ("第一小学", "按规则不能入选，因人工调整而入选。")
    report = dataclasses.replace(area_report(), matters=(influence,), warnings=(warned,))
    book = opened(area_xlsx(report))
    assert [tuple(row.values()) for row in table(book, "哪个选择影响最大")] == [influence]
    assert [tuple(row.values()) for row in table(book, "须知")] == [warned]


def test_what_an_area_does_not_have_takes_no_sheet() -> None:
    report = dataclasses.replace(
        area_report(), limits=(), quotas=(), divisions=(), integrity_findings=()
    )
    assert opened(area_xlsx(report)).sheetnames == [
        "概览",
        "排名",
        "入选名单",
        "条款达标",
        "校际差异",
    ]


def test_a_notice_lists_the_selected_and_the_rules() -> None:
    content = notice()
    book = opened(notice_xlsx(content))
    assert [row["学校"] for row in table(book, "公示名单")] == [row.name for row in content.rows]
    explanation = facts(book, "公示说明")
    assert explanation["公示期"] == "2026年12月1日至2026年12月7日"
    assert explanation["遴选规则"] == "\n".join(content.rules)
    assert explanation["发布单位"] is None


def test_the_same_report_gives_the_same_bytes_with_the_time_of_the_assessment() -> None:
    content = school_xlsx(school_report())
    assert content == school_xlsx(school_report())
    assert area_xlsx(area_report()) == area_xlsx(area_report())
    book = opened(content)
    assert book.properties.created == book.properties.modified
    assert str(book.properties.created) == "2026-11-25 01:30:00"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


WICKED = (
    "=1+1",
    '=HYPERLINK("x","y")',
    "+1",
    "-1",
    "@SUM(A1)",
    "#REF!",
    "=",
    "{{x}}",
    "</t>&amp;<b>",
    "'quoted",
    "TRUE",
    "001",
)


@pytest.mark.parametrize("name", WICKED)
def test_a_name_in_a_cell_is_text_and_never_a_formula(name: str) -> None:
    report = dataclasses.replace(school_report(), division=name, blocks=(name,))
    cell = opened(school_xlsx(report))["概览"]["B4"]
    assert (cell.value, cell.data_type) == (name, "s")
    rows = (dataclasses.replace(area_report().rows[0], name=name, rule=name),)
    book = opened(area_xlsx(dataclasses.replace(area_report(), rows=rows)))
    assert (book["排名"]["C2"].value, book["排名"]["C2"].data_type) == (name, "s")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\x00b\x1bc", "a\ufffdb\ufffdc"),
        ("行一\n行二\t三", "行一\n行二 三"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("\ud800", "\ufffd"),
        ("𠮷野小学😀", "𠮷野小学😀"),
        ("长" * 40_000, "长" * 32_000 + "…"),
    ],
    ids=["control", "newline", "turned", "surrogate", "astral", "long"],
)
def test_what_no_page_can_show_is_replaced(given: str, shown: str) -> None:
    report = dataclasses.replace(school_report(), division=given)
    assert opened(school_xlsx(report))["概览"]["B4"].value == shown


def test_clauses_of_a_dimension_that_does_not_apply_are_there_too() -> None:
    report = school_report()
    gone = report.clauses[0].dimension
    kept = tuple(dimension for dimension in report.dimensions if dimension.dimension != gone)
    rows = table(opened(school_xlsx(dataclasses.replace(report, dimensions=kept))), "逐条得分")
    assert len(rows) == len(report.clauses)
    assert {row["维度"] for row in rows if row["条款"] == report.clauses[0].clause} == {"不适用"}
