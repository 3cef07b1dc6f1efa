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
        "doubts": [
            {"check": check, "findings": f"{many:,}", "schools": f"{schools:,}"}
            for check, many, schools in report.doubts
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


def _ranked(one: RankLine) -> dict[str, Any]:
    return {
        "rank": formatting.NONE if one.rank is None else str(one.rank),
        "school": one.school,
        "name": one.name,
        "division": one.division,
        "kind": one.kind,
        "value": formatting.score(one.value),
        "grade": one.grade or formatting.NONE,
        "coverage": formatting.percent(one.coverage),
        "interval": formatting.NONE
        if one.interval is None
        else f"{one.interval[0]}–{one.interval[1]}",
        "chance": formatting.percent(one.chance, 0),
        "status": one.status,
        "word": formatting.STATUSES[one.status],
        "rule": one.rule,
        "doubts": str(one.doubts) if one.doubts else "",
    }


def _quota(one: QuotaLine) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "least": formatting.NONE if one.least is None else str(one.least),
        "most": formatting.NONE if one.most is None else str(one.most),
        "selected": str(one.selected),
        "holds": one.holds,
        "word": formatting.holds(one.holds),
    }


def _division(one: DivisionLine) -> dict[str, Any]:
    return {
        "division": one.division,
        "schools": f"{one.schools:,}",
        "rated": f"{one.rated:,}",
        "mean": formatting.score(one.mean),
        "coverage": formatting.percent(one.coverage),
        "passed": f"{one.passed:,}",
        "selected": f"{one.selected:,}",
    }


def _clause(one: ComplianceLine) -> dict[str, Any]:
    whole = one.applies or 1
    return {
        "clause": one.clause,
        "title": one.title,
        "dimension": one.dimension,
        "applies": f"{one.applies:,}",
        "met": formatting.percent(one.met / one.applies if one.applies else None),
        "attainment": formatting.percent(one.attainment),
        "shares": [n / whole for n in (one.met, one.partly_met, one.unmet, one.no_data)],
        "counts": "/".join(str(n) for n in (one.met, one.partly_met, one.unmet, one.no_data)),
        "source": one.source,
        "trust": one.trust,
    }


def _spread(one: SpreadLine, scale: float) -> dict[str, Any]:
    five = (one.least, one.lower, one.median, one.upper, one.most)
    known = [value / scale for value in five if value is not None]
    return {
        "what": one.what,
        "schools": f"{one.schools:,}",
        "five": [formatting.score(value) for value in five],
        "box": known if len(known) == len(five) else [],
        "mean": formatting.score(one.mean),
        "variation": formatting.NONE if one.variation is None else f"{one.variation:.3f}",
    }


def _limit(one: LimitLine) -> dict[str, Any]:
    return {
        "title": one.title,
        "group": one.group,
        "stage": one.stage,
        "clause": one.clause,
        "schools": f"{one.schools:,}",
        "variation": formatting.NONE if one.variation is None else f"{one.variation:.3f}",
        "at_most": f"{one.at_most:g}",
        "holds": one.holds,
        "word": formatting.holds(one.holds),
    }
