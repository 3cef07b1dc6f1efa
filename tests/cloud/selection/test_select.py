"""Who is selected, the reason given to each school, and that both are right."""

from collections.abc import Sequence
from itertools import permutations
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.errors import SettingsError
from cloud.messages import Message, render
from cloud.scoring.engine.engine import score_table
from cloud.selection.optimizer import feasible
from cloud.selection.ranked_pool import ranked_pool
from cloud.selection.rule_conflicts import conflicting
from cloud.selection.rules import SelectionRules, rules_of
from cloud.selection.select import Selection, select, select_scores
from tests._parts.many_schools import large_standard, many_schools
from tests._parts.small_selections import best_of_all, frame, rules, schools


@settings(max_examples=150, deadline=None)
@given(schools(), rules())
def test_the_selection_is_the_best_set_that_keeps_the_rules(
    candidates: pl.DataFrame, given_rules: SelectionRules
) -> None:
    selection = select(candidates, given_rules)
    field = ranked_pool(candidates, given_rules)
    expected = best_of_all(field.problem)
    assert selection.is_possible == (expected is not None)
    assert selection.selected == tuple(field.schools[number] for number in expected or ())
    rows = {row["id"]: row for row in candidates.to_dicts()}
    for school in selection.selected:
        assert rows[school]["value"] is not None
        assert not any(rows[school][f"failed_{what}"] for what in ("gates", "marks", "rules"))
    for quota in selection.quotas if selection.is_possible else ():
        assert quota.least <= quota.selected
        assert quota.most is None or quota.selected <= quota.most


@settings(max_examples=60, deadline=None)
@given(schools(), rules(), st.randoms())
def test_the_order_of_the_rows_changes_nothing(
    candidates: pl.DataFrame, given_rules: SelectionRules, random: Random
) -> None:
    order = list(range(candidates.height))
    random.shuffle(order)
    assert select(candidates[order], given_rules) == select(candidates, given_rules)


@settings(max_examples=200, deadline=None)
@given(schools(), rules(), st.data())
def test_the_score_a_school_needs_brings_it_in_and_the_next_lower_one_does_not(
    candidates: pl.DataFrame, given_rules: SelectionRules, data: st.DataObject
) -> None:
    selection = select(candidates, given_rules)
    if not selection.outcomes:
        return
    school = data.draw(st.sampled_from(sorted(selection.outcomes)))
    outcome = selection.outcomes[school]
    unit = 10.0**-given_rules.decimals

    def with_score(score: float) -> Selection:
        is_school = pl.col("id") == school
        cleared = [
            pl.when(is_school)
            .then(pl.lit([], pl.List(pl.String)))
            .otherwise(pl.col(name))
            .alias(name)
            for name in ("failed_gates", "failed_marks", "failed_rules")
        ]
        value = pl.when(is_school).then(pl.lit(score)).otherwise("value").alias("value")
        return select(candidates.with_columns(value, *cleared), given_rules)

    covered = dict(candidates.select("id", "coverage").iter_rows())[school]
    if covered < (given_rules.min_coverage or 0):
        return
    if not outcome.is_reachable:
        assert school not in with_score(1000.0).selected
    elif outcome.needs is None:
        assert school in with_score(0.0).selected
    else:
        assert school in with_score(outcome.needs).selected
        if outcome.needs > 0:
            assert school not in with_score(outcome.needs - unit).selected


@settings(max_examples=150, deadline=None)
@given(schools(), rules())
def test_rules_that_clash_are_named_and_none_of_them_without_need(
    candidates: pl.DataFrame, given_rules: SelectionRules
) -> None:
    selection = select(candidates, given_rules)
    field = ranked_pool(candidates, given_rules)
    assert bool(selection.conflict) == (not feasible(field.problem))
    assert conflicting(field, given_rules) == selection.conflict
    named = english(selection, selection.conflict)
    eased = given_rules.model_dump()
    for quota in selection.quotas:
        limits = eased["quotas"][quota.group][quota.code]
        title = render(quota.title, "en")
        if f"{title}: at most {quota.most}" not in named:
            limits["most"] = None
        if not any(line.startswith(f"{title}: at least") for line in named):
            limits["least"] = 0
    assert select(candidates, rules_of(eased)).is_possible == selection.is_possible
    for quota in selection.quotas:
        for what, limit in (("most", "at most"), ("least", "at least")):
            if any(line.startswith(f"{render(quota.title, 'en')}: {limit}") for line in named):
                less = rules_of(eased).model_dump()
                less["quotas"][quota.group][quota.code][what] = {"most": None, "least": 0}[what]
                assert select(candidates, rules_of(less)).is_possible


def english(selection: Selection, texts: Sequence[Message]) -> list[str]:
    return [render(selection.names.resolved(text), "en") for text in texts]


def chinese(selection: Selection, texts: Sequence[Message]) -> list[str]:
    return [render(selection.names.resolved(text), "zh") for text in texts]


def reasons_of(candidates: pl.DataFrame, **given_rules: object) -> dict[str, tuple[object, ...]]:
    selection = select(candidates, rules_of(given_rules))
    return {
        school: (
            outcome.selected,
            outcome.decided,
            *(
                render(selection.names.resolved(outcome.reason), language)
                for language in ("zh", "en")
            ),
        )
        for school, outcome in selection.outcomes.items()
    }


def test_every_school_gets_the_rule_that_decided() -> None:
    candidates = frame(
        [
            {"id": "A", "value": 95.0, "division": "331002"},
            {"id": "B", "value": 94.0, "division": "331002"},
            {"id": "C", "value": 90.128, "use": 60.0},
            {"id": "D", "value": 90.121, "use": 50.0},
            {"id": "E", "value": 80.0, "urban_rural": "220"},
            {"id": "F", "value": 70.0},
            {"id": "G", "value": 99.0, "failed_gates": ["F01"], "failed_marks": ["use"]},
            {"id": "H", "value": 98.0, "failed_rules": ["seven"]},
            {"id": "I", "value": None, "coverage": 0.715},
            {"id": "J", "value": 60.0},
        ]
    )
    assert reasons_of(
        candidates,
        places=3,
        tie_break=["use"],
        quotas={"division": {"331002": {"most": 1}}, "urban_rural": {"2": {"least": 1}}},
    ) == {
        "A": (
            True,
            "score",
            "总分 95.00，在符合条件的学校中排第 1，名额 3 个，入选。",
            "In: score 95.00, number 1 of the eligible schools, 3 places.",
        ),
        "B": (
            False,
            "quota",
            "总分 94.00，在符合条件的学校中排第 2；因名额规则（椒江区至多 1 所）不入选。",
            (
                "Out: score 94.00, number 2 of the eligible schools; "
                "by quota (Jiaojiang District: at most 1)."
            ),
        ),
        "C": (
            True,
            "quota",
            "总分 90.12，在符合条件的学校中排第 3；因名额规则（椒江区至多 1 所）入选。",
            (
                "In: score 90.12, number 3 of the eligible schools; "
                "by quota (Jiaojiang District: at most 1)."
            ),
        ),
        "D": (
            False,
            "quota",
            "总分 90.12，在符合条件的学校中排第 4；因名额规则（乡村至少 1 所）不入选。",
            "Out: score 90.12, number 4 of the eligible schools; by quota (Rural: at least 1).",
        ),
        "E": (
            True,
            "quota",
            "总分 80.00，在符合条件的学校中排第 5；因名额规则（乡村至少 1 所）入选。",
            "In: score 80.00, number 5 of the eligible schools; by quota (Rural: at least 1).",
        ),
        "F": (
            False,
            "score",
            "总分 70.00，在符合条件的学校中排第 6，名额 3 个；达到 90.13 分即可入选，未入选。",
            (
                "Out: score 70.00, number 6 of the eligible schools, 3 places; "
                "90.13 would have been enough."
            ),
        ),
        "G": (
            False,
            "gate",
            "未过否决线：F01；未达及格线：use。",
            "Out: does not pass the gate of F01; misses the pass mark of use.",
        ),
        "H": (False, "rule", "未满足规则：seven。", "Out: does not meet the rule seven."),
        "I": (
            False,
            "coverage",
            "证据覆盖率 71.5%，达不到要求，不予评定。",
            "Out: not rated, evidence coverage 71.5% is too low.",
        ),
        "J": (
            False,
            "score",
            "总分 60.00，在符合条件的学校中排第 7，名额 3 个；达到 90.13 分即可入选，未入选。",
            (
                "Out: score 60.00, number 7 of the eligible schools, 3 places; "
                "90.13 would have been enough."
            ),
        ),
    }


def test_a_tie_is_settled_by_the_first_column_that_differs_and_at_last_by_the_code() -> None:
    candidates = frame(
        [
            {"id": "A", "value": 90.121, "use": 50.0},
            {"id": "B", "value": 90.128, "use": 50.0},
            {"id": "C", "value": 90.12, "use": 60.0},
        ]
    )
    reasons = reasons_of(candidates, places=2, tie_break=["use"])
    assert reasons["A"] == (
        True,
        "tie_break",
        "总分 90.12，与B同分；按学校标识码在前，入选。",
        "In: score 90.12, level with B; the school code decided.",
    )
    assert reasons["B"][:2] == (False, "tie_break")
    reasons = reasons_of(candidates, places=1, tie_break=["use"])
    assert reasons["C"][3] == "In: score 90.12, level with A; use decided."
    assert reasons["B"][2] == "总分 90.12，与C同分；按use在后，未入选。"


@pytest.mark.parametrize("order", list(permutations("ABC")))
def test_case_opencompass_2574_equal_scores_at_the_cut_do_not_depend_on_their_order(
    order: tuple[str, ...],
) -> None:
    value = {"A": 90.121, "B": 90.128, "C": 95.0}
    schools = frame([{"id": school, "value": value[school], "use": 1.0} for school in order])
    outcomes = select(schools, rules_of({"places": 2, "tie_break": ["use"]})).outcomes
    assert {school: outcome.rank for school, outcome in outcomes.items()} == {
        "A": 2,
        "B": 2,
        "C": 1,
    }
    assert {school: outcome.place for school, outcome in outcomes.items()} == {
        "A": 2,
        "B": 3,
        "C": 1,
    }
    reasons = reasons_of(schools, places=2, tie_break=["use"])
    assert {school for school, reason in reasons.items() if reason[0]} == {"A", "C"}
    assert reasons["A"][3] == "In: score 90.12, level with B; the school code decided."
    assert reasons["B"][1] == "tie_break"


@pytest.mark.parametrize("order", list(permutations("ABCD")))
def test_equal_scores_at_the_edge_of_a_quota_and_in_the_middle_of_the_list_are_ordered_alike(
    order: tuple[str, ...],
) -> None:
    """A and B are level for the one place of their county, A and C within the list of all."""
    schools_by_id = {
        "A": {"value": 90.12, "use": 1.0, "division": "331002"},
        "B": {"value": 90.12, "use": 2.0, "division": "331002"},
        "C": {"value": 90.12, "use": 3.0, "division": "331003"},
        "D": {"value": 80.0, "use": 1.0, "division": "331003"},
    }
    candidates = frame([{"id": school, **schools_by_id[school]} for school in order])
    given_rules = rules_of(
        {
            "places": 3,
            "tie_break": ["use"],
            "quotas": {"division": {"331002": {"least": 1, "most": 1}}},
        }
    )
    selection = select(candidates, given_rules)
    assert set(selection.selected) == {"B", "C", "D"}
    ranks = {school: outcome.rank for school, outcome in selection.outcomes.items()}
    assert ranks == {"A": 1, "B": 1, "C": 1, "D": 4}
    places = {school: outcome.place for school, outcome in selection.outcomes.items()}
    assert places == {"C": 1, "B": 2, "A": 3, "D": 4}


def test_fewer_schools_than_places_are_all_taken_and_noted() -> None:
    selection = select(
        frame([{"id": "A", "value": 80.0}, {"id": "B", "value": None}]), rules_of({})
    )
    assert selection.selected == ("A",)
    assert selection.outcomes["A"].decided == "everybody"
    assert english(selection, selection.notes) == ["Eligible schools: 1; empty places: 49."]
    assert selection.outcomes["B"].needs is None
    assert selection.outcomes["B"].is_reachable


def test_an_override_stays_visible_and_so_does_what_it_took() -> None:
    candidates = frame(
        [
            {"id": "A", "value": 90.0},
            {"id": "B", "value": 80.0},
            {"id": "C", "value": 70.0, "failed_gates": ["F01"]},
        ]
    )
    override = {"school": "C", "decision": "in", "reason": "现场核查属实", "by": "王老师"}
    reasons = reasons_of(candidates, places=2, overrides=[override])
    assert reasons["C"] == (
        True,
        "override",
        "人工调整为入选（王老师）：现场核查属实。按规则原为不入选。",
        "Override by 王老师: in. Reason: 现场核查属实. By the rules it would be out.",
    )
    assert reasons["B"] == (
        False,
        "override",
        "名额因人工调整由他校占用。",
        "Out: an override took the place.",
    )
    out = {**override, "school": "A", "decision": "out"}
    reasons = reasons_of(candidates, places=1, overrides=[out])
    assert reasons["B"][:3] == (True, "override", "因人工调整空出名额而入选。")


def test_conflicting_rules_are_named_in_both_languages() -> None:
    candidates = frame(
        [
            {"id": "A", "value": 90.0, "division": "331002"},
            {"id": "B", "value": 80.0, "division": "331002", "failed_gates": ["F01"]},
            {"id": "C", "value": 70.0, "division": "331003"},
        ]
    )
    quotas = {"division": {"331002": {"least": 2}, "331003": {"least": 1, "most": 1}}}
    selection = select(candidates, rules_of({"places": 3, "quotas": quotas}))
    assert not selection.is_possible
    assert selection.selected == ()
    assert list(
        zip(
            chinese(selection, selection.conflict),
            english(selection, selection.conflict),
            strict=True,
        )
    ) == [
        (
            "椒江区至少 2 所（共 2 所，符合条件 1 所）",
            "Jiaojiang District: at least 2 (2 schools, 1 of them eligible)",
        ),
        (
            "只有证据充分且达到否决线、及格线的学校可以入选",
            "only schools with enough evidence that pass gates, marks and rules are eligible",
        ),
    ]


def test_overrides_that_clash_are_named() -> None:
    candidates = frame([{"id": "A", "value": 90.0}, {"id": "B", "value": 80.0}])
    overrides = [
        {"school": school, "decision": "in", "reason": "现场核查属实", "by": "王老师"}
        for school in ("A", "B")
    ]
    selection = select(candidates, rules_of({"places": 1, "overrides": overrides}))
    assert english(selection, selection.conflict) == [
        "places: 1",
        "override: A is in (王老师)",
        "override: B is in (王老师)",
    ]


def test_quotas_that_decide_only_together_are_named_by_the_own_full_groups() -> None:
    candidates = frame(
        [
            {"id": "A", "value": 90.0, "division": "331002", "stage": "KG"},
            {"id": "B", "value": 85.0, "division": "331002", "stage": "KG"},
            {"id": "C", "value": 70.0, "division": "331003", "stage": "PRI"},
        ]
    )
    quotas = {"division": {"331002": {"most": 1}}, "stage": {"KG": {"most": 1}}}
    reasons = reasons_of(candidates, places=2, quotas=quotas)
    assert reasons["B"][2] == (
        "总分 85.00，在符合条件的学校中排第 2；"
        "因名额规则（椒江区至多 1 所；幼儿园至多 1 所）不入选。"
    )
    assert str(reasons["C"][2]).endswith("因名额规则（椒江区至多 1 所；幼儿园至多 1 所）入选。")


def test_quotas_that_leave_places_empty_or_match_no_school_are_noted() -> None:
    candidates = frame(
        [
            {"id": "A", "value": 90.0, "division": "331002", "urban_rural": "121"},
            {"id": "B", "value": 85.0, "division": "331002", "urban_rural": "121"},
        ]
    )
    quotas = {
        "division": {"331002": {"least": 1, "most": 1}, "99": {"most": 3}},
        "urban_rural": {"12": {"least": 1}},
    }
    selection = select(candidates, rules_of({"places": 2, "quotas": quotas}))
    assert chinese(selection, selection.notes) == [
        "因各组上限或人工调整，空缺名额 1 个。",
        "名额规则“县（市、区） 99”没有对应的学校，请核对代码 99。",
    ]
    assert [render(quota.title, "zh") for quota in selection.quotas] == [
        "椒江区",
        "县（市、区） 99",
        "镇区",
    ]
    assert (
        "Jiaojiang District: exactly 1" in english(selection, [selection.outcomes["B"].reason])[0]
    )


def test_the_order_of_ties_is_published_in_words() -> None:
    selection = select_scores(
        scores := score_table(LARGE, many_schools(LARGE, 30, 1)), rules_of({})
    )
    assert english(selection, selection.order)[:3] == [
        "score, cut to 2 decimals",
        "a, more first",
        "b, more first",
    ]
    assert chinese(selection, selection.order)[-1] == "学校标识码（小者在前）"
    assert selection.outcomes.keys() == set(scores.totals["id"])


LARGE = large_standard()


@pytest.mark.parametrize(
    ("given_rules", "expected"),
    [
        ({"tie_break": ["us"]}, "tie_break: no column 'us'; did you mean use?"),
        ({"tie_break": ["division"]}, "tie_break: division is no number"),
        (
            {"overrides": [{"school": "Z", "decision": "in", "reason": "xx", "by": "y"}]},
            "overrides.0.school: Z is not among the schools assessed",
        ),
    ],
)
def test_rules_that_name_what_is_not_there_are_refused(
    given_rules: dict[str, object], expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        select(frame([{"id": "A", "value": 1.0}]), rules_of(given_rules))
    assert str(caught.value) == expected
