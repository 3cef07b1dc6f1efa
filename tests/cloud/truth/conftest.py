"""One city for all tests of this folder, and what is left of it after each loss."""

import pytest

from cloud.scoring.engine.engine import Scores
from tests._parts.small_city import city_options
from tests._parts.true_city import City, assessed
from tests._parts.true_city_loss import SHARES, WAYS, Loss, books_only, scores_after

SCHOOLS, DAYS, SEED = 48, 6, 61


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("truth")
    options = city_options(
        folder / "city", schools=SCHOOLS, days=DAYS, seed=SEED, keeps_true_slots=True
    )
    return assessed(options, folder)


@pytest.fixture(scope="session")
def after(city: City, tmp_path_factory: pytest.TempPathFactory) -> dict[Loss, Scores]:
    """Return the scores of the city after each loss."""
    folder = tmp_path_factory.mktemp("loss")
    books = books_only(city.folder, folder / "bare")
    losses = [Loss(way, share) for way in WAYS for share in SHARES[way]]
    return {loss: scores_after(loss, city.folder, books, folder / "one") for loss in losses}
