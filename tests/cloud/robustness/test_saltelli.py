"""Sobol indices agree with those that are known exactly, for functions made for that purpose."""

from collections.abc import Callable
from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.robustness.saltelli import (
    Array,
    Index,
    latin_hypercube,
    saltelli_sample,
    sobol_indices,
)

BASE = 8192


def analysed(
    function: Callable[[Array], Array],
    bounds: list[tuple[float, float]],
    groups: str,
    *,
    base: int = BASE,
    seed: int = 7,
) -> tuple[Index, ...]:
    generator = np.random.default_rng(seed)
    sample = saltelli_sample(bounds, groups, base, generator)
    return sobol_indices(function(sample), len(set(groups)), generator)


def ishigami(inputs: Array) -> Array:
    x, y, z = inputs.T
    answer: Array = np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)
    return answer


def exact_ishigami(a: float = 7, b: float = 0.1) -> tuple[list[float], list[float]]:
    """Return first-order and total indices (Ishigami and Homma 1990)."""
    of_x = 0.5 * (1 + b * pi**4 / 5) ** 2
    of_y = a**2 / 8
    of_x_with_z = b**2 * pi**8 * (1 / 18 - 1 / 50)
    variance = of_x + of_y + of_x_with_z
    first = [of_x / variance, of_y / variance, 0.0]
    total = [(of_x + of_x_with_z) / variance, of_y / variance, of_x_with_z / variance]
    return first, total


G_COEFFICIENTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])


def sobol_g(inputs: Array) -> Array:
    answer: Array = ((np.abs(4 * inputs - 2) + G_COEFFICIENTS) / (1 + G_COEFFICIENTS)).prod(axis=1)
    return answer


def exact_sobol_g() -> tuple[list[float], list[float]]:
    """Return first-order and total indices (Saltelli and Sobol 1995)."""
    parts = 1 / 3 / (1 + G_COEFFICIENTS) ** 2
    variance = (1 + parts).prod() - 1
    first = parts / variance
    total = parts * (1 + parts).prod() / (1 + parts) / variance
    return first.tolist(), total.tolist()


def test_ishigami_has_its_known_indices() -> None:
    first, total = exact_ishigami()
    assert first == pytest.approx([0.3139, 0.4424, 0], abs=1e-4)  # as published
    assert total == pytest.approx([0.5576, 0.4424, 0.2437], abs=1e-4)
    indices = analysed(ishigami, [(-pi, pi)] * 3, "xyz")
    assert [index.first for index in indices] == pytest.approx(first, abs=0.03)
    assert [index.total for index in indices] == pytest.approx(total, abs=0.03)


def test_sobol_g_has_its_known_indices() -> None:
    first, total = exact_sobol_g()
    indices = analysed(sobol_g, [(0, 1)] * 6, "abcdef")
    assert [index.first for index in indices] == pytest.approx(first, abs=0.03)
    assert [index.total for index in indices] == pytest.approx(total, abs=0.03)


def test_inputs_of_one_group_have_one_index() -> None:
    # x and z interact with each other alone: as one group they explain their part alone.
    first, total = exact_ishigami()
    of_group, of_y = analysed(ishigami, [(-pi, pi)] * 3, "gyg")
    assert of_group.first == pytest.approx(1 - first[1], abs=0.03)
    assert of_group.total == pytest.approx(1 - total[1], abs=0.03)
    assert of_y.total == pytest.approx(total[1], abs=0.03)


def test_an_interval_holds_the_exact_index_about_nineteen_times_of_twenty() -> None:
    first, total = exact_ishigami()
    held = [
        abs(estimate - exact) <= within
        for seed in range(40)
        for index, exact_first, exact_total in zip(
            analysed(ishigami, [(-pi, pi)] * 3, "xyz", base=256, seed=seed),
            first,
            total,
            strict=True,
        )
        for estimate, exact, within in (
            (index.first, exact_first, index.first_within),
            (index.total, exact_total, index.total_within),
        )
    ]
    assert 0.88 <= sum(held) / len(held) <= 0.995


def test_a_mean_far_from_zero_changes_no_index() -> None:
    near = analysed(ishigami, [(-pi, pi)] * 3, "xyz", base=64)
    far = analysed(lambda inputs: ishigami(inputs) + 1e6, [(-pi, pi)] * 3, "xyz", base=64)
    for index, shifted in zip(near, far, strict=True):
        assert index.first == pytest.approx(shifted.first, abs=1e-6)
        assert index.total_within == pytest.approx(shifted.total_within, abs=1e-6)


def test_an_answer_without_variance_has_indices_of_zero() -> None:
    indices = analysed(lambda inputs: np.ones(len(inputs)), [(0, 1)] * 2, "ab", base=8)
    assert indices == (Index(0, 0, 0, 0),) * 2
    assert sobol_indices(np.empty(0), 2, np.random.default_rng(1)) == indices


def test_answers_that_are_no_whole_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="7 answers are not blocks of 4"):
        sobol_indices(np.arange(7.0), 2, np.random.default_rng(1))


def test_a_range_without_width_is_never_left() -> None:
    sample = saltelli_sample([(0.8, 0.8), (0, 2)], "ab", 16, np.random.default_rng(1))
    assert set(sample[:, 0]) == {0.8}
    assert sample[:, 1].min() >= 0
    assert sample[:, 1].max() < 2


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 2**32))
def test_a_latin_hypercube_has_one_value_in_each_stratum(
    rows: int, columns: int, seed: int
) -> None:
    sample = latin_hypercube(rows, columns, np.random.default_rng(seed))
    strata = np.sort(np.floor(sample * rows).astype(int), axis=0)
    assert (strata == np.arange(rows)[:, None]).all()


@given(st.integers(1, 8), st.integers(0, 2**32))
def test_each_row_of_a_block_takes_one_group_from_the_second_sample(base: int, seed: int) -> None:
    groups = "wwab"
    sample = saltelli_sample([(0, 1)] * 4, groups, base, np.random.default_rng(seed))
    for block in sample.reshape(base, 5, 4):
        a, b = block[0], block[-1]
        for row, group in zip(block[1:-1], "wab", strict=True):
            taken = np.array([name == group for name in groups])
            assert (row == np.where(taken, b, a)).all()
