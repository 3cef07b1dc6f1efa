from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from cloud.scoring.engine.school_table import (
    ATTRIBUTES,
    columns,
    evidence_table,
    inputs_digest,
    ready,
    table_digest,
)
from cloud.scoring.evidence.evidence import STAGES as STAGE_SIZES
from cloud.scoring.indicators.base import ROW, all_indicators
from cloud.scoring.standard.attainment import STAGES
from cloud.scoring.standard.standard import Standard, named
from tests._parts.scoring import SCHOOL, evidence_of, standard_of

CASE = {
    "school": {"school_type": "211", "classes": 18, "pupils": 800},
    "assets": [{"tag": "T"}, {}, {"condition": "6"}],
    "use": [
        {"asset": "A-1", "active": 13, "idle": 20, "unseen": 7},
        {"asset": "A-1", "period": 2, "active": 11, "idle": 29},
        {"asset": "A-2", "period": 3, "active": 7, "idle": 33},
    ],
}
STANDARD = standard_of(
    [
        {"indicator": "assets_tagged"},
        {"indicator": "reachable_rate"},
        {"indicator": "reachable_rate", "weight": 2},
        {"indicator": "displays_per_class"},
        {"indicator": "column", "parameters": {"column": "income", "of": "people"}},
    ]
)


def table() -> pl.DataFrame:
    return evidence_table(STANDARD, evidence_of(CASE))


def test_the_table_holds_the_sums_of_the_evidence_rows() -> None:
    (row,) = table().to_dicts()
    assert (row["id"], row["school_type"], row["classes"]) == (SCHOOL, "211", 18)
    assert [row[f"A01.{name}"] for name in ("part", "whole", "unknown")] == [1, 2, 0]
    assert row["A02.part"] == row["A03.part"] == pytest.approx((33 + 40 + 40) / 60)
    assert row["A04.whole"] == 18
    assert (row["income"], row["people"], row["A05.confirmed"]) == (None, None, None)


def test_a_table_has_every_column_the_standard_reads_and_keeps_the_others_behind() -> None:
    table = ready(STANDARD, pl.DataFrame({"town": ["T"], "id": ["1"], "people": [3]}))
    assert table.columns == [*columns(STANDARD), "town"]
    assert list(columns(STANDARD))[: len(ATTRIBUTES) + 1] == ["id", *ATTRIBUTES]
    assert {f"pupils_{stage}" for stage in STAGES} <= ATTRIBUTES.keys()
    assert table.schema["people"] == pl.Float64


def test_the_order_of_facts_does_not_matter() -> None:
    facts = evidence_of(CASE)
    turned = evidence_of({**CASE, "use": CASE["use"][::-1]})  # type: ignore[index]  # a list
    assert evidence_table(STANDARD, facts).equals(evidence_table(STANDARD, turned))


def test_the_digest_is_of_all_that_the_standard_reads_and_of_nothing_else() -> None:
    both = pl.concat([table(), table().with_columns(pl.lit("2").alias("id"))])
    digest = inputs_digest(STANDARD, both)
    assert inputs_digest(STANDARD, both.reverse()) == digest
    assert inputs_digest(STANDARD, both.with_columns(pl.lit("T").alias("town"))) == digest
    assert inputs_digest(STANDARD, both.drop("income", "name")) == digest
    assert inputs_digest(STANDARD, both.with_columns(pl.lit(1.5).alias("income"))) != digest
    later = STANDARD.model_copy(update={"effective": date(2030, 1, 1)})
    assert inputs_digest(later, both) != digest
    assert table_digest(later, both) == table_digest(STANDARD, both)


def test_the_digest_of_known_inputs_is_known() -> None:
    """Were it to change, no published assessment could be found by it again."""
    standard: Standard = named("undp-hdi@2025-05-06")
    country = {"life_expectancy": 82.7, "expected_years_schooling": 18.9}
    more = {"mean_years_schooling": 13.9, "gni_per_capita": 69117}
    got = inputs_digest(standard, pl.DataFrame([{"id": "Iceland", **country, **more}]))
    assert got == "6f5cde0903d7ef3453aa46d0838ad214dae02a4a4d17803e27255f9ecfa94694"


def test_a_clause_is_confirmed_where_each_of_its_rows_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declared = [("1", True), ("1", True), ("2", True), ("2", None), ("3", False)]
    rows = pl.DataFrame(
        [(school, "x", "x", 1.0, 1.0, 0.0, confirmed) for school, confirmed in declared],
        schema={**ROW, "confirmed": pl.Boolean},
        orient="row",
    )
    indicator = replace(all_indicators()["assets_tagged"], id="made", rows=lambda *_: rows)
    monkeypatch.setitem(all_indicators(), "made", indicator)
    standard = standard_of([{"indicator": "made", "data_source": "declared"}])
    facts = evidence_of({})
    schools = pl.DataFrame({"school": ["1", "2", "3", "4"]})
    table = evidence_table(standard, replace(facts, schools=schools))
    assert table["A01.confirmed"].to_list() == [True, False, False, None]
    assert table["A01.part"].to_list() == [2, 2, 1, None]


def test_nothing_to_judge_is_not_the_same_as_no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [("1", "nothing", 0.0), ("2", "room:A", 3.0), ("3", "asset:1", 0.0)]
    rows = pl.DataFrame(
        [(school, ref, "x", part, 0.0, 0.0) for school, ref, part in given],
        schema=ROW,
        orient="row",
    )
    indicator = replace(all_indicators()["assets_tagged"], id="made", rows=lambda *_: rows)
    monkeypatch.setitem(all_indicators(), "made", indicator)
    facts = replace(evidence_of({}), schools=pl.DataFrame({"school": ["1", "2", "3"]}))
    table = evidence_table(standard_of([{"indicator": "made"}]), facts)
    assert table["A01.whole"].to_list() == [0, None, None]


def test_sizes_by_stage_are_in_their_columns() -> None:
    stages = pl.DataFrame(
        [(SCHOOL, "PRI", 12, 500), (SCHOOL, "JUN", 6, None)], schema=STAGE_SIZES, orient="row"
    )
    (row,) = evidence_table(STANDARD, replace(evidence_of(CASE), stages=stages)).to_dicts()
    assert [row[key] for key in ("classes_PRI", "pupils_PRI", "classes_JUN")] == [12, 500, 6]
    assert (row["pupils_JUN"], row["classes_SEN"]) == (None, None)
