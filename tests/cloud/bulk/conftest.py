"""Small cities for all tests of this folder."""

from pathlib import Path

import pytest

from simulators.city.city import write_city
from tests._parts.small_city import city_options


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three schools and two days, the same ones whenever the tests run."""
    folder = tmp_path_factory.mktemp("city")
    write_city(city_options(folder, schools=3, days=2))
    return folder
