"""Ten thousand runs over a province, a sensitivity analysis, and how close greedy comes."""

import resource
import time

import numpy as np
import pytest

from cloud.robustness.fast_allocation import given, places_of
from cloud.robustness.monte_carlo import uncertainty
from cloud.robustness.sobol import sensitivity
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.standard.standard import Standard, named
from cloud.selection.optimizer import best
from cloud.selection.ranked_pool import ranked_pool
from cloud.selection.rules import rules_of
from tests._parts.many_schools import large_standard, many_schools
from tests.benchmarks.test_selection import RULES
from tests.benchmarks.test_selection import candidates as random_candidates

RUNS = 10_000
SHIPPED = "taizhou-smart-management@2026-11-01"


def arithmetic() -> Standard:
    standard = large_standard()
    plain = [
        dimension.model_copy(update={"aggregate": "arithmetic"})
        for dimension in standard.dimensions
    ]
    return standard.model_copy(update={"dimensions": tuple(plain), "min_coverage": 0.6})


def measured(scores: Scores, quotas: dict[str, object]) -> tuple[float, float]:
    rules = rules_of({"places": 50, "hard": ["marks"], "quotas": quotas})
    start, cpu = time.perf_counter(), time.process_time()
    uncertainty(scores, rules, 7, runs=RUNS)
    return time.perf_counter() - start, time.process_time() - cpu


@pytest.mark.benchmark
@pytest.mark.parametrize("schools", [1_000, 14_000])
def test_ten_thousand_runs(schools: int, capsys: pytest.CaptureFixture[str]) -> None:
    standard = named(SHIPPED)
    table = many_schools(standard, schools, 1, least=0.7)
    scores = score_table(standard, table)
    start = time.perf_counter()
    order = score_table(standard, table).totals.sort("raw", descending=True)
    plain_s = time.perf_counter() - start
    assert order.height == schools
    wall_s, cpu_s = measured(scores, {})
    quota_s, quota_cpu_s = measured(scores, {"stage": {"KG": {"least": 5, "most": 12}}})
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\n{RUNS:,} runs over {schools:,} schools x {len(standard.clauses)} clauses: "
            f"{wall_s:.1f} s ({cpu_s:.1f} s of processor time), with quotas {quota_s:.1f} s "
            f"({quota_cpu_s:.1f} s); to score and sort so often would take "
            f"{plain_s * RUNS / 60:.0f} min, {plain_s * RUNS / wall_s:.0f} times as long; "
            f"at most {peak_mb:,.0f} MB in use"
        )


@pytest.mark.benchmark
def test_which_choice_matters(capsys: pytest.CaptureFixture[str]) -> None:
    standard = arithmetic()
    scores = score_table(standard, many_schools(standard, 1_000, 1))
    start, cpu = time.perf_counter(), time.process_time()
    result = sensitivity(scores, rules_of({"places": 50, "hard": ["gates"]}), 7)
    wall_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nsensitivity analysis of 1,000 schools, {result.variants} variants: {wall_s:.1f} s "
            f"({cpu_s:.1f} s of processor time)"
        )


@pytest.mark.benchmark
def test_places_in_order_against_the_exact_selection(capsys: pytest.CaptureFixture[str]) -> None:
    """Three kinds of quotas at once, which the order of ranks does not settle exactly."""
    same, lost, unfilled, tries = 0, 0.0, 0, 40
    for seed in range(tries):
        table = random_candidates(1_000)
        random = np.random.default_rng(seed)
        table = table.with_columns(value=np.clip(random.normal(78, 8, 1_000), 0, 100))
        field = ranked_pool(table, RULES)
        exact = best(field.problem)
        assert exact is not None
        places = places_of(field, np.arange(1_000))
        order = np.arange(1_000)[None, :]
        chosen = np.flatnonzero(given(order, field.problem.able[None, :], places))
        same += len(set(chosen.tolist()) & set(exact.chosen))
        unfilled += exact.count - chosen.size
        lost += (exact.value - int(field.values[chosen].sum())) / exact.value
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nplaces in order of ranks against the exact selection, {tries} cities, quotas of "
            f"three kinds: {same / tries:.1f} of 50 schools are the same, "
            f"{unfilled / tries:.2f} places stay empty, {100 * lost / tries:.2f} % of the sum is "
            "lost"
        )
