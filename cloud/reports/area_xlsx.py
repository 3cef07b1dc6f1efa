"""The report of a county or of the city, and the publicity notice, as workbooks."""

from collections.abc import Iterator, Sequence
from typing import Any

from cloud.reports import formatting
from cloud.reports.shapes import AreaReport, Notice, Occasion, RankLine
from cloud.reports.workbook import (
    SCORE,
    SHARE,
    Column,
    book_bytes,
    facts_sheet,
    new_book,
    table_sheet,
)

_RANKING = (
    Column("名次", 8, "0"),
    Column("学校标识码", 14),
    Column("学校", 30),
    Column("县（市、区）", 12),
    Column("办学类型", 16),
    Column("得分", 12, SCORE),
    Column("等级", 8),
    Column("证据覆盖率", 12, SHARE),
    Column("遴选结果", 14),
    Column("起决定作用的规则", 44),
    Column("名次下限", 10, "0"),
    Column("名次上限", 10, "0"),
    Column("入选概率", 11, SHARE),
    Column("真实性核查发现", 11, "0"),
    Column("现有证据下的得分", 12, SCORE),
)
_CLAUSES = (
    Column("条款", 8),
    Column("内容", 30),
    Column("维度", 14),
    Column("适用学校", 10, "#,##0"),
    Column("达标", 8, "#,##0"),
    Column("部分达标", 8, "#,##0"),
    Column("未达标", 8, "#,##0"),
    Column("无数据", 8, "#,##0"),
    Column("达标率", 10, SHARE),
    Column("平均达成度", 11, SHARE),
    Column("要求的出处", 40),
    Column("出处可信程度", 34),
)
_SPREAD = (
    Column("项目", 22),
    Column("学校数", 10, "#,##0"),
    *(Column(name, 11, SCORE) for name in ("最低", "下四分位", "中位", "上四分位", "最高", "平均")),
    Column("差异系数", 11, "0.0000"),
)
_LIMITS = (
    Column("规定", 30),
    Column("范围", 14),
    Column("学段", 8),
    Column("条款", 8),
    Column("学校数", 10, "#,##0"),
    Column("差异系数", 11, "0.0000"),
    Column("不高于", 10, "0.00##"),
    Column("是否符合", 10),
)
_QUOTAS = (
    Column("名额规则", 40),
    Column("不少于", 10, "0"),
    Column("不多于", 10, "0"),
    Column("入选", 10, "0"),
    Column("是否符合", 10),
)
_DIVISIONS = (
    Column("县（市、区）", 16),
    Column("学校", 10, "#,##0"),
    Column("已评级", 10, "#,##0"),
    Column("平均分", 12, SCORE),
    Column("平均覆盖率", 12, SHARE),
    Column("符合入选条件", 12, "#,##0"),
    Column("入选", 10, "#,##0"),
)
_MATTERS = (Column("选择", 34), Column("换一种会怎样", 80))
_WARNINGS = (Column("学校", 34), Column("须知", 60))
_INTEGRITY = (Column("核查项", 34), Column("发现", 10, "#,##0"), Column("涉及学校", 10, "#,##0"))
_QUESTIONS = (
    Column("学校标识码", 14),
    Column("学校", 32),
    Column("县（市、区）", 14),
    Column("核查项", 26),
    Column("程度", 10),
    Column("发现", 60),
    Column("请学校", 60),
)
_LIST = (
    Column("序号", 8, "0"),
    Column("学校标识码", 14),
    Column("学校", 32),
    Column("县（市、区）", 14),
    Column("办学类型", 18),
    Column("得分", 12, SCORE),
    Column("名次", 8, "0"),
    Column("入选理由", 50),
)


def area_xlsx(report: AreaReport) -> bytes:
    """Return the report as .xlsx."""
    book = new_book(f"{report.area} {report.occasion.standard}")
    facts_sheet(book, "概览", report.area, _facts(report))
    columns = (*_RANKING, *(Column(title, 12, SCORE) for title in report.dimensions))
    table_sheet(book, "排名", columns, (_ranked(row) for row in report.rows))
    chosen = [row for row in report.rows if row.status == "selected"]
    table_sheet(book, "入选名单", _LIST, _listed(chosen))
    if report.quotas:
        table_sheet(book, "名额规则", _QUOTAS, _quotas(report))
    if report.warnings:
        table_sheet(book, "须知", _WARNINGS, report.warnings)
    if report.matters:
        table_sheet(book, "哪个选择影响最大", _MATTERS, report.matters)
    table_sheet(book, "条款达标", _CLAUSES, _clauses(report))
    table_sheet(book, "校际差异", _SPREAD, _spread(report))
    if report.limits:
        table_sheet(book, "差异系数规定", _LIMITS, _limits(report))
    if report.divisions:
        table_sheet(book, "各县（市、区）", _DIVISIONS, _divisions(report))
    if report.integrity_findings:
        table_sheet(book, "真实性核查", _INTEGRITY, report.integrity_findings)
        table_sheet(book, "真实性核查逐校", _QUESTIONS, report.questions)
    return book_bytes(book, report.occasion.assessed_at)


def notice_xlsx(notice: Notice) -> bytes:
    """Return the notice as .xlsx."""
    book = new_book(f"{notice.area} 公示名单")
    table_sheet(book, "公示名单", _LIST, _listed(notice.rows))
    facts_sheet(book, "公示说明", f"{notice.area}公示说明", _notice_facts(notice))
    return book_bytes(book, notice.occasion.assessed_at)


def _facts(report: AreaReport) -> Iterator[tuple[str, Any, str]]:
    rows = report.rows
    yield "参评学校", len(rows), "0"
    yield "已评级", sum(row.value is not None for row in rows), "0"
    yield "入选", sum(row.status == "selected" for row in rows), "0"
    yield "名额", report.occasion.places, "0"
    yield "遴选办法", report.procedure, "@"
    if report.overrides:
        yield "人工调整", "\n".join(report.overrides), "@"
    yield from _occasion(report.occasion)


def _occasion(occasion: Occasion) -> Iterator[tuple[str, Any, str]]:
    yield "标准", occasion.standard, "@"
    yield "标准版本", occasion.edition, "@"
    yield "标准说明", occasion.note, "@"
    yield "评价时段", formatting.span(occasion.start, occasion.end), "@"
    yield "评价时间", formatting.moment(occasion.assessed_at), "@"
    yield "评价编号", occasion.assessment, "@"
    yield "输入摘要（全部学校）", occasion.digest, "@"
    if occasion.selection:
        yield "名单编号", occasion.selection, "@"
    if occasion.replaced_by:
        yield "名单状态", formatting.replaced(occasion.selection, occasion.replaced_by), "@"


def _notice_facts(notice: Notice) -> Iterator[tuple[str, Any, str]]:
    yield "公示期", formatting.span(notice.starts, notice.ends), "@"
    yield "发布单位", notice.office, "@"
    yield "异议受理", notice.contact, "@"
    yield "参评学校", notice.considered, "0"
    yield "已评级", notice.rated, "0"
    yield "遴选规则", "\n".join(notice.rules), "@"
    if notice.overrides:
        yield "人工调整", "\n".join(notice.overrides), "@"
    yield from _occasion(notice.occasion)


def _ranked(line: RankLine) -> tuple[Any, ...]:
    low, high = line.interval or (None, None)
    return (
        line.rank,
        line.school,
        line.name,
        line.division,
        line.kind,
        line.value,
        line.grade,
        line.coverage,
        formatting.STATUSES[line.status],
        line.rule,
        low,
        high,
        line.chance,
        line.integrity_findings,
        line.raw,
        *line.dimensions,
    )


def _listed(rows: Sequence[RankLine]) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(rows, start=1):
        yield (
            number,
            row.school,
            row.name,
            row.division,
            row.kind,
            row.value,
            row.rank,
            row.rule,
        )


def _quotas(report: AreaReport) -> Iterator[tuple[Any, ...]]:
    for quota in report.quotas:
        yield quota.rule, quota.least, quota.most, quota.selected, "是" if quota.holds else "否"


def _clauses(report: AreaReport) -> Iterator[tuple[Any, ...]]:
    for clause in report.clauses:
        yield (
            clause.clause,
            clause.title,
            clause.dimension,
            clause.applies,
            clause.met,
            clause.partly_met,
            clause.unmet,
            clause.no_data,
            clause.met / clause.applies if clause.applies else None,
            clause.attainment,
            clause.source,
            clause.trust,
        )


def _spread(report: AreaReport) -> Iterator[tuple[Any, ...]]:
    for spread in report.spread:
        yield (
            spread.what,
            spread.schools,
            spread.least,
            spread.lower,
            spread.median,
            spread.upper,
            spread.most,
            spread.mean,
            spread.variation,
        )


def _limits(report: AreaReport) -> Iterator[tuple[Any, ...]]:
    for limit in report.limits:
        yield (
            limit.title,
            limit.group,
            limit.stage,
            limit.clause,
            limit.schools,
            limit.variation,
            limit.at_most,
            formatting.holds(limit.holds),
        )


def _divisions(report: AreaReport) -> Iterator[tuple[Any, ...]]:
    for division in report.divisions:
        yield (
            division.division,
            division.schools,
            division.rated,
            division.mean,
            division.coverage,
            division.passed,
            division.selected,
        )
