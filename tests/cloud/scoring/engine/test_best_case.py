"""The best that a score can be, against scoring the evidence as if it had turned out so."""

import polars as pl
import pytest

from cloud.scoring.engine.best_case import best_values, marks_without_data
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.standard.standard import TOTAL, Standard, parse_standard
from tests._parts.filed import evidence, gentle_standard

CLAUSE = """
  - id: {id}
    title: {{zh: 条款, en: Clause}}
    dimension: {dimension}
    weight: 50
    indicator: screen_time_share
    {curve}
    data_source: {source}
    source: {{title: text, clause: clause, confidence: project default}}
    remedy: {{zh: 改, en: Mend it.}}"""
STANDARD = """
id: two-marks
effective: "2026-01-01"
title: {zh: 标准, en: Standard}
note: {zh: 注, en: Note}
min_coverage: 0.1
declared_cap: 0.8
pass_mark: 60
dimensions:
  - {id: use, title: {zh: 使用, en: Use}, weight: 60, pass_mark: 60}
  - {id: safety, title: {zh: 安全, en: Safety}, weight: 40, pass_mark: 60}
clauses:"""
LINEAR, BAND = (
    "linear: {floor: 0, target: 1}",
    "band: {low_floor: 0, low: 0.4, high: 0.5, high_ceiling: 1}",
)


def two_marks(curve: str = LINEAR, source: str = "telemetry") -> Standard:
    clauses = [
        CLAUSE.format(id="U01", dimension="use", curve=curve, source=source),
        CLAUSE.format(id="U02", dimension="use", curve=LINEAR, source="telemetry"),
        CLAUSE.format(id="S01", dimension="safety", curve=LINEAR, source="telemetry"),
    ]
    return parse_standard(STANDARD + "".join(clauses), "two-marks.yaml")


def scores(standard: Standard, **sums: tuple[float, float, float] | None) -> Scores:
    """Return the scores of one school; a clause that is not named is met."""
    row: dict[str, object] = {"id": "s"}
    for clause in ("U01", "U02", "S01"):
        part, whole, unknown = sums.get(clause, (1.0, 1.0, 0.0)) or (None, None, None)
        row |= {f"{clause}.part": part, f"{clause}.whole": whole, f"{clause}.unknown": unknown}
    return score_table(standard, pl.DataFrame([row], infer_schema_length=None))


def best_of(scored: Scores) -> dict[str, float]:
    row = best_values(scored).row(0, named=True)
    return {name: row[name] for name in ("use", "safety", TOTAL)}


def marks_of(scored: Scores) -> list[str]:
    names: list[str] = marks_without_data(scored)["marks_without_data"][0].to_list()
    return names


def test_a_mark_missed_for_lack_of_data_is_that() -> None:
    scored = scores(two_marks(), U01=None, U02=(0.8, 1.0, 0.1))
    assert best_of(scored) == pytest.approx({"use": 95.0, "safety": 100.0, TOTAL: 97.0})
    assert scored.totals["failed_marks"][0].to_list() == ["use"]
    assert marks_of(scored) == ["use"]


def test_a_mark_missed_by_what_was_found_is_not_blamed_on_data() -> None:
    scored = scores(two_marks(), U01=(0.0, 1.0, 0.2), U02=(0.3, 1.0, 0.0))
    assert best_of(scored)["use"] == pytest.approx(25.0)
    assert marks_of(scored) == []


def test_a_mark_that_is_passed_is_not_named() -> None:
    assert marks_of(scores(two_marks(), U01=(0.7, 1.0, 0.3))) == []


def test_what_is_declared_can_attain_no_more_than_its_cap() -> None:
    scored = scores(two_marks(source="declared"), U01=None, U02=(0.0, 1.0, 0.0))
    assert best_of(scored)["use"] == pytest.approx(40.0)


def test_of_a_band_the_best_may_lie_between_both_ends() -> None:
    scored = scores(two_marks(BAND), U01=(0.2, 1.0, 0.7), U02=(1.0, 1.0, 0.0))
    assert best_of(scored)["use"] == pytest.approx(100.0)


def test_of_other_than_arithmetic_means_it_is_not_known() -> None:
    standard = two_marks().model_copy(update={"aggregate": "geometric"})
    scored = scores(standard, U01=None)
    assert best_values(scored).row(0) == ("s", None, None, None)
    assert marks_of(scored) == []


def test_many_schools_have_a_best_that_is_never_below_their_score() -> None:
    standard = gentle_standard()
    scored = score_table(standard, evidence(standard, 200, 5))
    both = scored.totals.join(best_values(scored), on="id").filter(pl.col("raw").is_not_null())
    assert both.filter(pl.col(TOTAL) < pl.col("raw") - 1e-9).is_empty()
    full = both.filter(pl.col("coverage") > 1 - 1e-12)
    assert full.filter((pl.col(TOTAL) - pl.col("raw")).abs() > 1e-6).is_empty()
    assert not both.filter(pl.col(TOTAL) > pl.col("raw") + 1).is_empty()
