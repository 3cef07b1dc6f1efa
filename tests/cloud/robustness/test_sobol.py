"""Which choice matters: what is planted is found, and the same seed gives the same indices."""

from typing import Any

import numpy as np
import polars as pl

from cloud.robustness.array_engine import attained, model_of, own_weights, seen_only, values
from cloud.robustness.sobol import CHOICES, Ranges, Sensitivity, sensitivity
from cloud.scoring.engine.engine import Scores, score_table
from cloud.selection.rules import rules_of
from tests._parts.many_schools import large_standard, many_schools
from tests._parts.scoring import standard_of

LARGE = large_standard().model_copy(update={"min_coverage": 0.6})
STILL: dict[str, Any] = {
    "weights": 0,
    "thresholds": 0,
    "aggregates": ("arithmetic",),
    "declared_cap": (0.8, 0.8),
    "min_coverage": (0.6, 0.6),
    "unseen": ("worst",),
}
RULES = rules_of({"places": 8, "hard": []})


def town() -> Scores:
    return score_table(LARGE, many_schools(LARGE, 60, 4))


def analysed(scores: Scores, **varied: Any) -> Sensitivity:
    return sensitivity(scores, RULES, 5, base=16, ranges=Ranges(**{**STILL, **varied}))


def test_the_same_seed_gives_the_same_indices_on_any_number_of_threads() -> None:
    scores = town()
    answer = sensitivity(scores, RULES, 3, base=8, threads=1)
    assert answer == sensitivity(scores, RULES, 3, base=8, threads=3)
    assert answer != sensitivity(scores, RULES, 4, base=8)
    assert answer.variants == 8 * (len(CHOICES) + 2)
    assert {influence.choice for influence in answer.influences} == set(CHOICES)


def test_a_seed_of_nought_is_a_seed() -> None:
    scores = town()
    assert sensitivity(scores, RULES, 0, base=8) == sensitivity(scores, RULES, 0, base=8)


def test_what_is_not_varied_changes_nothing() -> None:
    answer = analysed(town())
    assert (answer.changed, answer.moved) == (0, 0)
    assert all(
        influence.selected.total == influence.ranks.total == 0 for influence in answer.influences
    )


def test_the_one_choice_that_is_varied_explains_everything() -> None:
    for choice, varied in (
        ("weights", {"weights": 0.5}),
        ("aggregate", {"aggregates": ("arithmetic", "minimum")}),
        ("unseen", {"unseen": ("worst", "left out")}),
        ("declared_cap", {"declared_cap": (0.3, 1.0)}),
        ("thresholds", {"thresholds": 0.2}),
    ):
        answer = analysed(town(), **varied)
        by_ranks = max(answer.influences, key=lambda influence: influence.ranks.total)
        assert by_ranks.choice == choice
        assert answer.moved > 0
        others = [influence for influence in answer.influences if influence.choice != choice]
        assert all(influence.ranks.total == 0 for influence in others)


def test_coverage_that_is_asked_for_changes_who_is_selected_and_no_rank() -> None:
    answer = analysed(town(), min_coverage=(0.6, 0.99))
    assert answer.influences[0].choice == "min_coverage"
    assert answer.changed > 0
    assert answer.moved == 0


def test_quotas_and_marks_bind_in_every_variant() -> None:
    rules = rules_of({"places": 8, "quotas": {"stage": {"PRI": {"most": 2}}}})
    answer = sensitivity(town(), rules, 5, base=8)
    assert 0 <= answer.changed <= 1


def test_what_has_no_evidence_may_be_as_if_it_had_not_been_asked() -> None:
    standard = standard_of([{"indicator": "assets_tagged"}, {"indicator": "assets_located"}])
    table = pl.DataFrame(
        {
            "id": ["S"],
            "A01.part": [3.0],
            "A01.whole": [4.0],
            "A01.unknown": [0.0],
        }
    )
    model = seen_only(model_of(score_table(standard, table)))
    totals = values(model, attained(model, model.evidence), *own_weights(model)).totals
    assert np.allclose(totals, 0.75)


def test_no_schools_are_no_variance() -> None:
    scores = score_table(LARGE, many_schools(LARGE, 3, 4).head(0))
    assert sensitivity(scores, RULES, 5, base=2).changed == 0


def test_a_choice_alone_moves_no_school_where_it_is_not_varied() -> None:
    alone = {
        influence.choice: influence.alone for influence in analysed(town(), weights=0.5).influences
    }
    assert alone.pop("weights") > 0
    assert set(alone.values()) == {0}
