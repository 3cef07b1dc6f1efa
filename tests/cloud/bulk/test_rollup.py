"""The same evidence on DuckDB and on Spark, in one process and on a cluster that loses a worker."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from cloud.bulk.book_files import read_books, write_books
from cloud.bulk.offline import offline
from cloud.bulk.on_spark import SparkEngine
from cloud.bulk.rollup import roll_up
from cloud.errors import LoadError, SettingsError
from cloud.registry.queries.rollup_queries import book_tables
from cloud.telemetry.bulk_files import SLOTS as SCHEMA
from cloud.telemetry.duckdb.parquet_rollup import DuckDBEngine
from cloud.utilization.reference_rollup import LessonRule
from cloud.utilization.rollup_plan import rollup_plan
from tests._parts.city_books import import_books
from tests._parts.loaded import NOW, held_in, load, no_progress
from tests._parts.ports import free_port
from tests._parts.slot_files import write_table
from tests._parts.small_city import END
from tests._parts.spark_cluster import spark_cluster

ROLLUP = [str(Path(sys.executable).with_name("campus-cloud")), "rollup"]
PLAN = rollup_plan(LessonRule())
TABLES = ("usage_rollup", "usage_days")
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed")


@pytest.fixture(scope="module")
def books(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The books of the city, as files."""
    data = tmp_path_factory.mktemp("books")
    with offline(data, make=True) as (_, registry):
        import_books(registry, city)
        write_books(book_tables(registry), data / "books")
    return data / "books"


@pytest.fixture(scope="module")
def expected(city: Path, books: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence as DuckDB finds it."""
    out = tmp_path_factory.mktemp("duckdb") / "out"
    on_duckdb(city / "slots", books, out)
    return out


def on_duckdb(slots: Path, books: Path, out: Path, horizon: datetime = NOW) -> dict[str, int]:
    engine = DuckDBEngine(slots, out / "spill", PLAN, memory_mb=256, threads=1)
    try:
        return roll_up(
            engine,
            read_books(books),
            slots=slots,
            out=out,
            horizon=horizon,
            until=None,
            progress=no_progress,
        )
    finally:
        engine.close()


def rows(out: Path, table: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        return con.execute(
            "select * from read_parquet(?, hive_partitioning = false) order by all",
            [str(out / table / "*.parquet")],
        ).fetchall()


def spark(arguments: Sequence[str], conf: Sequence[str] = ()) -> subprocess.Popen[str]:
    settings = [f"--conf={setting}" for setting in ("spark.driver.memory=512m", *conf)]
    return subprocess.Popen(
        [*ROLLUP, "--engine=spark", *settings, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"},
    )


async def test_the_evidence_is_that_of_a_load(city: Path, expected: Path, tmp_path: Path) -> None:
    await load(city, tmp_path / "data")
    loaded = held_in(tmp_path / "data")
    for table in TABLES:
        rolled = rows(expected, table)
        assert rolled == [row for row in loaded[table] if row[2] <= END]
        assert rolled


def test_what_has_not_happened_yet_is_not_missing(
    city: Path, books: Path, expected: Path, tmp_path: Path
) -> None:
    noon = datetime(END.year, END.month, END.day, 4, tzinfo=UTC)
    on_duckdb(city / "slots", books, tmp_path / "out", horizon=noon)
    due = {day: sum(r[9] for r in rows(expected, "usage_rollup") if r[2] == day) for day in (END,)}
    now = sum(row[9] for row in rows(tmp_path / "out", "usage_rollup") if row[2] == END)
    assert 0 < now <= due[END]


def test_slots_of_one_file_will_do(city: Path, books: Path, tmp_path: Path) -> None:
    (path,) = (city / "slots" / f"day={END}").iterdir()
    counts = on_duckdb(path, books, tmp_path / "out")
    assert counts.keys() == set(TABLES)
    assert sorted(made.name for made in (tmp_path / "out").iterdir()) == sorted(TABLES)
    assert {row[2] for row in rows(tmp_path / "out", "usage_days")} == {END}


def test_a_wrong_input_is_one_sentence(city: Path, books: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(LoadError, match="full: is not empty; give --out a new folder"):
        on_duckdb(city / "slots", books, tmp_path / "full")
    with pytest.raises(LoadError, match="none: not Parquet of usage slots: "):
        on_duckdb(tmp_path / "none", books, tmp_path / "out")
    with pytest.raises(LoadError, match=r"readings: not Parquet of usage slots: .*slot_start"):
        on_duckdb(city / "readings", books, tmp_path / "out")
    with pytest.raises(LoadError, match=r"schools\.parquet: cannot be read: "):
        read_books(tmp_path / "none")
    shutil.copytree(books, tmp_path / "books")
    shutil.copy(books / "terms.parquet", tmp_path / "books" / "periods.parquet")
    with pytest.raises(LoadError, match="its columns are not those of periods; write the books"):
        read_books(tmp_path / "books")


def test_slots_that_are_none_and_books_that_cannot_be_written_are_one_sentence(
    books: Path, tmp_path: Path
) -> None:
    empty = write_table(tmp_path / "empty.parquet", SCHEMA.empty_table())
    with pytest.raises(LoadError, match=r"empty\.parquet: holds no slots"):
        on_duckdb(empty, books, tmp_path / "out")
    with pytest.raises(LoadError, match=r"empty\.parquet: cannot be written: "):
        write_books(read_books(books), empty)


def test_what_spark_lacks_is_one_sentence(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LoadError, match="none: no such file or folder"):
        SparkEngine(tmp_path / "none", PLAN, master="local", conf={})
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(tmp_path))
        with pytest.raises(SettingsError, match="Spark needs Java 17; install openjdk-17-jre"):
            SparkEngine(city / "slots", PLAN, master="local", conf={})
    (tmp_path / "java").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(SettingsError, match="Spark is not installed; install smart-campus"):
        SparkEngine(city / "slots", PLAN, master="local", conf={})


@pytest.mark.real
@pytest.mark.slow
@needs_java
def test_spark_in_one_process_finds_the_same(
    city: Path, books: Path, expected: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    job = spark(
        [f"--books={books}", f"--slots={city / 'slots'}", f"--out={out}", "--master=local[2]"]
    )
    output, complaints = job.communicate()
    assert job.returncode == 0, complaints
    assert output.startswith(f"{out}: ")
    for table in TABLES:
        assert rows(out, table) == rows(expected, table)
    assert sorted(path.name for path in out.iterdir()) == sorted(TABLES)


@pytest.mark.real
@pytest.mark.slow
@needs_java
def test_a_cluster_that_loses_a_worker_finds_the_same(
    city: Path, books: Path, expected: Path, tmp_path: Path
) -> None:
    out, ui = tmp_path / "out", free_port()
    with spark_cluster(tmp_path, workers=2) as cluster:
        job = spark(
            [
                f"--books={books}",
                f"--slots={city / 'slots'}",
                f"--out={out}",
                f"--master={cluster.url}",
            ],
            [
                f"spark.ui.port={ui}",
                "spark.driver.host=127.0.0.1",
                "spark.driver.bindAddress=127.0.0.1",
                "spark.executor.memory=512m",
                # Many small tasks, so that there is a middle in which to kill.
                "spark.sql.adaptive.enabled=false",
                "spark.sql.shuffle.partitions=60",
            ],
        )
        try:
            cluster.wait(lambda: is_at_work(ui), "the job has no middle")
            cluster.kill("worker-1")
            _, complaints = job.communicate()
        finally:
            job.kill()
            job.wait()
        assert job.returncode == 0, complaints
        del cluster.processes["worker-1"]
        cluster.wait(lambda: cluster.alive() == 1, "the master did not notice")
    assert "Lost executor" in complaints, "the worker was at work when it died"
    for table in TABLES:
        assert rows(out, table) == rows(expected, table)


def is_at_work(port: int) -> bool:
    """Whether a stage has done a part of its tasks, on two executors, and goes on."""
    api = f"http://127.0.0.1:{port}/api/v1/applications"
    (application,) = httpx.get(api).json()
    url = f"{api}/{application['id']}"
    executors = [
        executor for executor in httpx.get(f"{url}/executors").json() if executor["id"] != "driver"
    ]
    stages = httpx.get(f"{url}/stages", params={"status": "active"}).json()
    at_work = [
        executor
        for executor in executors
        if executor["completedTasks"] > 2 and executor["isActive"]
    ]
    return len(at_work) == 2 and any(5 < stage["numCompleteTasks"] < 40 for stage in stages)
