"""The report of one school as a workbook: every figure in full precision, every row of evidence."""

from collections.abc import Iterator
from typing import Any

from cloud.reports import formatting
from cloud.reports.shapes import SchoolReport
from cloud.reports.workbook import (
    SCORE,
    SHARE,
    YUAN,
    Column,
    book_bytes,
    facts_sheet,
    new_book,
    table_sheet,
)
from cloud.selection.improvement.plan import shown_days, shown_yuan

_DIMENSIONS = (
    Column("维度", 20),
    Column("权重", 8, "0.##"),
    Column("得分", 12, SCORE),
    Column("及格线", 10, "0.##"),
    Column("是否低于及格线", 12),
    Column("证据覆盖率", 12, SHARE),
)
_CLAUSES = (
    Column("条款", 8),
    Column("内容", 26),
    Column("维度", 12),
    Column("结论", 10),
    Column("实测", 12, "#,##0.####"),
    Column("单位", 7),
    Column("要求", 14),
    Column("得分", 10, SCORE),
    Column("权重", 10, SCORE),
    Column("证据覆盖率", 11, SHARE),
    Column("说明", 46),
    Column("否决线", 12),
    Column("数据来源", 10),
    Column("要求的出处", 34),
    Column("出处可信程度", 30),
    Column("证据条数", 9, "#,##0"),
    Column("评价后的变化", 24),
)
_GAPS = (
    Column("条款", 8),
    Column("内容", 26),
    Column("失分", 10, SCORE),
    Column("实测", 12),
    Column("要求", 14),
    Column("怎样改进", 44),
    Column("补齐约需（元）", 14, YUAN),
    Column("补齐约需（工作日）", 14, "0.0"),
    Column("费用说明", 26),
)
_STEPS = (
    Column("条款", 8),
    Column("内容", 30),
    Column("做什么", 56),
    Column("增加得分", 12, SCORE),
    Column("约需（元）", 14, YUAN),
    Column("约需（工作日）", 14, "0.0"),
)
_EVIDENCE = (
    Column("条款", 8),
    Column("内容", 26),
    Column("证据", 60),
    Column("计入", 12, "#,##0.####"),
    Column("应计", 12, "#,##0.####"),
    Column("无数据", 12, "#,##0.####"),
    Column("编号", 34),
)
_INTEGRITY = (
    Column("核查项", 22),
    Column("程度", 10),
    Column("发现", 60),
    Column("请核实", 44),
    Column("证据", 60),
    Column("证据条数", 9, "#,##0"),
)


def school_xlsx(report: SchoolReport) -> bytes:
    """Return the report as .xlsx."""
    book = new_book(f"{report.name} {report.occasion.standard}")
    facts_sheet(book, "概览", report.name, _facts(report))
    table_sheet(book, "维度", _DIMENSIONS, _dimensions(report))
    table_sheet(book, "逐条得分", _CLAUSES, _clauses(report))
    table_sheet(book, "差距与费用", _GAPS, _gaps(report))
    if report.least is not None:
        table_sheet(book, "最省的改进", _STEPS, _steps(report))
    table_sheet(book, "证据", _EVIDENCE, _evidence(report))
    if report.integrity_findings is not None:
        table_sheet(book, "真实性核查", _INTEGRITY, _integrity(report))
    return book_bytes(book, report.occasion.assessed_at)


def _facts(report: SchoolReport) -> Iterator[tuple[str, Any, str]]:
    occasion, verdict = report.occasion, report.verdict
    yield "学校标识码", report.school, "@"
    yield "县（市、区）", report.division, "@"
    yield "办学类型", report.kind, "@"
    yield "班级数", report.classes, "0"
    yield "学生数", report.pupils, "0"
    yield "教师数", report.teachers, "0"
    yield (
        "得分",
        report.value if report.value is not None else formatting.STATUSES["not_rated"],
        SCORE,
    )
    if report.value is None:
        yield "为何未评级", formatting.why_not_rated(report), "@"
        yield "现有证据下的得分", report.raw, SCORE
    yield "等级", report.grade, "@"
    yield "证据覆盖率", report.coverage, SHARE
    yield "未过的规则", "\n".join(report.blocks) or "无", "@"
    if verdict is not None:
        yield "遴选结果", formatting.STATUSES[verdict.status], "@"
        yield "起决定作用的规则", verdict.rule, "@"
        yield "名次", verdict.rank, "0"
        yield "参评学校", verdict.among, "0"
        yield "名次区间", formatting.ranks(verdict.interval), "@"
        yield "入选概率", verdict.chance, SHARE
        yield "相邻学校", verdict.cutoff_comparison, "@"
        yield "人工调整", verdict.override or "无", "@"
    if report.least is not None:
        yield "最省的改进", report.least.words, "@"
        yield "最省的改进约需（元）", report.least.total_yuan, YUAN
        yield "最省的改进约需（工作日）", report.least.total_days, "0.0"
    yield "标准", occasion.standard, "@"
    yield "标准版本", occasion.edition, "@"
    yield "标准说明", occasion.note, "@"
    yield "评价时段", formatting.span(occasion.start, occasion.end), "@"
    yield "评价时间", formatting.moment(occasion.assessed_at), "@"
    yield "评价编号", occasion.assessment, "@"
    yield "输入摘要", occasion.digest, "@"
    if occasion.replaced_by:
        yield "名单状态", formatting.replaced(occasion.selection, occasion.replaced_by), "@"


def _dimensions(report: SchoolReport) -> Iterator[tuple[Any, ...]]:
    for dimension in report.dimensions:
        low = "是" if dimension.failed else "否" if dimension.pass_mark is not None else ""
        yield (
            dimension.title,
            dimension.weight,
            dimension.value,
            dimension.pass_mark,
            low,
            dimension.coverage,
        )


def _clauses(report: SchoolReport) -> Iterator[tuple[Any, ...]]:
    """Yield every clause; a dimension of which nothing applies to the school has no title here."""
    titles = {dimension.dimension: dimension.title for dimension in report.dimensions}
    for clause in report.clauses:
        yield (
            clause.clause,
            clause.title,
            titles.get(clause.dimension, formatting.OUTCOMES["not_applicable"]),
            formatting.OUTCOMES[clause.outcome],
            clause.measured,
            clause.unit if clause.unit != "%" else "比例",
            clause.target,
            clause.points,
            clause.weight,
            clause.coverage,
            clause.reason,
            formatting.gate(clause),
            formatting.DATA_SOURCES.get(clause.data_source, clause.data_source),
            clause.source,
            clause.trust,
            clause.evidence_total,
            formatting.CHANGED if clause.has_changed else "",
        )


def _gaps(report: SchoolReport) -> Iterator[tuple[Any, ...]]:
    for line in formatting.gaps(report):
        yield (
            line.clause,
            line.title,
            formatting.lost(line, report.occasion.scale),
            formatting.figure(line.measured, line.unit),
            line.target,
            line.remedy,
            None if line.cost is None or line.cost.yuan is None else shown_yuan(line.cost.yuan),
            None if line.cost is None or line.cost.days is None else shown_days(line.cost.days),
            formatting.PRICED if line.cost is not None else formatting.UNPRICED,
        )


def _steps(report: SchoolReport) -> Iterator[tuple[Any, ...]]:
    for step in report.least.steps if report.least else ():
        yield step.clause, step.title, step.todo, step.points, step.yuan, step.days


def _evidence(report: SchoolReport) -> Iterator[tuple[Any, ...]]:
    for clause in report.clauses:
        for row in clause.evidence:
            yield (
                clause.clause,
                clause.title,
                row.text,
                row.part,
                row.whole,
                row.unknown,
                row.ref,
            )
        left = clause.evidence_total - len(clause.evidence)
        if left > 0:
            note = f"另有 {left:,} 条，见系统中本条的证据页"
            yield clause.clause, clause.title, note, None, None, None, ""


def _integrity(report: SchoolReport) -> Iterator[tuple[Any, ...]]:
    for finding in report.integrity_findings or ():
        yield (
            finding.check,
            formatting.SEVERITIES[finding.severity],
            finding.text,
            finding.ask,
            "\n".join(finding.evidence),
            finding.evidence_total,
        )
