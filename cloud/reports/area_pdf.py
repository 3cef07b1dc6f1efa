"""The report of a county or of the city, and the publicity notice, as PDF."""

from typing import Any

from cloud.reports import formatting
from cloud.reports.pdf import pdf
from cloud.reports.school_pdf import occasion_data
from cloud.reports.shapes import (
    AreaReport,
    ComplianceLine,
    DivisionLine,
    LimitLine,
    Notice,
    QuotaLine,
    RankLine,
    SpreadLine,
)

BINS = 20


def area_pdf(report: AreaReport) -> bytes:
    """Return the report as .pdf."""
    return pdf("area", area_data(report), report.occasion.assessed_at)


def notice_pdf(notice: Notice) -> bytes:
    """Return the notice as .pdf."""
    return pdf("notice", notice_data(notice), notice.occasion.assessed_at)


def area_data(report: AreaReport) -> dict[str, Any]:
    """Return all that the template of a county or the city shows, as texts."""
    rows, scale = report.rows, report.occasion.scale
    rated = [row.value for row in rows if row.value is not None]
    chosen = [row for row in rows if row.status == "selected"]
    return {
        "occasion": occasion_data(report.occasion),
        "area": report.area,
        "figures": [
            {"what": "参评学校", "value": f"{len(rows):,}"},
            {"what": "已评级", "value": f"{len(rated):,}"},
            {
                "what": "平均分",
                "value": formatting.score(sum(rated) / len(rated) if rated else None),
            },
            {"what": "入选", "value": f"{len(chosen):,}"},
        ],
        "bins": _bins(rated, scale),
        "procedure": report.procedure,
        "quotas": [_quota(quota) for quota in report.quotas],
        "overrides": list(report.overrides),
        "warnings": [{"school": name, "what": what} for name, what in report.warnings],
        "matters": [{"choice": choice, "what": what} for choice, what in report.matters],
        "divisions": [_division(division) for division in report.divisions],
        "chosen": [_ranked(line) for line in chosen],
        "first_out": [_ranked(line) for line in _first_out(report)],
        "rows": [_ranked(row) for row in rows],
        "clauses": [_clause(clause) for clause in report.clauses],
        "spread": [_spread(spread, scale) for spread in report.spread],
        "limits": [_limit(limit) for limit in report.limits],
        "integrity_findings": [
            {"check": check, "findings": f"{many:,}", "schools": f"{schools:,}"}
            for check, many, schools in report.integrity_findings
        ],
    }


def notice_data(notice: Notice) -> dict[str, Any]:
    """Return all that the template of the notice shows, as texts."""
    return {
        "occasion": occasion_data(notice.occasion),
        "area": notice.area,
        "starts": "" if notice.starts is None else formatting.day(notice.starts),
        "ends": "" if notice.ends is None else formatting.day(notice.ends),
        "office": notice.office,
        "contact": notice.contact,
        "rules": list(notice.rules),
        "overrides": list(notice.overrides),
        "considered": f"{notice.considered:,}",
        "rated": f"{notice.rated:,}",
        "many": f"{len(notice.rows):,}",
        "rows": [_ranked(row) for row in notice.rows],
    }


def _first_out(report: AreaReport) -> list[RankLine]:
    """Return the best of those that could have been selected and were not."""
    out = [row for row in report.rows if row.status == "not_selected"]
    return out[:3] if any(row.status == "selected" for row in report.rows) else []


def _bins(values: list[float], scale: float) -> list[dict[str, Any]]:
    """Return how many scores lie in each twentieth of the scale."""
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int(value / scale * BINS))] += 1
    most = max(counts) or 1
    return [
        {"from": f"{scale * at / BINS:g}", "many": str(many), "share": many / most}
        for at, many in enumerate(counts)
    ]


def _ranked(line: RankLine) -> dict[str, Any]:
    return {
        "rank": formatting.NONE if line.rank is None else str(line.rank),
        "school": line.school,
        "name": line.name,
        "division": line.division,
        "kind": line.kind,
        "value": formatting.score(line.value),
        "grade": line.grade or formatting.NONE,
        "coverage": formatting.percent(line.coverage),
        "interval": formatting.NONE
        if line.interval is None
        else f"{line.interval[0]}–{line.interval[1]}",
        "chance": formatting.percent(line.chance),
        "status": line.status,
        "word": formatting.STATUSES[line.status],
        "rule": line.rule,
        "integrity_findings": str(line.integrity_findings) if line.integrity_findings else "",
    }


def _quota(line: QuotaLine) -> dict[str, Any]:
    return {
        "rule": line.rule,
        "least": formatting.NONE if line.least is None else str(line.least),
        "most": formatting.NONE if line.most is None else str(line.most),
        "selected": str(line.selected),
        "holds": line.holds,
        "word": formatting.holds(line.holds),
    }


def _division(line: DivisionLine) -> dict[str, Any]:
    return {
        "division": line.division,
        "schools": f"{line.schools:,}",
        "rated": f"{line.rated:,}",
        "mean": formatting.score(line.mean),
        "coverage": formatting.percent(line.coverage),
        "passed": f"{line.passed:,}",
        "selected": f"{line.selected:,}",
    }


def _clause(line: ComplianceLine) -> dict[str, Any]:
    whole = line.applies or 1
    return {
        "clause": line.clause,
        "title": line.title,
        "dimension": line.dimension,
        "applies": f"{line.applies:,}",
        "met": formatting.percent(line.met / line.applies if line.applies else None),
        "attainment": formatting.percent(line.attainment),
        "shares": [n / whole for n in (line.met, line.partly_met, line.unmet, line.no_data)],
        "counts": "/".join(str(n) for n in (line.met, line.partly_met, line.unmet, line.no_data)),
        "source": line.source,
        "trust": line.trust,
    }


def _spread(line: SpreadLine, scale: float) -> dict[str, Any]:
    five = (line.least, line.lower, line.median, line.upper, line.most)
    known = [value / scale for value in five if value is not None]
    return {
        "what": line.what,
        "schools": f"{line.schools:,}",
        "five": [formatting.score(value) for value in five],
        "box": known if len(known) == len(five) else [],
        "mean": formatting.score(line.mean),
        "variation": formatting.NONE if line.variation is None else f"{line.variation:.3f}",
    }


def _limit(line: LimitLine) -> dict[str, Any]:
    return {
        "title": line.title,
        "group": line.group,
        "stage": line.stage,
        "clause": line.clause,
        "schools": f"{line.schools:,}",
        "variation": formatting.NONE if line.variation is None else f"{line.variation:.3f}",
        "at_most": f"{line.at_most:g}",
        "holds": line.holds,
        "word": formatting.holds(line.holds),
    }
