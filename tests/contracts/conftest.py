"""The write servers under contract: the cloud itself and a real InfluxDB 2."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests._parts.write_servers import (
    CloudServer,
    InfluxServer,
    WriteServer,
    find_influxd,
    running,
)


def make_server(name: str, folder: Path) -> WriteServer:
    """Return a server that is not started yet, or skip where there is none."""
    if name == "cloud":
        return CloudServer(folder)
    binary = find_influxd()
    if binary is None:
        pytest.skip("no InfluxDB 2 found: `make influxd` builds one")
    return InfluxServer(binary, folder)


@pytest.fixture(scope="module", params=["cloud", "influxdb"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WriteServer]:
    with running(make_server(request.param, tmp_path_factory.mktemp(request.param))) as server:
        yield server


@pytest.fixture(params=["cloud", "influxdb"])
def own_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WriteServer]:
    """A server of this test alone, which may kill it."""
    with running(make_server(request.param, tmp_path)) as server:
        yield server
