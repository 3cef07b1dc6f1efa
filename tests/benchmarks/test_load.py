"""A city from its files into the cloud, and its roll-up on each engine: rows a second, memory."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from simulators.city.city import read_city, write_city
from simulators.city.term import last_friday
from tests._parts.small_city import city_options

SCHOOLS, DAYS = 200, 5
CAMPUS_CLOUD = str(Path(sys.executable).with_name("campus-cloud"))
STEP_S = 0.1


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    end = last_friday(datetime.now(UTC).date())
    workers = os.cpu_count() or 1
    write_city(city_options(folder, schools=SCHOOLS, days=DAYS, end=end, workers=workers))
    return folder


def run(arguments: Sequence[str]) -> tuple[float, float, list[tuple[float, str]]]:
    """Return seconds, the most MB the process and its children held, and its lines with times."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [CAMPUS_CLOUD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    most = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(STEP_S):
            most = max(most, _held(process.pid))

    watching = threading.Thread(target=watch)
    watching.start()
    assert process.stdout is not None
    with process.stdout as out:
        lines = [(time.perf_counter() - start, line.strip()) for line in out]
    code = process.wait()
    done.set()
    watching.join()
    assert code == 0, lines[-5:]
    return time.perf_counter() - start, most / 1e6, lines


def _held(pid: int) -> int:
    try:
        root = psutil.Process(pid)
        return sum(process.memory_info().rss for process in [root, *root.children(recursive=True)])
    except psutil.Error:
        return 0


@pytest.mark.benchmark
def test_a_city_is_loaded_and_rolled_up_on_each_engine(
    city: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slots = read_city(city)["counts"]["slots"]
    data, books = tmp_path / "data", tmp_path / "books"
    took_s, most_mb, printed = run(["load", str(city), f"--data={data}"])
    lines = [f"load of {slots:,} slots: {took_s:.1f} s, {_rate(slots, took_s)}, {most_mb:.0f} MB"]
    before = 0.0
    for moment, line in printed:
        if line.endswith(" 100 %"):
            lines.append(f"  {line.partition(':')[0]}: {moment - before:.1f} s")
            before = moment
    run(["rollup", f"--data={data}", f"--write-books={books}"])
    engines = [("DuckDB", ["--engine=duckdb"])]
    if shutil.which("java"):
        local = ["--engine=spark", f"--master=local[{os.cpu_count()}]"]
        engines.append(("Spark, in one process", [*local, "--conf=spark.driver.memory=2g"]))
    for name, arguments in engines:
        out = tmp_path / name
        took_s, most_mb, _ = run(
            ["rollup", *arguments, f"--books={books}", f"--slots={city / 'slots'}", f"--out={out}"]
        )
        lines.append(
            f"{name}: {slots:,} slots to evidence in {took_s:.1f} s, {_rate(slots, took_s)}, "
            f"{most_mb:.0f} MB"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201  the figures are what a benchmark is for


def _rate(rows: int, took_s: float) -> str:
    return f"{rows / took_s / 1e6:.2f} M a second"
