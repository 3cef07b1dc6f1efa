"""Randomness that belongs to a purpose: the same key gives the same draws."""

from datetime import date
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def draws(seed: int, purpose: str, *key: int | date) -> np.random.Generator:
    """Return the generator of a purpose, such as ("rooms", school) or ("use", school, day)."""
    numbers = [part.toordinal() if isinstance(part, date) else part for part in key]
    entropy = np.random.SeedSequence([seed, crc32(purpose.encode()), *numbers])
    return np.random.Generator(np.random.SFC64(entropy))


def apportion(total: int, weights: NDArray[np.float64]) -> Ints:
    """Return whole numbers that add up to `total`, as near to the weights as can be."""
    if total <= 0 or weights.sum() <= 0:
        return np.zeros(len(weights), np.int64)
    exact = total * weights / weights.sum()
    whole: Ints = np.floor(exact).astype(np.int64)
    missing = total - int(whole.sum())
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[:missing]] += 1
    return whole
