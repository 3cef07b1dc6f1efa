from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulators.city.seeded_random import apportion, draws


@given(
    st.integers(0, 10_000),
    st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=50),
)
def test_shares_add_up_and_are_within_one_of_exact(total: int, weights: list[float]) -> None:
    given_weights = np.array(weights)
    shares = apportion(total, given_weights)
    if given_weights.sum() > 0:
        assert shares.sum() == total
        assert (abs(shares - total * given_weights / given_weights.sum()) < 1 + 1e-6).all()
    else:
        assert shares.sum() == 0


def test_a_purpose_has_draws_of_its_own() -> None:
    first = draws(7, "use", 3, date(2026, 11, 20)).random(4)
    assert (first == draws(7, "use", 3, date(2026, 11, 20)).random(4)).all()
    for other in (draws(8, "use", 3, date(2026, 11, 20)), draws(7, "told", 3, date(2026, 11, 20))):
        assert (first != other.random(4)).all()
