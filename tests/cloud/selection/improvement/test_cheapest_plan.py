"""The cheapest plan: it suffices, nothing cheaper does, and it names what it cannot reach."""

from datetime import date
from itertools import product
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.messages import render
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.standard.clause import Cost
from cloud.scoring.standard.standard import Standard, editions, in_force
from cloud.selection.improvement import cheapest_plan
from cloud.selection.improvement.cheapest_plan import Least, Priced, priced
from cloud.selection.improvement.clause_gains import gains
from cloud.selection.improvement.plan import plan_cost, shown_yuan
from cloud.selection.names import Names, titles_of
from cloud.selection.rules import SelectionRules, rules_of
from cloud.selection.select import Selection, select_scores
from tests._parts.scoring import standard_of

SHAPES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"linear": {"floor": 0.25, "target": 0.75}},
        {"linear": {"target": {"KG": 0.5, "PRI": 0.5, "JUN": 1.0, "SEN": 1, "VOC": 1}}},
        {"steps": {0.3: 0.4, 0.8: 1.0}},
        {"deduction": {"points": 3, "per_missing": 2}},
        {"linear": {"floor": 0.1, "target": 1, "scale": "log"}},
    ]
)
ONLY = "X"


@st.composite
def standards(draw: st.DrawFn) -> Standard:
    clauses: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 3))):
        per = draw(st.sampled_from(["unit", "unit", "point"]))
        shape: dict[str, Any] = draw(SHAPES) if per == "unit" else {"linear": {"target": 1}}
        clauses.append(
            shape
            | {
                "id": f"A0{number}",
                "indicator": "assets_tagged",
                "dimension": "d" if not number else draw(st.sampled_from("de")),
                "weight": draw(st.integers(1, 3)),
                "data_source": draw(st.sampled_from(["ledger", "ledger", "declared"])),
                "gate": draw(st.sampled_from([None, None, 0.3])),
                "cost": draw(
                    st.sampled_from([None, *({"yuan": y, "per": per} for y in (1, 5, 7, 20))])
                ),
            }
        )
    names = sorted({clause["dimension"] for clause in clauses})
    mark = st.sampled_from([None, None, 50])
    return standard_of(
        clauses,
        dimensions={"d": 30, "e": 70} if len(names) == 2 else {names[0]: 100},
        dimension_keys={name: {"pass_mark": draw(mark)} for name in names},
        declared_cap=0.8,
        pass_mark=draw(mark),
        min_coverage=0.0,
        rules=[
            {
                "id": "rule",
                "title": {"zh": "规则", "en": "rule"},
                "of": [clause["id"] for clause in clauses],
                "at_least": draw(st.integers(1, len(clauses))),
                "attained": draw(st.sampled_from([0.25, 0.5, 1.0])),
                "others_at_least": draw(st.sampled_from([0.0, 0.1])),
            }
        ],
    )


@st.composite
def rows(draw: st.DrawFn, standard: Standard, school: str) -> dict[str, Any]:
    row: dict[str, Any] = {"id": school, "school_type": draw(st.sampled_from(["211", "312"]))}
    for clause in standard.clauses:
        whole = draw(st.integers(1, 5))
        part = draw(st.integers(0, whole))
        unknown = draw(st.sampled_from([0, 0, whole - part]))
        known = draw(st.sampled_from([True, True, True, False]))
        sums = (("part", part), ("whole", whole), ("unknown", unknown))
        row |= {f"{clause.id}.{name}": float(value) if known else None for name, value in sums}
        row[f"{clause.id}.confirmed"] = draw(st.booleans())
    return row


@st.composite
def cases(draw: st.DrawFn) -> tuple[Standard, pl.DataFrame, Scores, Selection]:
    standard = draw(standards())
    others = draw(st.integers(0, 3))
    table = pl.DataFrame(
        [draw(rows(standard, name)) for name in [ONLY, *(f"S{n}" for n in range(others))]],
        infer_schema_length=None,
    )
    scores = score_table(standard, table)
    return standard, table, scores, select_scores(scores, draw(st.sampled_from(RULES)))


RULES = [
    rules_of({"places": 1, "tie_break": order})
    for order in (None, ["coverage"], ["-d", "coverage"], ["raw"])
]
"""The column d is there in every standard that the test makes."""


def improved(standard: Standard, table: pl.DataFrame, units: dict[str, int]) -> pl.DataFrame:
    """Return the table with so many units more of each clause; a point is a hundredth."""
    added = []
    for clause in standard.clauses:
        if clause.id in units:
            assert clause.cost is not None
            part, whole = pl.col(f"{clause.id}.part"), pl.col(f"{clause.id}.whole")
            unit = 1.0 if clause.cost.per == "unit" else whole / 100
            more = pl.when(pl.col("id") == ONLY).then(units[clause.id] * unit).otherwise(0.0)
            added.append((part + more).alias(f"{clause.id}.part"))
    return table.with_columns(added)


def least(pricing: Priced, selection: Selection, school: str) -> Least:
    outcome = selection.outcomes[school]
    return cheapest_plan.least(pricing, selection.rules, school, outcome, pricing.scores)


def read(scores: Scores, plan: Least, language: str) -> str:
    return render(Names(titles_of(scores.standard), {}).resolved(plan.text), language)


def missing(scores: Scores, plan: Least, language: str) -> list[str]:
    names = Names(titles_of(scores.standard), {})
    return [render(names.resolved(text), language) for text in plan.missing]


def steps_of(plan: Least) -> dict[str, int]:
    return {
        improvement.clause: round(100 * (improvement.becomes - improvement.attained) + 0.499)
        if improvement.units is None
        else improvement.units
        for improvement in plan.improvements
    }


def is_in(
    standard: Standard, table: pl.DataFrame, rules: SelectionRules = RULES[0], school: str = ONLY
) -> bool:
    return school in select_scores(score_table(standard, table), rules).selected


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_least_brings_the_school_in(
    case: tuple[Standard, pl.DataFrame, Scores, Selection],
) -> None:
    standard, table, scores, selection = case
    if selection.outcomes[ONLY].selected:
        return
    plan = least(priced(scores), selection, ONLY)
    if not plan.is_possible:
        assert plan.missing or plan.evidence
    if plan.value_then is None or set(plan.evidence) & set(plan.unseen):
        return
    shown = [pl.lit(0.0).alias(f"{name}.unknown") for name in plan.evidence]
    after = improved(standard, table, steps_of(plan)).with_columns(shown)
    assert is_in(standard, after, selection.rules)
    totals = score_table(standard, after).totals.filter(id=ONLY).row(0, named=True)
    assert totals["raw"] >= plan.value_then - 1e-9


@settings(max_examples=80, deadline=None)
@given(cases())
def test_nothing_cheaper_would_do(
    case: tuple[Standard, pl.DataFrame, Scores, Selection],
) -> None:
    standard, table, scores, selection = case
    by_unit = all(clause.cost is None or clause.cost.per == "unit" for clause in standard.clauses)
    is_log = any(clause.linear and clause.linear.scale == "log" for clause in standard.clauses)
    if selection.outcomes[ONLY].selected or not by_unit or is_log:
        return
    pricing = priced(scores)
    plan = least(pricing, selection, ONLY)
    if plan.is_possible is None:
        seen = pricing.clauses[ONLY]
        assert all(seen[f"{name}.seen"] < 1 for name in plan.evidence)
        return
    choices = {gain.clause.id: gain for gain in gains(pricing, ONLY)}
    best: float | None = None
    for many in product(*(range(gain.units[-1] + 1) for gain in choices.values())):
        units = dict(zip(choices, many, strict=True))
        yuan = sum(choices[name].price * n for name, n in units.items())
        if (best is None or yuan < best) and is_in(
            standard, improved(standard, table, units), selection.rules
        ):
            best = yuan
    assert bool(plan.is_possible) == (best is not None)
    assert plan.yuan == best


def level(order: list[str] | None) -> tuple[Scores, Selection]:
    """Return two schools for one place: improved in full, B is level with A at 100.00."""
    clauses = [
        {
            "id": name,
            "indicator": "assets_tagged",
            "dimension": dimension,
            "linear": {"target": 0.75},
            "cost": {"yuan": 5, "per": "unit"},
        }
        for name, dimension in (("A01", "d"), ("A02", "e"))
    ]
    standard = standard_of(clauses, dimensions={"d": 60, "e": 40}, min_coverage=0.0)
    sums = {
        f"{name}.{what}": value
        for name in ("A01", "A02")
        for what, value in (("part", 4.0), ("whole", 4.0), ("unknown", 0.0))
    }
    table = pl.DataFrame(
        [
            {"id": "A", **sums, "A02.part": 3.0, "A02.unknown": 1.0},
            {"id": "B", **sums, "A01.part": 1.0},
        ]
    )
    scores = score_table(standard, table)
    return scores, select_scores(scores, rules_of({"places": 1, "tie_break": order}))


def test_a_tie_is_settled_by_the_columns_as_they_are_after_the_improvements() -> None:
    scores, selection = level(None)
    assert selection.selected == ("A",)
    # Today B loses the tie at 100.00 by the dimension d, so more than 100 would be needed.
    outcome = selection.outcomes["B"]
    assert (outcome.needs, outcome.level, outcome.level_with) == (100.01, 100.0, "A")
    # Improved, it is level in both dimensions, and its evidence covers more.
    plan = least(priced(scores), selection, "B")
    assert (plan.is_possible, plan.needs, plan.yuan) == (True, 100.0, 10)
    after = scores.table.with_columns(pl.lit(3.0).alias("A01.part"))
    assert is_in(scores.standard, after, selection.rules, "B")


@pytest.mark.parametrize("order", [["-coverage"], [], ["d", "e"], ["-d", "-coverage"]])
def test_a_tie_that_improvements_do_not_win_needs_a_higher_score(order: list[str]) -> None:
    scores, selection = level(order)
    plan = least(priced(scores), selection, "B")
    assert (plan.is_possible, plan.yuan) == (False, None)
    after = scores.table.with_columns(pl.lit(3.0).alias("A01.part"))
    assert not is_in(scores.standard, after, selection.rules, "B")


def test_the_plan_of_a_school_in_words() -> None:
    standard, table = town()
    scores = score_table(standard, table)
    selection = select_scores(scores, rules_of({"places": 1}))
    plans = {school: least(priced(scores), selection, school) for school in "BCDE"}
    assert not {"B", "C", "D", "E"} & set(selection.selected)
    assert read(scores, plans["B"], "zh") == (
        "最省的办法：改进 1 项，约需 16,000 元（按标准所列单价），"
        "总分由 60.00 提高到 70.00（入选需 62.51）。"
    )
    assert read(scores, plans["B"], "en") == (
        "The least: 1 improved, about 16,000 yuan at the prices of the standard, "
        "from 60.00 to 70.00 (62.51 brings it in)."
    )
    (improvement,) = plans["B"].improvements
    assert (
        improvement.clause,
        improvement.units,
        improvement.yuan,
        round(improvement.points, 9),
    ) == ("A08", 1, 16000, 10.0)
    assert plans["C"].is_possible is False
    assert read(scores, plans["C"], "en") == (
        "All improvements that have a cost would not be enough: total score would still lack 2.51. "
        "Left out, because no cost is known: B01 clause."
    )
    assert plans["D"].is_possible is None
    assert (plans["D"].evidence, plans["D"].unseen) == (("A08",), ("A08",))
    assert read(scores, plans["D"], "zh") == (
        "先补齐证据：A08 条款。有价格的改进全部做到也不够：总分仍差 42.51 分。"
        "没有已知价格、未计入：B01 条款。没有证据、未计入：A08 条款。"
    )
    assert missing(scores, plans["E"], "en")[0] == "the gate of B01 clause"


def test_honesty_and_paperwork_cost_days_of_work_and_no_money() -> None:
    standard, table = town()
    work = {"A08": Cost(days=0.3, per="unit")}
    clauses = tuple(
        clause.model_copy(update={"cost": work.get(clause.id, clause.cost)})
        for clause in standard.clauses
    )
    scores = score_table(standard.model_copy(update={"clauses": clauses}), table)
    selection = select_scores(scores, rules_of({"places": 1}))
    plan = least(priced(scores), selection, "B")
    (improvement,) = plan.improvements
    assert improvement.yuan == 0
    assert improvement.days == pytest.approx(0.3)
    assert plan_cost(plan) == (0, 0.5)
    assert read(scores, plan, "zh") == (
        "最省的办法：改进 1 项，约需 0.5 个工作日，不需花钱，总分由 60.00 提高到 70.00"
        "（入选需 62.51）。"
    )


@pytest.mark.parametrize(
    ("yuan", "shown"), [(0, 0), (1, 100), (100, 100), (100.1, 200), (12_345.6, 12_400)]
)
def test_money_is_shown_in_hundreds_and_never_as_less(yuan: float, shown: float) -> None:
    assert shown_yuan(yuan) == shown


def test_the_default_edition_asks_no_money_for_honesty_and_paperwork() -> None:
    """Money buys or repairs things; a count, a paper, a true figure or a habit is work."""
    standard = in_force(editions(), "taizhou-smart-management", date(2026, 11, 27))
    assert standard is not None
    priced_clauses = [(clause, clause.cost) for clause in standard.clauses if clause.cost]
    paid = {clause.id for clause, cost in priced_clauses if cost.yuan is not None}
    for clause in standard.clauses:
        if clause.dimension in {"ledger", "organisation"} and clause.indicator != "assets_tagged":
            assert clause.id not in paid, clause.title.en
    assert {"A01", "C01", "F01"} <= paid
    assert {cost.source for _, cost in priced_clauses} == {"project default"}
    assert len(priced_clauses) == len(standard.clauses)


def test_a_gate_without_evidence_asks_for_evidence_first() -> None:
    standard, table = town()
    dark = pl.when(pl.col("id") != "B").then("B01.part").alias("B01.part")
    scores = score_table(standard, table.with_columns(dark))
    selection = select_scores(scores, rules_of({"places": 1, "hard": ["gates"]}))
    plan = least(priced(scores), selection, "B")
    assert plan.is_possible is None
    assert plan.evidence == ("B01",)
    assert read(scores, plan, "en").startswith("Evidence first: B01 clause. ")


def test_what_was_not_counted_is_counted_first() -> None:
    """A gate that the known gap does not reach, and that the unknown assets would reach."""
    standard = standard_of(
        [
            {
                "id": "B01",
                "indicator": "assets_tagged",
                "dimension": "d",
                "weight": 1,
                "data_source": "ledger",
                "linear": {"floor": 0.95, "target": 0.99},
                "gate": 0.9,
                "cost": {"yuan": 20, "per": "unit"},
            }
        ],
        dimensions={"d": 100},
    )
    row = {"id": "A", "school_type": "211", "B01.whole": 187.0}
    table = pl.DataFrame([row | {"B01.part": 156.0, "B01.unknown": 23.0}])
    scores = score_table(standard, table)
    plan = least(priced(scores), select_scores(scores, rules_of({"places": 1})), "A")
    assert (plan.is_possible, plan.evidence, plan.missing) == (None, ("B01",), ())
    (improvement,) = plan.improvements
    assert (improvement.units, improvement.yuan) == (13, 260)
    assert read(scores, plan, "zh") == (
        "先补齐证据：B01 条款。补到的都合格的话，最省的办法：改进 1 项，"
        "约需 300 元（按标准所列单价），"
        "总分由 0.00 提高到 0.00。"
    )
    assert read(scores, plan, "en").startswith(
        "Evidence first: B01 clause. If it turns out well, the least: 1 improved, about 300 yuan"
    )
    few = score_table(standard, table.with_columns(pl.lit(0.0).alias("B01.unknown")))
    sure = least(priced(few), select_scores(few, rules_of({"places": 1})), "A")
    assert (sure.is_possible, sure.evidence, sure.yuan) == (True, (), 260)


def test_a_school_that_no_improvement_brings_in_is_reported() -> None:
    standard, table = town()
    scores = score_table(standard, table)
    out = [{"school": "B", "decision": "out", "reason": "现场核查不符", "by": "王"}]
    selection = select_scores(scores, rules_of({"places": 1, "overrides": out}))
    plan = least(priced(scores), selection, "B")
    assert (plan.is_possible, read(scores, plan, "zh")) == (
        False,
        "按名额规则或人工调整，任何分数都不能入选。",
    )
    inside = least(priced(scores), selection, selection.selected[0])
    assert (inside.is_possible, inside.yuan, read(scores, inside, "zh")) == (
        True,
        0.0,
        "该校已入选。",
    )
    geometric = standard.model_copy(update={"aggregate": "geometric"})
    scores = score_table(geometric, table)
    selection = select_scores(scores, rules_of({"places": 1}))
    assert least(priced(scores), selection, "B").is_possible is None


def town() -> tuple[Standard, pl.DataFrame]:
    standard = standard_of(
        [
            {
                "id": "A08",
                "indicator": "assets_tagged",
                "weight": 1,
                "cost": {"yuan": 16000, "per": "unit"},
            },
            {"id": "B01", "indicator": "assets_tagged", "weight": 1, "gate": 0.2},
        ],
        min_coverage=0.9,
    )
    rows = [("A", 4, 9), ("B", 4, 8), ("C", 5, 4), ("D", None, 8), ("E", 4, 1)]
    return standard, pl.DataFrame(
        [
            {
                "id": school,
                "A08.part": first,
                "A08.whole": None if first is None else 5,
                "A08.unknown": None if first is None else 0,
                "B01.part": second,
                "B01.whole": 20,
                "B01.unknown": 0,
            }
            for school, first, second in rows
        ],
        infer_schema_length=None,
    )


def test_gates_and_rules_are_bought_where_they_have_a_price() -> None:
    cost = {"yuan": 100, "per": "point"}
    clause = {"indicator": "assets_tagged", "gate": 0.5, "linear": {"floor": 0.4, "target": 0.9}}
    rule = {
        "id": "both",
        "title": {"zh": "两项都要", "en": "both"},
        "of": ["A01", "A02"],
        "at_least": 2,
        "attained": 0.4,
    }
    table = pl.DataFrame(
        {
            "id": ["S"],
            **{
                f"A0{n}.{what}": [20.0 if what == "whole" else 9.0] for n in (1, 2) for what in SUMS
            },
            "A01.unknown": [0.0],
            "A02.unknown": [0.0],
        }
    )

    def answer(first: dict[str, Any], second: dict[str, Any]) -> Least:
        standard = standard_of([clause | first, clause | second], rules=[rule])
        scores = score_table(standard, table)
        return least(priced(scores), select_scores(scores, rules_of({})), "S")

    scores = score_table(standard_of([clause, clause], rules=[rule]), table)
    plan = answer({"cost": cost}, {"cost": cost})
    assert {improvement.clause: round(improvement.yuan) for improvement in plan.improvements} == {
        "A01": 3000,
        "A02": 3000,
    }
    plan = answer({"cost": cost}, {"cost": None, "gate": None})
    assert (plan.is_possible, missing(scores, plan, "en")) == (False, ["both"])
    plan = answer({"cost": None}, {"cost": cost})
    assert missing(scores, plan, "zh") == ["否决线 A01 条款"]


SUMS = ("part", "whole")
