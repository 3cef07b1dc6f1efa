"""Sobol indices by Saltelli's design, for any function of several inputs. Pure.

The design is that of Saltelli and others (2010): two samples A and B of the inputs, and for each
group of inputs a third, which is A with this group taken from B. A function is evaluated on all of
them. Then, with f of A, B and AB,

- the first-order index of a group is the mean of f(B) (f(AB) - f(A)), over the variance;
- the total index is half of the mean of (f(A) - f(AB)) squared, over the variance (Jansen).

A and B are the two halves of one Latin hypercube sample: each input takes one value from each of
`base` equal strata. Intervals come from the bootstrap over the rows of the design.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RESAMPLES = 100
NORMAL_95 = 1.959963984540054
"""Quantile of the standard normal distribution that leaves 2.5 % above it."""


@dataclass(frozen=True, slots=True)
class Index:
    """First-order and total index, each with the half-width of its 95 % interval."""

    first: float
    first_within: float
    total: float
    total_within: float


def latin_hypercube(rows: int, columns: int, generator: np.random.Generator) -> Array:
    """Return a sample of [0, 1): in each column one value from each of `rows` equal strata."""
    strata = np.tile(np.arange(rows, dtype=np.float64)[:, None], (1, columns))
    inside: Array = generator.random((rows, columns))
    sample: Array = (generator.permuted(strata, axis=0) + inside) / rows
    return sample


def saltelli_sample(
    bounds: Sequence[tuple[float, float]],
    groups: Sequence[str],
    base: int,
    generator: np.random.Generator,
) -> Array:
    """Return the inputs to evaluate: `base` blocks of a row of A, one AB per group, a row of B.

    `bounds` and `groups` hold one entry per input; inputs with the same group vary together.
    Groups come in the order in which they are first named.
    """
    inputs = len(bounds)
    halves = latin_hypercube(base, 2 * inputs, generator)
    a, b = halves[:, :inputs], halves[:, inputs:]
    names = list(dict.fromkeys(groups))
    members = [np.array([group == name for group in groups], np.bool_) for name in names]
    blocks = np.stack([a, *(np.where(member, b, a) for member in members), b], axis=1)
    low = np.array([pair[0] for pair in bounds], np.float64)
    high = np.array([pair[1] for pair in bounds], np.float64)
    scaled: Array = low + blocks.reshape(-1, inputs) * (high - low)
    return scaled


def sobol_indices(
    answers: Array, groups: int, generator: np.random.Generator, *, resamples: int = RESAMPLES
) -> tuple[Index, ...]:
    """Return the indices of each group, from a function's answers on a Saltelli sample.

    Answers without variance give indices of 0. Raises ValueError where their number is not a
    multiple of `groups` + 2.
    """
    size = groups + 2
    if answers.size % size:
        raise ValueError(f"{answers.size} answers are not blocks of {size}")
    if answers.size == 0 or answers.std() == 0:
        return (Index(0.0, 0.0, 0.0, 0.0),) * groups
    # Centred: the first-order estimate is biased where the mean is far from 0.
    blocks = ((answers - answers.mean()) / answers.std()).reshape(-1, size)
    drawn = generator.integers(len(blocks), size=(resamples, len(blocks)))
    first, total = _indices(blocks[None])
    first_drawn, total_drawn = _indices(blocks[drawn])
    first_within = NORMAL_95 * first_drawn.std(axis=0, ddof=1)
    total_within = NORMAL_95 * total_drawn.std(axis=0, ddof=1)
    columns = (first[0], first_within, total[0], total_within)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(Index(*figures) for figures in rows)


def _indices(blocks: Array) -> tuple[Array, Array]:
    """Return first-order and total indices by group, of each of several sets of blocks."""
    a, ab, b = blocks[..., :1], blocks[..., 1:-1], blocks[..., -1:]
    variance = np.concatenate([a, b], axis=-1).var(axis=(-2, -1))[:, None]
    # A bootstrap sample may hold one row again and again: no variance, and no index.
    scale = np.where(variance > 0, variance, np.inf)
    first: Array = (b * (ab - a)).mean(axis=-2) / scale
    total: Array = ((a - ab) ** 2).mean(axis=-2) / 2 / scale
    return first, total
