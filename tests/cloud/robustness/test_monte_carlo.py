"""Rank intervals and chances: the same by seed, and certain without uncertainty."""

import numpy as np
import polars as pl
import pytest

from cloud.robustness.array_engine import model_of
from cloud.robustness.monte_carlo import Uncertainties, Uncertainty, _order, drawn, uncertainty
from cloud.scoring.engine.engine import score_table
from cloud.scoring.standard.standard import Standard
from cloud.selection.rules import SelectionRules, rules_of
from cloud.selection.select import select_scores
from tests._parts.many_schools import large_standard, many_schools

EASY: Standard = large_standard().model_copy(update={"min_coverage": 0.6})
NO_UNCERTAINTY = Uncertainties(
    concentration=1e9, thresholds=0, telemetry=0, ledger=0, declared=0, overstated=0
)
ONLY_RANK = rules_of({"places": 7, "hard": []})


def town(schools: int = 60, *, known: bool = False) -> pl.DataFrame:
    table = many_schools(EASY, schools, 2)
    if known:
        zero = [
            (pl.col(f"{clause.id}.unknown") * 0).alias(f"{clause.id}.unknown")
            for clause in EASY.clauses
        ]
        table = table.with_columns(*zero)
    divisions = ["331002", "331003", "331024"]
    codes = [divisions[number % 3] for number in range(schools)]
    return table.with_columns(pl.Series("division", codes))


def answer_of(
    table: pl.DataFrame, rules: SelectionRules = ONLY_RANK, **more: object
) -> Uncertainty:
    usual: dict[str, object] = {"runs": 400, "worlds": 8}
    return uncertainty(score_table(EASY, table), rules, 7, **{**usual, **more})  # type: ignore[arg-type]  # keywords as given


def test_the_same_seed_gives_the_same_answer_on_any_number_of_threads() -> None:
    table = town()
    answer = answer_of(table, threads=1)
    assert answer.schools.equals(answer_of(table, threads=3).schools)
    shuffled = table.sample(fraction=1, shuffle=True, seed=1)
    assert answer.schools.equals(answer_of(shuffled, threads=2).schools)
    other = uncertainty(score_table(EASY, table), ONLY_RANK, 8, runs=400, worlds=8)
    assert not answer.schools.equals(other.schools)


def test_without_uncertainty_ranks_are_those_published_and_chances_are_certain() -> None:
    table = town(known=True)
    scores = score_table(EASY, table)
    quotas = {"division": {"331024": {"least": 4}}}
    for rules in (ONLY_RANK, rules_of({"places": 7, "hard": [], "quotas": quotas})):
        answer = answer_of(table, rules, uncertainties=NO_UNCERTAINTY)
        selection = select_scores(scores, rules)
        for row in answer.schools.to_dicts():
            outcome = selection.outcomes[row["id"]]
            assert row["chance"] == float(outcome.selected)
            assert row["rank_low"] == row["rank_median"] == row["rank_high"] == outcome.rank


def test_who_fails_what_is_hard_has_no_chance_and_who_is_not_rated_no_rank() -> None:
    table = town(120)
    answer = answer_of(table, rules_of({"places": 7, "hard": ["gates"]}))
    totals = score_table(EASY, table).totals
    gated = totals.filter(pl.col("failed_gates").list.len() > 0)["id"]
    schools = answer.schools.filter(pl.col("id").is_in(gated.implode()))
    assert schools["chance"].sum() == 0
    assert answer.schools.height == totals["value"].count()
    assert answer.schools.filter(pl.col("rank_low") > pl.col("rank_median")).is_empty()
    assert answer.schools.filter(pl.col("rank_median") > pl.col("rank_high")).is_empty()


def test_all_places_are_given_in_every_run_and_marks_and_rules_are_asked_in_each() -> None:
    table = town(120)
    assert answer_of(table).schools["chance"].sum() == pytest.approx(7)
    hard = rules_of({"places": 7, "hard": ["marks", "rules"]})
    assert 0 <= answer_of(table, hard).schools["chance"].sum() < 7


def test_more_uncertainty_makes_wider_intervals() -> None:
    table = town(known=True)

    def width(uncertainties: Uncertainties) -> float:
        schools = answer_of(table, uncertainties=uncertainties).schools
        return float((schools["rank_high"] - schools["rank_low"]).mean() or 0)  # type: ignore[arg-type]  # a number

    little = width(
        Uncertainties(concentration=1000, thresholds=0.01, telemetry=0, ledger=0, declared=0)
    )
    assert 0 < little < width(Uncertainties(concentration=20, thresholds=0.2))


def test_evidence_is_drawn_between_its_worst_and_its_best() -> None:
    model = model_of(score_table(EASY, town(40)))
    uncertainties = Uncertainties(telemetry=0, ledger=0, declared=0, overstated=0)
    low = drawn(model, uncertainties, np.random.default_rng(1)).low
    there = ~np.isnan(low)
    assert (low[there] >= model.evidence.low[there]).all()
    assert (low[there] <= model.evidence.high[there]).all()
    assert (np.isnan(low) == np.isnan(model.evidence.low)).all()
    overstated = drawn(
        model, Uncertainties(telemetry=0, ledger=0, declared=0), np.random.default_rng(1)
    )
    assert (overstated.low[model.capped & there] <= low[model.capped & there]).all()
    assert (overstated.low[~model.capped & there] == low[~model.capped & there]).all()


def test_no_schools_have_no_ranks() -> None:
    answer = uncertainty(score_table(EASY, town(3).head(0)), ONLY_RANK, 1, runs=10, worlds=2)
    assert answer.schools.is_empty()


def test_many_schools_take_wider_words() -> None:
    random = np.random.default_rng(1)
    totals = random.random((2, 20_000), np.float32)
    for run_totals, order in zip(totals, _order(totals), strict=True):
        assert sorted(order.tolist()) == list(range(20_000))
        assert (np.diff(run_totals[order]) <= 1e-6).all()
