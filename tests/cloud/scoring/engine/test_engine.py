"""The engine over evidence tables: against a second, plain scorer, and by example."""

import math
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.errors import EvidenceError
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.engine.result import NOTHING, findings, result
from cloud.scoring.standard.standard import Standard
from tests._parts.many_schools import large_standard, many_schools
from tests._parts.plain_score import plain_score
from tests._parts.scoring import standard_of

LARGE = large_standard()
SHARE = st.sampled_from([0.0, 0.25, 0.5, 0.6, 0.75, 0.9, 1.0])
FIGURE = st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.8, 1.0, 3.0]))
AGGREGATE = st.sampled_from(["arithmetic", "geometric", "minimum"])
SHAPE = st.one_of(
    st.fixed_dictionaries({"linear": st.just({"floor": 0.1, "target": 0.9})}),
    st.fixed_dictionaries(
        {"linear": st.just({"target": {"KG": 0.2, "PRI": 0.4, "JUN": 0.6, "SEN": 0.8, "VOC": 1}})}
    ),
    st.just({"linear": {"floor": 0.05, "target": 1, "scale": "log"}}),
    st.just({"steps": {0.3: 0.4, 0.8: 1.0}}),
    st.just({"deduction": {"points": 3, "per_missing": 2}}),
)
BAND = st.just({"band": {"low": 0.2, "high": 0.5, "high_ceiling": 0.9}})


@st.composite
def standards(draw: st.DrawFn, *, bands: bool = True) -> Standard:
    clauses: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 5))):
        clause = dict(draw(SHAPE | BAND if bands else SHAPE)) | {
            "id": f"c{number}",
            "indicator": "column",
            "parameters": {"column": f"x{number}", **draw(st.sampled_from([{}, {"of": "y"}]))},
            "dimension": draw(st.sampled_from("de")),
            "weight": draw(st.integers(1, 3)),
            "data_source": draw(st.sampled_from(["ledger", "declared"])),
            "stages": draw(
                st.sampled_from([["PRI"], ["PRI", "JUN"], ["KG", "PRI", "JUN", "SEN", "VOC"]])
            ),
            "min_classes": draw(st.sampled_from([0, 18])),
            "school_types": draw(st.sampled_from([None, ["211", "312"]])),
            "gate": draw(st.sampled_from([None, 0.3])),
        }
        clauses.append(clause)
    names = sorted({clause["dimension"] for clause in clauses})
    mark = st.sampled_from([None, 0.5])
    return standard_of(
        clauses,
        dimensions={"d": 30, "e": 70} if names == ["d", "e"] else {names[0]: 100},
        dimension_keys={n: {"aggregate": draw(AGGREGATE), "pass_mark": draw(mark)} for n in names},
        aggregate=draw(AGGREGATE),
        scale=draw(st.sampled_from([1, 100])),
        declared_cap=draw(SHARE),
        min_coverage=draw(SHARE),
        pass_mark=draw(mark),
        rules=[
            {
                "id": "rule",
                "title": {"zh": "规则", "en": "rule"},
                "of": [clause["id"] for clause in clauses],
                "at_least": draw(st.integers(1, len(clauses))),
                "attained": draw(SHARE.filter(bool)),
                "others_at_least": draw(SHARE),
            }
        ],
    )


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    size = st.sampled_from([None, 0, 100, 300])
    return {
        "school_type": draw(st.sampled_from([None, "111", "211", "312", "345", "361", "514"])),
        "classes": draw(st.sampled_from([None, 6, 18])),
        "classes_PRI": draw(st.sampled_from([None, 6, 20])),
        **{f"pupils_{stage}": draw(size) for stage in ("PRI", "JUN", "SEN")},
        "y": draw(st.sampled_from([None, 0.0, 1.0, 2.0])),
        **{f"x{number}": draw(FIGURE) for number in range(5)},
        **{
            f"c{number}.confirmed": draw(st.sampled_from([None, True, False]))
            for number in range(5)
        },
    }


SCHEMA = {
    "id": pl.String,
    "school_type": pl.String,
    "classes": pl.Int64,
    "classes_PRI": pl.Int64,
    **dict.fromkeys(("pupils_PRI", "pupils_JUN", "pupils_SEN"), pl.Int64),
    **dict.fromkeys(("y", "x0", "x1", "x2", "x3", "x4"), pl.Float64),
    **{f"c{number}.confirmed": pl.Boolean for number in range(5)},
}


def scored(standard: Standard, *evidence: dict[str, Any]) -> Scores:
    named = [{"id": str(number), **row} for number, row in enumerate(evidence)]
    return score_table(standard, pl.DataFrame(named, schema=SCHEMA))


def agrees(first: Any, other: Any) -> bool:
    if isinstance(first, float) and isinstance(other, float | int):
        return math.isclose(first, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(first == other)


def assert_plain(standard: Standard, scores: Scores, evidence: list[dict[str, Any]]) -> None:
    totals, clauses = scores.totals.to_dicts(), scores.clauses.to_dicts()
    for number, row in enumerate(evidence):
        plain = plain_score(standard, row)
        for key in ("value", "raw", "coverage", "passed", "failed_gates", "failed_marks"):
            assert agrees(totals[number][key], plain[key]), key
        assert totals[number]["failed_rules"] == plain["failed_rules"]
        for key, value in plain["dimensions"].items():
            assert agrees(scores.dimensions[key][number], value), key
        for clause, expected in plain["clauses"].items():
            for key, value in expected.items():
                assert agrees(clauses[number][f"{clause}.{key}"], value), (clause, key)


@settings(max_examples=80, deadline=None)
@given(standards(), st.lists(rows(), min_size=1, max_size=3))
def test_the_engine_follows_the_plain_rules(
    standard: Standard, evidence: list[dict[str, Any]]
) -> None:
    assert_plain(standard, scored(standard, *evidence), evidence)


def test_a_large_standard_scores_by_the_plain_rules() -> None:
    table = many_schools(LARGE, 60, seed=7)
    assert_plain(LARGE, score_table(LARGE, table), table.to_dicts())


@settings(max_examples=40, deadline=None)
@given(standards(), st.lists(rows(), min_size=2, max_size=4), st.randoms())
def test_neither_company_nor_order_changes_a_bit(
    standard: Standard, evidence: list[dict[str, Any]], random: Random
) -> None:
    named = [{"id": str(number), **row} for number, row in enumerate(evidence)]
    together = score_table(standard, pl.DataFrame(named, schema=SCHEMA))
    random.shuffle(named)
    clauses, dimensions = list(standard.clauses), list(standard.dimensions)
    random.shuffle(clauses)
    random.shuffle(dimensions)
    shuffled = standard.model_copy(
        update={"clauses": tuple(clauses), "dimensions": tuple(dimensions)}
    )
    again = score_table(shuffled, pl.DataFrame(named, schema=SCHEMA))
    flat = pl.exclude("failed_gates", "failed_marks")
    assert together.totals.select(flat).equals(again.totals.select(flat))
    assert together.clauses.equals(again.clauses.select(together.clauses.columns))
    assert together.dimensions.equals(again.dimensions.select(together.dimensions.columns))
    for row in named:
        alone = score_table(standard, pl.DataFrame([row], schema=SCHEMA))
        mine = pl.col("id") == row["id"]
        assert alone.totals.equals(together.totals.filter(mine))
        assert alone.dimensions.equals(together.dimensions.filter(mine))
        assert alone.clauses.equals(together.clauses.filter(mine))


@settings(max_examples=80, deadline=None)
@given(standards(bands=False), rows(), st.data())
def test_better_evidence_never_lowers_a_score(
    standard: Standard, row: dict[str, Any], data: st.DataObject
) -> None:
    better = dict(row)
    for number in range(5):
        if (old := row[f"x{number}"]) is not None:
            better[f"x{number}"] = old + data.draw(st.sampled_from([0.0, 0.1, 0.5]))
        if data.draw(st.booleans()):
            better[f"c{number}.confirmed"] = True
    before, after = scored(standard, row, better).totals.to_dicts()
    assert (after["raw"] or 0) >= (before["raw"] or 0) - 1e-9
    assert after["coverage"] >= before["coverage"] - 1e-9
    assert after["passed"] >= before["passed"]
    for kind in ("failed_gates", "failed_marks", "failed_rules"):
        assert set(after[kind]) <= set(before[kind])


@settings(max_examples=80, deadline=None)
@given(standards(), rows(), st.data())
def test_what_is_left_out_never_raises_a_score(
    standard: Standard, row: dict[str, Any], data: st.DataObject
) -> None:
    """Figures, confirmations; and the number of classes, which makes no school a small one."""
    less = dict(row)
    for key in row:
        if key[0] in "xc" and not key.startswith("classes") and data.draw(st.booleans()):
            less[key] = None
    before, after = scored(standard, row, less).totals.to_dicts()
    assert (after["raw"] or 0) <= (before["raw"] or 0) + 1e-9
    assert after["coverage"] <= before["coverage"] + 1e-9
    assert after["passed"] <= before["passed"]


@settings(max_examples=60, deadline=None)
@given(standards(), rows())
def test_everything_stays_within_its_bounds(standard: Standard, row: dict[str, Any]) -> None:
    of_school = result(scored(standard, row), "0")
    assert of_school.raw is None or 0 <= of_school.raw <= standard.scale
    assert of_school.value in {None, of_school.raw}
    assert 0 <= of_school.coverage <= 1
    weights = math.fsum(finding.weight for finding in of_school.findings)
    assert weights == pytest.approx(0 if of_school.raw is None else 100)
    for dimension in of_school.dimensions:
        assert dimension.value is None or 0 <= dimension.value <= standard.scale
        assert 0 <= dimension.coverage <= 1
    if standard.aggregate == "arithmetic" and of_school.raw is not None:
        only = {d.id for d in standard.dimensions if d.aggregate == "arithmetic"}
        if len(only) == len(standard.dimensions):
            points = math.fsum(finding.points or 0 for finding in of_school.findings)
            assert points == pytest.approx(of_school.raw)


# -- by example -------------------------------------------------------------------------------


def column(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "indicator": "column", "parameters": {"column": name}, **more}


def total(standard: Standard, **row: Any) -> dict[str, Any]:
    table = pl.DataFrame([{"id": "s", **row}], infer_schema_length=None)
    return score_table(standard, table).totals.row(0, named=True)


def test_stages_are_combined_by_their_pupils() -> None:
    standard = standard_of(
        [column("x", linear={"target": {"PRI": 1, "JUN": 2}}, stages=["PRI", "JUN"])]
    )
    sized = {"school_type": "312", "pupils_PRI": 300, "pupils_JUN": 100}
    assert total(standard, x=1.0, **sized)["value"] == pytest.approx(75 + 12.5)
    half = {"school_type": "312", "pupils_PRI": 300}
    assert total(standard, x=1.0, **half)["value"] == pytest.approx(75)


def test_each_stage_is_scored_among_what_applies_to_it() -> None:
    standard = standard_of(
        [column("x", stages=["PRI", "JUN"]), column("y", stages=["JUN"], weight=3)]
    )
    both = {"pupils_PRI": 100, "pupils_JUN": 100}
    assert total(standard, x=1.0, y=0.0, **both)["value"] == pytest.approx((100 + 25) / 2)


def test_a_stage_of_which_nothing_is_asked_does_not_count() -> None:
    standard = standard_of([column("x", stages=["PRI"])])
    totals = total(standard, x=1.0, school_type="211", pupils_KG=900, pupils_PRI=100)
    assert totals["value"] == 100
    assert total(standard, x=1.0, school_type="111")["raw"] is None
    table = pl.DataFrame([{"id": "s", "school_type": "211", "pupils_KG": 900}])
    assert result(score_table(standard, table), "s").stages == ("KG", "PRI")
    assert total(standard, x=1.0, school_type="514")["raw"] is None


def test_without_any_stage_only_thresholds_without_stages_hold() -> None:
    clauses = [column("x", linear={"target": {"PRI": 1}}, stages=["PRI"]), column("y")]
    totals = total(standard_of(clauses, min_coverage=0.5), x=1.0, y=1.0)
    assert (totals["value"], totals["coverage"]) == (50, 0.5)


def test_classes_of_a_stage_decide_whether_it_is_a_large_one() -> None:
    standard = standard_of([column("x", min_classes=18), column("y")], min_coverage=0)
    school = {"school_type": "211", "y": 1.0, "classes": 20}
    assert total(standard, **school)["value"] == 50
    assert total(standard, **school, classes_PRI=12)["value"] == 100


def test_a_clause_for_some_types_is_asked_of_them_and_of_the_unknown() -> None:
    standard = standard_of([column("x", school_types=["211"]), column("y")], min_coverage=0)
    values = {kind: total(standard, y=1.0, school_type=kind)["value"] for kind in ("211", "311")}
    assert values == {"211": 50, "311": 100}
    assert total(standard, y=1.0)["value"] == 50


def test_declared_evidence_is_capped_until_somebody_confirms_it() -> None:
    standard = standard_of([column("x", data_source="declared")], declared_cap=0.8)
    assert total(standard, x=1.0)["value"] == 80
    assert total(standard, x=0.5)["value"] == 50
    confirmed = {"x.confirmed": True}
    assert total(standard, x=1.0, **confirmed)["value"] == 100
    (capped,) = findings(score_table(standard, pl.DataFrame([{"id": "s", "x": 1.0}])), "s")
    assert (capped.capped, capped.outcome, capped.points) == (True, "partly_met", 80)


def test_a_gate_vetoes_whatever_the_score_and_no_data_does_not_pass_it() -> None:
    standard = standard_of([column("x", gate=0.9), column("y", weight=99)], min_coverage=0.5)
    assert total(standard, x=0.9, y=1.0)["passed"]
    below = total(standard, x=0.8, y=1.0)
    assert (below["passed"], below["failed_gates"]) == (False, ["x"])
    assert below["value"] > 99
    assert total(standard, y=1.0)["failed_gates"] == ["x"]


def test_every_dimension_has_its_own_pass_mark() -> None:
    standard = standard_of(
        [column("x", dimension="d"), column("y", dimension="e")],
        dimension_keys={"d": {"pass_mark": 60}, "e": {"pass_mark": 60}},
        pass_mark=75,
        min_coverage=0,
    )
    assert total(standard, x=0.6, y=0.9)["passed"]
    assert total(standard, x=0.6, y=0.8)["failed_marks"] == ["total"]
    assert total(standard, x=0.59, y=1.0)["failed_marks"] == ["d"]
    assert total(standard, y=1.0)["failed_marks"] == ["d", "total"]


def test_a_grade_begins_at_its_least_score() -> None:
    standard = standard_of([column("x")], grades={"C": 60, "A": 90, "B": 80})
    got = {x: total(standard, x=x)["grade"] for x in (0.95, 0.9, 0.85, 0.8, 0.6, 0.59)}
    assert got == {0.95: "A", 0.9: "A", 0.85: "B", 0.8: "B", 0.6: "C", 0.59: None}


def k_of_n(**more: Any) -> Standard:
    rule = {"id": "r", "title": {"zh": "规则", "en": "rule"}, "of": ["a", "b", "c"], **more}
    clauses = [column("a"), column("b"), column("c", min_classes=18)]
    return standard_of(clauses, rules=[rule], min_coverage=0)


def test_at_least_k_of_n_and_none_of_the_others_too_low() -> None:
    standard = k_of_n(at_least=2, others_at_least=0.6)
    assert total(standard, a=1.0, b=1.0, c=0.6)["failed_rules"] == []
    assert total(standard, a=1.0, b=1.0, c=0.5)["failed_rules"] == ["r"]
    assert total(standard, a=1.0, b=0.9, c=0.9)["failed_rules"] == ["r"]
    assert total(standard, a=1.0, b=1.0)["failed_rules"] == ["r"]


def test_what_does_not_apply_leaves_a_rule_with_as_many_misses_as_before() -> None:
    standard = k_of_n(at_least=2)
    assert total(standard, a=1.0, b=0.0, classes=12)["failed_rules"] == []
    assert total(standard, a=0.0, b=0.0, classes=12)["failed_rules"] == ["r"]


@pytest.mark.parametrize(
    ("aggregate", "expected"), [("arithmetic", 62.5), ("geometric", 50.0), ("minimum", 25.0)]
)
def test_clauses_and_dimensions_come_together_as_the_standard_says(
    aggregate: str, expected: float
) -> None:
    inside = standard_of([column("x"), column("y")], dimension_keys={"d": {"aggregate": aggregate}})
    across = standard_of(
        [column("x", dimension="d"), column("y", dimension="e")], aggregate=aggregate
    )
    for standard in (inside, across):
        assert total(standard, x=1.0, y=0.25)["value"] == pytest.approx(expected)


def test_the_worse_end_of_what_was_seen_in_part_counts() -> None:
    band = {"low": 0.1, "high": 0.3, "high_ceiling": 0.6}
    clauses: list[dict[str, Any]] = [
        {"id": "A01", "indicator": "screen_time_share", "band": band},
        {"id": "A02", "indicator": "assets_tagged"},
    ]
    table = pl.DataFrame(
        {
            "id": ["s"],
            **{f"{name}.{key}": [value] for name in ("A01", "A02") for key, value in SUMS.items()},
        }
    )
    findings_made = result(score_table(standard_of(clauses), table), "s").findings
    assert [finding.measured for finding in findings_made] == [0.2, 0.2]
    assert [finding.attainment for finding in findings_made] == [
        pytest.approx(1 / 3),
        pytest.approx(0.2),
    ]
    assert [finding.coverage for finding in findings_made] == [pytest.approx(0.7)] * 2


def test_where_there_is_nothing_to_be_judged_the_clause_does_not_apply() -> None:
    standard = standard_of([{"indicator": "assets_tagged", "gate": 0.9}, column("y")])
    none = {"A01.part": 0.0, "A01.whole": 0.0}
    table = pl.DataFrame([{"id": "s", "y": 0.5, **none}])
    of_school = result(score_table(standard, table), "s")
    assert (of_school.value, of_school.coverage, of_school.failed_gates) == (50, 1, ())
    assert [finding.outcome for finding in of_school.findings] == ["not_applicable", "partly_met"]
    assert of_school.findings[0].sums == NOTHING
    unseen = total(standard, y=0.5, **none, **{"A01.unknown": 1.0})
    assert (unseen["raw"], unseen["coverage"]) == (25, 0.5)
    unknown = total(standard, y=0.5, **{"A01.part": 2.0, "A01.whole": 0.0})
    assert (unknown["raw"], unknown["coverage"]) == (25, 0.5)


SUMS = {"part": 20.0, "whole": 100.0, "unknown": 30.0}


def test_a_ratio_of_two_columns_is_no_data_where_the_lower_is_none() -> None:
    ratio = {"parameters": {"column": "rooms", "of": "pupils_100"}}
    standard = standard_of(
        [column("x", linear={"target": 2.5}, **{**ratio, "indicator": "column"})]
    )
    assert total(standard, rooms=5.0, pupils_100=4.0)["value"] == 50
    assert total(standard, rooms=5.0, pupils_100=0.0)["coverage"] == 0
    assert total(standard, rooms=5.0)["coverage"] == 0
    assert total(standard, rooms=math.nan, pupils_100=1.0)["coverage"] == 0


def test_scores_come_out_by_id_and_keep_what_else_the_table_says() -> None:
    standard = standard_of([column("x")])
    table = pl.DataFrame({"id": ["b", "a"], "x": [1.0, 0.0], "town": ["B", "A"]})
    scores = score_table(standard, table)
    assert scores.totals["id"].to_list() == ["a", "b"]
    assert scores.table["town"].to_list() == ["A", "B"]
    assert scores.totals["value"].to_list() == [0, 100]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"x": [1.0]}, "the evidence table has no column id"),
        ({"id": ["a", "a"], "x": [1.0, 1.0]}, "id: a is in the evidence table twice"),
        ({"id": [None], "x": [1.0]}, "id: a row of the evidence table has none"),
    ],
)
def test_a_table_without_its_ids_is_refused(table: dict[str, Any], problem: str) -> None:
    with pytest.raises(EvidenceError, match=problem):
        score_table(standard_of([column("x")]), pl.DataFrame(table))


def test_a_school_without_a_score_is_an_error() -> None:
    scores = score_table(standard_of([column("x")]), pl.DataFrame({"id": ["a"], "x": [1.0]}))
    with pytest.raises(EvidenceError, match="'b' is not among the schools scored"):
        result(scores, "b")


def test_a_table_without_schools_gives_scores_without_schools() -> None:
    table = pl.DataFrame(schema={"id": pl.String})
    assert score_table(LARGE, table).totals.is_empty()
