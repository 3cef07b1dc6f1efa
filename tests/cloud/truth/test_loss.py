"""The ranking after a part of the data is lost: no school gains by it."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl
import pytest

from cloud.scoring.engine.engine import Scores
from cloud.selection.rules import SelectionRules
from tests._parts.true_city import City
from tests._parts.true_city_loss import SHARES, WAYS, Loss, change

pytestmark = pytest.mark.slow
RULES = SelectionRules(places=12, hard=())


class Least(NamedTuple):
    """What is kept of a ranking at the least."""

    tau: float
    rho: float
    covered: float
    same: float
    """Share of those selected that stay."""


LEAST: Mapping[tuple[str, float], Least] = {
    ("slots", 0.1): Least(0.85, 0.96, 0.85, 0.75),
    ("slots", 0.3): Least(0.75, 0.92, 0.8, 0.65),
    ("devices", 0.1): Least(0.75, 0.9, 0.8, 0.65),
    ("devices", 0.3): Least(0.65, 0.83, 0.75, 0.55),
    ("days", 0.3): Least(0.7, 0.88, 0.75, 0.65),
    ("schools", 0.3): Least(0.75, 0.8, 0.6, 0.5),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_school_gains_by_a_loss_and_more_is_never_better(
    city: City, after: dict[Loss, Scores], way: str
) -> None:
    before = city.recorded
    for share in SHARES[way]:
        now = after[Loss(way, share)]
        both = before.totals.join(now.totals, on="id", suffix="_now")
        for name in ("raw", "coverage"):
            gained = both.filter(pl.col(f"{name}_now") > pl.col(name) + 1e-9)
            assert gained.is_empty(), gained
        again = both.filter(pl.col("value").is_null() & pl.col("value_now").is_not_null())
        assert again.is_empty(), again
        before = now


@pytest.mark.parametrize("way", WAYS)
def test_no_school_gains_a_rank_by_losing_data_alone(
    city: City, after: dict[Loss, Scores], way: str
) -> None:
    was = city.recorded.totals.drop_nulls("value")
    for share in SHARES[way]:
        alone = was.join(after[Loss(way, share)].totals, on="id", suffix="_now")
        for school, value, now in alone.select("id", "value", "value_now").iter_rows():
            others = was.filter(pl.col("id") != school)["value"]
            if now is not None:
                assert (others > now).sum() >= (others > value).sum()


@pytest.mark.parametrize("loss", sorted(LEAST))
def test_the_ranking_degrades_within_its_limits(
    city: City, after: dict[Loss, Scores], loss: tuple[str, float]
) -> None:
    changed, least = change(city.recorded, after[Loss(*loss)], RULES), LEAST[loss]
    assert changed.tau >= least.tau
    assert changed.rho >= least.rho
    assert changed.covered >= least.covered
    assert 1 - changed.changed >= least.same


def test_most_schools_without_data_are_not_rated_rather_than_rated_low(
    city: City, after: dict[Loss, Scores]
) -> None:
    assert (
        change(city.recorded, after[Loss("schools", 0.3)], RULES).unrated
        >= 0.15 * city.recorded.totals.height
    )


def test_nothing_lost_is_nothing_changed(city: City) -> None:
    same = change(city.recorded, city.recorded, RULES)
    assert (same.tau, same.changed, same.unrated) == (1.0, 0.0, 0)
    assert same.rho == pytest.approx(1.0)
    assert same.covered >= 0.9
