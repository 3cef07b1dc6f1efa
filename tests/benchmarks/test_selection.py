"""The exact selection of a city and of a province; and the least it would take."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from cloud.scoring.engine.engine import score_table
from cloud.scoring.standard.clause import Cost
from cloud.scoring.standard.standard import Standard
from cloud.selection.improvement.cheapest_plan import least, priced
from cloud.selection.milp import INFINITE, Row, maximised
from cloud.selection.optimizer import SelectionProblem, best
from cloud.selection.ranked_pool import ranked_pool
from cloud.selection.rules import SelectionRules, rules_of
from cloud.selection.select import select, select_scores
from tests._parts.many_schools import large_standard, many_schools

COUNTIES = (
    *("331002", "331003", "331004", "331022", "331023"),
    *("331024", "331081", "331082", "331083"),
)
RULES = rules_of(
    {
        "places": 50,
        "tie_break": ["use", "coverage"],
        "quotas": {
            "division": {code: {"least": 3, "most": 8} for code in COUNTIES},
            "stage": {"KG": {"least": 5, "most": 12}, "PRI": {"least": 15}, "VOC": {"least": 3}},
            "urban_rural": {"2": {"least": 22}, "1": {"least": 10}},
        },
    }
)


def candidates(schools: int) -> pl.DataFrame:
    random = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "id": [f"{number:06d}" for number in range(schools)],
            "value": np.clip(random.normal(78, 8, schools), 0, 100),
            "coverage": random.uniform(0.8, 1, schools),
            "use": random.uniform(40, 100, schools),
            "division": random.choice(COUNTIES, schools),
            "stage": random.choice(
                ["KG", "PRI", "JUN", "SEN", "VOC"], schools, p=[0.3, 0.35, 0.2, 0.1, 0.05]
            ),
            "urban_rural": random.choice(["111", "121", "210", "220"], schools),
            "failed_gates": [["F01"] if draw < 0.05 else [] for draw in random.random(schools)],
        }
    )


def timed(work: Callable[[], Any], times: int = 3) -> float:
    """Return the shortest of some tries, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def plainly(problem: SelectionProblem) -> float:
    """Solve it as one mixed-integer programme of all schools; returns the sum, ties left open."""
    able = np.flatnonzero(problem.able)
    ones = np.ones(able.size)
    rows = [Row(np.arange(able.size), ones, problem.places, problem.places)]
    for limit in problem.limits:
        of = np.flatnonzero(limit.members[able])
        most = INFINITE if limit.most is None else float(limit.most)
        rows.append(Row(of, np.ones(of.size), float(limit.least), most))
    solution = maximised(
        problem.values[able].astype(float),
        rows,
        least=np.zeros(able.size),
        most=ones,
        whole=np.ones(able.size, np.bool_),
    )
    assert solution is not None
    return solution.objective


@pytest.mark.benchmark
@pytest.mark.parametrize("schools", [1_000, 14_000])
def test_the_exact_selection(schools: int, capsys: pytest.CaptureFixture[str]) -> None:
    table = candidates(schools)
    field_s = timed(lambda: ranked_pool(table, RULES))
    problem = ranked_pool(table, RULES).problem
    best_s = timed(lambda: best(problem))
    plain_s = timed(lambda: plainly(problem), 1)
    select_s = timed(lambda: select(table, RULES), 1)
    chosen = best(problem)
    assert chosen is not None
    assert abs(plainly(problem) - chosen.value) < 0.5
    few = RULES.model_copy(update={"places": 20})
    clash_s = timed(lambda: select(table, few), 1)
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nexact selection of 50 out of {schools:,}, {len(problem.limits)} quotas of three "
            f"kinds: {1000 * best_s:.0f} ms, and {1000 * field_s:.0f} ms to put them in order; as "
            f"one plain programme, ties left open, {1000 * plain_s:.0f} ms "
            f"({plain_s / best_s:.0f} times as long); with the explanation for every school "
            f"{select_s:.2f} s; rules that clash named in "
            f"{1000 * clash_s:.0f} ms"
        )


def priced_standard() -> Standard:
    """Return the large standard with arithmetic means and a cost for nearly every clause."""
    standard = large_standard()
    clauses = tuple(
        clause.model_copy(
            update={
                "gate": None,
                "cost": Cost(yuan=10.0 + number * 37, per=("unit", "point")[number % 3 == 0]),
            }
        )
        for number, clause in enumerate(standard.clauses)
    )
    plain = [
        dimension.model_copy(update={"aggregate": "arithmetic"})
        for dimension in standard.dimensions
    ]
    return standard.model_copy(
        update={"clauses": clauses, "dimensions": tuple(plain), "rules": (), "pass_mark": None}
    )


@pytest.mark.benchmark
def test_the_least_it_would_take(capsys: pytest.CaptureFixture[str]) -> None:
    standard = priced_standard()
    scores = score_table(standard, many_schools(standard, 1_000, 1))
    selection = select_scores(scores, SelectionRules(places=50))
    rules = selection.rules
    prepare_s = timed(lambda: priced(scores), 1)
    of = priced(scores)
    out = [outcome.school for outcome in selection.outcomes.values() if not outcome.selected]
    each, plans = [], []
    for school in out:
        start = time.perf_counter()
        plans.append(least(of, rules, school, selection.outcomes[school], scores))
        each.append(1000 * (time.perf_counter() - start))
    possible = sum(plan.is_possible is True for plan in plans)
    median, high, most = (float(np.quantile(each, share)) for share in (0.5, 0.95, 1))
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nthe least it would take for {len(out)} schools ({possible} can): "
            f"{sum(each) / 1000:.1f} s in all and {prepare_s:.2f} s before; of one school "
            f"{median:.0f} ms (median), {high:.0f} ms (95 %), {most:.0f} ms (most)"
        )
