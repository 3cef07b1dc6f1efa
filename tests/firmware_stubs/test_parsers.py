"""The parsers of the firmware, fed with what no device and no broker sends, under sanitizers."""

import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize("seed", [1, 2])
def test_no_bytes_break_a_parser(build: Path, seed: int) -> None:
    command = [str(build / "fuzz"), str(seed), "30000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_build_prints_the_sizes_of_what_a_board_carries(build: Path) -> None:
    _, _, printed = (build / "sizes.txt").read_text().partition("bytes of the portable objects, ")
    _, columns, *rows = printed.splitlines()
    assert columns.split()[:3] == ["text", "data", "bss"]
    objects = {row.split()[-1].rpartition("/")[2]: int(row.split()[0]) for row in rows}
    assert {"display.o", "mqtt_client.o", "modbus_rtu.o", "bthome.o"} < objects.keys()
    assert all(objects.values())
