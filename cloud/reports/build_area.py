"""The scores of a county or of the city as a report, and the notice made from it. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date

import polars as pl

from cloud.registry import code_lists
from cloud.reports.build import division_name, kind_name, source_words
from cloud.reports.shapes import (
    AreaReport,
    ComplianceLine,
    DivisionLine,
    Doubt,
    LimitLine,
    Notice,
    Occasion,
    QuotaLine,
    RankLine,
    SpreadLine,
    Status,
    Verdict,
)
from cloud.scoring.confidence import trust
from cloud.scoring.engine import EPSILON, Scores
from cloud.scoring.variation import variations

STAGES: Mapping[str, str] = {
    "KG": "幼儿园",
    "PRI": "小学",
    "JUN": "初中",
    "SEN": "高中",
    "VOC": "中职",
}


def area_report(
    scores: Scores,
    occasion: Occasion,
    *,
    division: str | None = None,
    verdicts: Mapping[str, Verdict] | None = None,
    doubts: Mapping[str, Sequence[Doubt]] | None = None,
    quotas: Sequence[QuotaLine] = (),
    procedure: str = "",
    city: str = "台州市",
) -> AreaReport:
    """Return the report of a county (`division` is its code) or, without one, of the city."""
    lines = rank_lines(scores, verdicts or {}, doubts or {})
    own = scores.table.filter(division is None or pl.col("division") == division)["id"].to_list()
    inside = set(own)
    rows = tuple(one for one in lines if one.school in inside)
    rated = [one.school for one in rows if one.value is not None]
    return AreaReport(
        occasion=occasion,
        area=city if division is None else division_name(division),
        dimensions=tuple(one.title.zh for one in scores.standard.dimensions),
        rows=rows,
        clauses=compliance(scores, own),
        spread=spread(scores, rated),
        limits=_limits(scores, division),
        quotas=tuple(quotas),
        divisions=_divisions(scores, rows) if division is None else (),
        doubts=_doubts({one: (doubts or {}).get(one, ()) for one in own}),
        procedure=procedure,
    )


def notice(
    report: AreaReport,
    *,
    rules: Sequence[str] = (),
    starts: date | None = None,
    ends: date | None = None,
    office: str = "",
    contact: str = "",
) -> Notice:
    """Return the publicity notice of those selected in an area's report."""
    return Notice(
        occasion=report.occasion,
        area=report.area,
        rows=tuple(one for one in report.rows if one.status == "selected"),
        rules=tuple(rules),
        starts=starts,
        ends=ends,
        office=office,
        contact=contact,
        considered=len(report.rows),
        rated=sum(one.value is not None for one in report.rows),
    )


def rank_lines(
    scores: Scores,
    verdicts: Mapping[str, Verdict],
    doubts: Mapping[str, Sequence[Doubt]],
) -> tuple[RankLine, ...]:
    """Return all schools, the best first, those not rated last.

    Where no verdict gives a rank it is one more than the number of schools with a higher score.
    """
    ranks = pl.col("value").rank("min", descending=True)
    dimensions = [one.id for one in scores.standard.dimensions]
    together = (
        scores.totals.with_columns(ranks.cast(pl.Int64).alias("rank"))
        .join(scores.dimensions.select("id", *dimensions), on="id", maintain_order="left")
        .join(scores.table.select("id", "name", "division", "school_type"), on="id")
    )
    lines = []
    for row in together.iter_rows(named=True):
        verdict = verdicts.get(row["id"]) or _undecided(row["value"], row["raw"])
        lines.append(
            RankLine(
                rank=verdict.rank or row["rank"],
                school=row["id"],
                name=row["name"] or row["id"],
                division=division_name(row["division"]),
                kind=kind_name(row["school_type"]),
                value=row["value"],
                raw=row["raw"],
                coverage=row["coverage"],
                grade=row["grade"],
                dimensions=tuple(row[name] for name in dimensions),
                status=verdict.status,
                rule=verdict.rule,
                interval=verdict.interval,
                chance=verdict.chance,
                doubts=len(doubts.get(row["id"], ())),
            )
        )
    return tuple(sorted(lines, key=_order))


def compliance(scores: Scores, schools: Collection[str]) -> tuple[ComplianceLine, ...]:
    """Return how many of some schools meet each clause, of those to which it applies."""
    titles = {one.id: one.title.zh for one in scores.standard.dimensions}
    rows = scores.clauses.filter(pl.col("id").is_in(list(schools)))
    found = []
    for clause in scores.standard.clauses:
        own = rows.filter(pl.col(f"{clause.id}.weight") > 0)[f"{clause.id}.attainment"]
        known = own.drop_nulls()
        met = int((known >= 1 - EPSILON).sum())
        unmet = int((known <= 0).sum())
        found.append(
            ComplianceLine(
                clause=clause.id,
                title=clause.title.zh,
                dimension=titles[clause.dimension],
                applies=len(own),
                met=met,
                partly_met=len(known) - met - unmet,
                unmet=unmet,
                no_data=len(own) - len(known),
                attainment=_mean(known),
                source=source_words(clause),
                trust=trust(clause.source.confidence).zh,
            )
        )
    return tuple(found)


def spread(scores: Scores, schools: Collection[str]) -> tuple[SpreadLine, ...]:
    """Return how the score and each dimension are spread over some schools."""
    chosen = pl.col("id").is_in(list(schools))
    whole = scores.totals.filter(chosen)["value"]
    parts = scores.dimensions.filter(chosen)
    named = [("总分", whole)]
    named += [(one.title.zh, parts[one.id]) for one in scores.standard.dimensions]
    return tuple(_spread(what, values.drop_nulls()) for what, values in named)


def _undecided(value: float | None, raw: float | None) -> Verdict:
    status: Status = "undecided" if value is not None else "not_rated"
    rule = "" if value is not None else "标准中没有适用的条款" if raw is None else "证据覆盖率不足"
    return Verdict(status=status, rule=rule)


def _order(line: RankLine) -> tuple[bool, int, float, str]:
    rated = line.value is not None
    return not rated, line.rank or 0, -(line.raw or 0.0), line.school


def _mean(values: pl.Series) -> float | None:
    found = values.mean()
    return float(found) if isinstance(found, int | float) else None


def _spread(what: str, values: pl.Series) -> SpreadLine:
    def at(share: float) -> float | None:
        return values.quantile(share, "linear")

    mean, deviation = _mean(values), values.std(ddof=0)
    variation = deviation / mean if mean and isinstance(deviation, float) else None
    return SpreadLine(
        what=what,
        schools=len(values),
        least=at(0),
        lower=at(0.25),
        median=at(0.5),
        upper=at(0.75),
        most=at(1),
        mean=mean,
        variation=variation,
    )


def _limits(scores: Scores, division: str | None) -> tuple[LimitLine, ...]:
    titles = {one.id: one.title.zh for one in scores.standard.variation}
    by = {one.id: one.by for one in scores.standard.variation}
    found = []
    for row in variations(scores).iter_rows(named=True):
        grouped = by[row["rule"]]
        if division is not None and (grouped != "division" or row["group"] != division):
            continue
        names = {"division": division_name, "school_type": kind_name}
        found.append(
            LimitLine(
                title=titles[row["rule"]],
                group=names[grouped](row["group"]) if grouped in names else row["group"],
                stage=STAGES[row["stage"]],
                clause=row["clause"],
                schools=row["schools"],
                variation=row["variation"],
                at_most=row["at_most"],
                holds=row["within"],
            )
        )
    return tuple(found)


def _divisions(scores: Scores, rows: Sequence[RankLine]) -> tuple[DivisionLine, ...]:
    passed = set(scores.totals.filter("passed")["id"].to_list())
    found = []
    for name in sorted({one.division for one in rows}, key=_as_listed):
        own = [one for one in rows if one.division == name]
        rated = [one.value for one in own if one.value is not None]
        found.append(
            DivisionLine(
                division=name or "未注明",
                schools=len(own),
                rated=len(rated),
                mean=sum(rated) / len(rated) if rated else None,
                coverage=sum(one.coverage for one in own) / len(own),
                passed=sum(one.school in passed for one in own),
                selected=sum(one.status == "selected" for one in own),
            )
        )
    return tuple(found)


def _as_listed(name: str) -> tuple[int, str]:
    listed = [one.zh for one in code_lists.DIVISIONS.items]
    return (listed.index(name) if name in listed else len(listed), name)


def _doubts(doubts: Mapping[str, Sequence[Doubt]]) -> tuple[tuple[str, int, int], ...]:
    findings = Counter(one.check for many in doubts.values() for one in many)
    schools = Counter(check for many in doubts.values() for check in {one.check for one in many})
    return tuple((check, many, schools[check]) for check, many in sorted(findings.items()))
