"""Every check over all schools -> one table, and the same as a school reads it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from cloud.integrity.check import Check, Judged, all_checks
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds
from cloud.localized_text import LocalizedText

Severity = Literal["high", "medium", "low"]
MOST_ROWS = 60
"""Evidence rows that are kept of a finding, the heaviest; `evidence_total` counts all."""
_EVIDENCE = pl.List(pl.Struct({"ref": pl.String, "text_zh": pl.String, "text_en": pl.String}))
RESULTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "school": pl.String,
    "check": pl.String,
    "outcome": pl.String,
    "strength": pl.Float64,
    "severity": pl.String,
    "text_zh": pl.String,
    "text_en": pl.String,
    "evidence_total": pl.Int64,
    "evidence": _EVIDENCE,
}
"""One row per school and check. `outcome`: finding, clear, or no_data; `strength` is null but for a
finding. Texts and evidence are there of findings, and say what is missing of no_data."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a school, as it is read."""

    school: str
    check: str
    title: LocalizedText
    severity: Severity
    strength: float
    reason: LocalizedText
    ask: LocalizedText
    innocent: LocalizedText
    evidence: tuple[Mapping[str, str], ...]
    """Rows with `ref`, `text_zh`, `text_en`, the heaviest first."""
    evidence_total: int


def run_checks(facts: Facts, thresholds: Thresholds | None = None) -> pl.DataFrame:
    """Return what every check says of every school (see `RESULTS`), by school and check."""
    thresholds = thresholds or Thresholds()
    schools = facts.evidence.schools["school"].unique().sort().to_list()
    rows: list[dict[str, Any]] = []
    for check in all_checks().values():
        rows += _rows(check, check.judge(facts, thresholds), schools, thresholds)
    return pl.DataFrame(rows, schema=RESULTS, orient="row").sort("school", "check")


def findings(results: pl.DataFrame, school: str) -> list[Finding]:
    """Return the findings of a school, the strongest first."""
    found = results.filter((pl.col("school") == school) & (pl.col("outcome") == "finding"))
    return [
        _finding(row)
        for row in found.sort("strength", "check", descending=[True, False]).iter_rows(named=True)
    ]


def as_filed(results: pl.DataFrame) -> list[dict[str, Any]]:
    """Return all findings as an assessment files them: what JSON holds, and nothing else."""
    found = results.filter(pl.col("outcome") == "finding").sort("school", "check")
    return [
        {
            "school": one.school,
            "check": one.check,
            "title_zh": one.title.zh,
            "title_en": one.title.en,
            "severity": one.severity,
            "strength": round(one.strength, 3),
            "text_zh": one.reason.zh,
            "text_en": one.reason.en,
            "ask_zh": one.ask.zh,
            "ask_en": one.ask.en,
            "innocent_zh": one.innocent.zh,
            "innocent_en": one.innocent.en,
            "evidence_total": one.evidence_total,
            "evidence": [dict(row) for row in one.evidence],
        }
        for one in map(_finding, found.iter_rows(named=True))
    ]


def _finding(row: Mapping[str, Any]) -> Finding:
    check = all_checks()[row["check"]]
    return Finding(
        school=row["school"],
        check=check.id,
        title=check.title,
        severity=row["severity"],
        strength=row["strength"],
        reason=LocalizedText(row["text_zh"], row["text_en"]),
        ask=check.ask,
        innocent=check.innocent,
        evidence=tuple(row["evidence"]),
        evidence_total=row["evidence_total"],
    )


def _rows(
    check: Check, judged: Judged, schools: list[str], thresholds: Thresholds
) -> Iterator[dict[str, Any]]:
    odd = judged.schools.filter(pl.col("strength").is_not_null())
    known = set(judged.schools["school"])
    reasons = {row["school"]: row for row in odd.iter_rows(named=True)}
    rows = judged.rows.filter(pl.col("school").is_in(list(reasons)))
    order = ["weight", "ref", *sorted(set(rows.columns) - {"weight", "ref", "school"})]
    rows = rows.sort(order, descending=[True, *[False] * (len(order) - 1)])
    evidence = {
        key[0]: part
        for key, part in rows.partition_by("school", as_dict=True, maintain_order=True).items()
    }
    for school in schools:
        base: dict[str, Any] = {
            **dict.fromkeys(RESULTS),
            "school": school,
            "check": check.id,
            "evidence_total": 0,
            "evidence": [],
        }
        if school not in known:
            yield base | {
                "outcome": "no_data",
                "text_zh": check.needs.zh,
                "text_en": check.needs.en,
            }
        elif school not in reasons:
            yield base | {"outcome": "clear"}
        else:
            reason = check.reason(reasons[school])
            shown = evidence.get(school, rows.clear())
            yield base | {
                "outcome": "finding",
                "strength": float(reasons[school]["strength"]),
                "severity": _severity(reasons[school]["strength"], thresholds),
                "text_zh": reason.zh,
                "text_en": reason.en,
                "evidence_total": shown.height,
                "evidence": [
                    {"ref": row["ref"], "text_zh": told.zh, "text_en": told.en}
                    for row in shown.head(MOST_ROWS).iter_rows(named=True)
                    for told in [check.tell(row)]
                ],
            }


def _severity(strength: float, thresholds: Thresholds) -> Severity:
    if strength >= thresholds.high:
        return "high"
    return "medium" if strength >= thresholds.medium else "low"
