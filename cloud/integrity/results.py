"""Run every check over all schools, and file what they found. Pure.

A finding holds codes, figures and references; its sentences are messages, rendered when it is read.
What an assessment files of a finding is a JSON object:

    {"school", "check", "severity", "strength",
     "reason": {"key", "values"},
     "rows": [{"ref", "key", "values"}, ...], "rows_total"}

A check's title, its question to the school and its benign explanation belong to the check, not to
the finding: the messages `title`, `ask` and `benign_explanation` under `integrity.<check>`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from cloud.integrity.check import Check, Judged, all_checks
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds
from cloud.messages import Message, Text, message, message_of

Severity = Literal["high", "medium", "low"]
SEVERITIES: Sequence[Severity] = ("high", "medium", "low")
"""The gravest first."""
Outcome = Literal["finding", "clear", "no_data"]
MOST_ROWS = 60
"""Evidence rows that are filed of a finding, the heaviest, before the row of their sums;
`rows_total` counts all."""


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A row of a finding's evidence; `ref` opens it."""

    ref: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An integrity finding: a question to a school, never a deduction.

    `strength` is 0.3 to 1; `rows` are the heaviest first.
    """

    school: str
    check: str
    severity: Severity
    strength: float
    title: Text
    reason: Text
    ask: Text
    benign_explanation: Text
    rows: tuple[FindingRow, ...]
    rows_total: int


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check came to at a school; `finding` is None for other outcomes."""

    school: str
    check: str
    outcome: Outcome
    finding: Finding | None = None


def run_checks(facts: Facts, thresholds: Thresholds | None = None) -> list[CheckResult]:
    """Return the result of every check for every school, by school and check."""
    thresholds = thresholds or Thresholds()
    schools = facts.evidence.schools["school"].unique().sort().to_list()
    results = [
        result
        for check in all_checks().values()
        for result in _results(check, check.judge(facts, thresholds), schools, thresholds)
    ]
    return sorted(results, key=lambda result: (result.school, result.check))


def findings(results: Sequence[CheckResult]) -> list[Finding]:
    """Return the findings among results, the strongest first."""
    unordered = [result.finding for result in results if result.finding is not None]
    return sorted(unordered, key=lambda finding: (-finding.strength, finding.check))


def as_filed(results: Sequence[CheckResult]) -> list[dict[str, Any]]:
    """Return all findings as an assessment files them, by school and check."""
    return [_filed(result.finding) for result in results if result.finding is not None]


def finding_of(filed: Mapping[str, Any]) -> Finding:
    """Return the finding that `as_filed` wrote."""
    return _finding(
        filed["school"],
        filed["check"],
        filed["severity"],
        filed["strength"],
        reason=message_of(filed["reason"]),
        rows=tuple(FindingRow(row["ref"], message_of(row)) for row in filed["rows"]),
        rows_total=filed["rows_total"],
    )


def _filed(finding: Finding) -> dict[str, Any]:
    return {
        "school": finding.school,
        "check": finding.check,
        "severity": finding.severity,
        "strength": round(finding.strength, 3),
        "reason": _json(finding.reason),
        "rows": [{"ref": row.ref, **_json(row.text)} for row in finding.rows],
        "rows_total": finding.rows_total,
    }


def _json(text: Text) -> dict[str, Any]:
    if not isinstance(text, Message):
        raise TypeError(f"a finding is filed with messages, got {text!r}")
    return text.as_json()


def _finding(
    school: str,
    check: str,
    severity: Severity,
    strength: float,
    *,
    reason: Message,
    rows: tuple[FindingRow, ...],
    rows_total: int,
) -> Finding:
    return Finding(
        school=school,
        check=check,
        severity=severity,
        strength=strength,
        title=message(f"integrity.{check}.title"),
        reason=reason,
        ask=message(f"integrity.{check}.ask"),
        benign_explanation=message(f"integrity.{check}.benign_explanation"),
        rows=rows,
        rows_total=rows_total,
    )


def _results(
    check: Check, judged: Judged, schools: Sequence[str], thresholds: Thresholds
) -> Iterator[CheckResult]:
    known = set(judged.schools["school"])
    odd = {
        row["school"]: row
        for row in judged.schools.filter(pl.col("strength").is_not_null()).iter_rows(named=True)
    }
    evidence = _evidence(judged.rows, list(odd))
    for school in schools:
        if school not in known:
            yield CheckResult(school, check.id, "no_data")
        elif school not in odd:
            yield CheckResult(school, check.id, "clear")
        else:
            strength = float(odd[school]["strength"])
            rows = evidence.get(school, judged.rows.clear())
            sums = [] if check.sum_row is None else [FindingRow(*check.sum_row(odd[school]))]
            finding = _finding(
                school,
                check.id,
                _severity(strength, thresholds),
                strength,
                reason=check.reason(odd[school]),
                rows=tuple(
                    FindingRow(row["ref"], check.row_text(row))
                    for row in rows.head(MOST_ROWS).iter_rows(named=True)
                )
                + tuple(sums),
                rows_total=rows.height + len(sums),
            )
            yield CheckResult(school, check.id, "finding", finding)


def _evidence(rows: pl.DataFrame, schools: Sequence[str]) -> dict[Any, pl.DataFrame]:
    """Return the evidence rows of some schools, by school, the heaviest first."""
    order = ["weight", "ref", *sorted(set(rows.columns) - {"weight", "ref", "school"})]
    in_order = rows.filter(pl.col("school").is_in(schools)).sort(
        order, descending=[True, *[False] * (len(order) - 1)]
    )
    parts = in_order.partition_by("school", as_dict=True, maintain_order=True)
    return {school: part for (school,), part in parts.items()}


def _severity(strength: float, thresholds: Thresholds) -> Severity:
    if strength >= thresholds.high:
        return "high"
    return "medium" if strength >= thresholds.medium else "low"
