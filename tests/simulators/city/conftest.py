"""One small city for all tests of this folder."""

from pathlib import Path

import pytest

from simulators.city.city import write_city
from tests._parts.small_city import city_options


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    write_city(city_options(folder, keeps_true_slots=True))
    return folder
