"""The firmware, built once."""

from pathlib import Path

import pytest

from tests._parts.firmware import make_firmware


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs."""
    folder = tmp_path_factory.mktemp("firmware")
    printed = make_firmware(folder, "all", str(folder / "fuzz"))
    (folder / "sizes.txt").write_text(printed)
    return folder
