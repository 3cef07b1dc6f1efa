"""Scores as arrays agree with the engine."""

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloud.robustness.array_engine import attained, model_of, own_weights, product, values
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.standard.standard import Standard, named
from tests._parts.many_schools import large_standard, many_schools

LARGE = large_standard()
AGGREGATE = st.sampled_from(["arithmetic", "geometric", "minimum"])


def assert_agrees(scores: Scores) -> None:
    model = model_of(scores)
    attainment = attained(model, model.evidence)
    marks = {
        number: dimension.pass_mark / scores.standard.scale
        for number, dimension in enumerate(scores.standard.dimensions)
        if dimension.pass_mark is not None
    }
    computed = values(model, attainment, *own_weights(model), marks=marks)
    raw = scores.totals["raw"].fill_null(0.0).to_numpy() / scores.standard.scale
    assert np.allclose(computed.totals[:, 0], raw, atol=3e-5)
    if marks:
        failed = scores.totals["failed_marks"].list.set_difference(["total"]).list.len()
        clear = np.abs(computed.totals[:, 0] - raw) < 1  # every school
        assert computed.marks is not None
        assert (computed.marks[clear, 0] == (failed == 0).to_numpy()[clear]).mean() > 0.999


@settings(max_examples=8, deadline=None)
@given(AGGREGATE, AGGREGATE, AGGREGATE, st.integers(0, 99))
@example("arithmetic", "geometric", "arithmetic", 84)  # an attainment of 0, but for rounding
def test_the_model_agrees_with_the_engine(whole: str, first: str, second: str, seed: int) -> None:
    aggregates = [first, second, *(dimension.aggregate for dimension in LARGE.dimensions[2:])]
    dimensions = tuple(
        dimension.model_copy(update={"aggregate": aggregate, "pass_mark": 30.0})
        for dimension, aggregate in zip(LARGE.dimensions, aggregates, strict=True)
    )
    standard = LARGE.model_copy(update={"aggregate": whole, "dimensions": dimensions})
    assert_agrees(score_table(standard, many_schools(standard, 40, seed)))


@pytest.mark.parametrize("edition", ["undp-hdi", "taizhou-smart-management", "national-balance"])
def test_the_model_agrees_on_what_is_shipped(edition: str) -> None:
    standard = named(edition)
    assert_agrees(score_table(standard, random_table(standard, 80)))


def test_schools_come_in_the_order_that_is_asked_for() -> None:
    scores = score_table(LARGE, many_schools(LARGE, 20, 3))
    names = list(reversed(scores.totals["id"].to_list()))[:7]
    some, everybody = model_of(scores, names), model_of(scores)
    assert some.schools == tuple(names)
    of_some = values(some, attained(some, some.evidence), *own_weights(some)).totals[:, 0]
    of_all = values(everybody, attained(everybody, everybody.evidence), *own_weights(everybody))
    by_name = dict(zip(everybody.schools, of_all.totals[:, 0].tolist(), strict=True))
    assert np.allclose(of_some, [by_name[name] for name in names], atol=1e-6)


@given(st.integers(0, 500), st.integers(1, 12), st.integers(1, 40))
def test_a_product_in_pieces_is_a_product(rows: int, inner: int, draws: int) -> None:
    random = np.random.default_rng(rows)
    left = random.random((rows, inner), np.float32)
    right = random.random((inner, draws), np.float32)
    assert np.allclose(product(left, right), left.astype(float) @ right.astype(float), atol=1e-4)


def random_table(standard: Standard, schools: int) -> pl.DataFrame:
    random = np.random.default_rng(5)
    table: dict[str, object] = {
        "id": [f"S{number:03}" for number in range(schools)],
        "school_type": random.choice(["111", "211", "312", "345", "361"], schools),
        "classes": random.integers(6, 40, schools),
        "pupils_PRI": random.integers(1, 900, schools),
        "pupils_JUN": random.integers(1, 900, schools),
    }
    for clause in standard.clauses:
        if clause.indicator == "column":
            table[clause.parameters["column"]] = random.uniform(1, 90, schools)
            continue
        whole = random.integers(1, 60, schools).astype(float)
        part = np.floor(whole * random.random(schools))
        table[f"{clause.id}.part"] = part
        table[f"{clause.id}.whole"] = whole
        table[f"{clause.id}.unknown"] = np.floor((whole - part) * random.random(schools))
    return pl.DataFrame(table)
