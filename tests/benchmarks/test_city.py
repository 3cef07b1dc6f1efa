"""A city from nothing: rows a second, bytes a row, and the most memory a process took."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulators.city.city import read_city

SCHOOLS, DAYS = 200, 5


@pytest.mark.benchmark
def test_a_city_of_two_hundred_schools(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = []
    for workers in (1, os.cpu_count() or 1):
        folder = tmp_path / f"of-{workers}"
        start = time.perf_counter()
        subprocess.run(
            [
                str(Path(sys.executable).with_name("campus-sim")), "city",
                *("--schools", str(SCHOOLS)), *("--days", str(DAYS)),
                *("--workers", str(workers)), *("--end", "2026-11-20"), *("--out", str(folder)),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        figures.append((workers, time.perf_counter() - start, folder))
    most_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    with capsys.disabled():
        for workers, took_s, folder in figures:
            counts = read_city(folder)["counts"]
            rows = counts["slots"]
            size = sum(path.stat().st_size for path in folder.glob("slots/*/*.parquet"))
            print(  # noqa: T201  the figure is what a benchmark is for
                f"\n{SCHOOLS} schools x {DAYS} days with {workers} processes: {rows:,} slots, "
                f"{counts['books.assets']:,} assets in {took_s:.1f} s "
                f"({rows / took_s / 1e6:.1f} M slots/s), {size / rows:.2f} bytes a slot"
            )
        print(f"the largest process took {most_mb:.0f} MB")  # noqa: T201  as above
