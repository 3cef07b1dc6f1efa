import asyncio
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from cloud.errors import StoreBusy, StoreLocked, StoreTooNew
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.line_protocol import Batch, Parser
from tests._parts.cloud_app import SetClock


def points(*lines: str) -> Batch:
    return Parser().parse("\n".join(lines).encode(), precision="s", now_ns=0)


def opened(path: Path) -> DuckDBStore:
    return DuckDBStore(path, clock=SetClock(), memory_mb=128, threads=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.duckdb"


async def test_more_than_may_wait_is_refused(path: Path) -> None:
    store = DuckDBStore(path, memory_mb=128, threads=1, max_waiting_values=3)
    try:
        blocked = store._writer.run(lambda c: c.execute("SELECT count(*) FROM range(30000000)"))
        first = store.write(points("reading,school=S,asset=A a=1,b=2 1"))
        with pytest.raises(StoreBusy):
            store.write(points("reading,school=S,asset=A a=1,b=2 2"))
        await first
        await asyncio.wrap_future(blocked)
    finally:
        store.close()


def test_a_file_that_another_process_has_open_is_refused(path: Path) -> None:
    script = f"import duckdb; c = duckdb.connect({str(path)!r}); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreLocked, match="another process has this telemetry file open"):
            opened(path)
        other.kill()


def test_a_file_of_a_later_version_is_left_alone(path: Path) -> None:
    opened(path).close()
    with duckdb.connect(path) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")
    with pytest.raises(StoreTooNew, match="written by a later version"):
        opened(path)
