from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import duckdb
import pytest

from cloud.errors import StoreFailed
from cloud.telemetry.duckdb.writer import Writer, transaction
from cloud.telemetry.line_protocol import Batch, Parser
from cloud.telemetry.store import WriteResult

DONE = WriteResult(written=1, dropped=0, conflict=None)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(tmp_path / "telemetry.duckdb") as connection:
        connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
        yield connection


@pytest.fixture
def writer(file: duckdb.DuckDBPyConnection) -> Iterator[Writer]:
    def store_group(cursor: duckdb.DuckDBPyConnection, batches: list[Batch]) -> list[WriteResult]:
        with transaction(cursor):
            collide(cursor)
        return [DONE] * len(batches)

    running = Writer(file.cursor(), store_group, max_waiting=100)
    yield running
    running.close()


def collide(cursor: duckdb.DuckDBPyConnection) -> None:
    """Write what another connection commits first: the statements pass, the commit fails."""
    cursor.execute("INSERT INTO numbers VALUES (1)")
    with cursor.cursor() as other:
        other.execute("INSERT INTO numbers VALUES (1)")


def failure(done: "Future[WriteResult] | Future[None]") -> StoreFailed:
    with pytest.raises(StoreFailed, match=r"cannot be written: .*duplicate key") as caught:
        done.result(30)
    assert isinstance(caught.value.__cause__, duckdb.Error)
    return caught.value


def test_a_job_whose_commit_fails_hears_why_and_the_next_goes_on(writer: Writer) -> None:
    failure(writer.run(collide))
    numbers = writer.run(lambda cursor: cursor.execute("FROM numbers").fetchall())
    assert numbers.result(30) == [(1,)]


def test_a_write_whose_commit_fails_hears_why(writer: Writer) -> None:
    batch = Parser().parse(b"reading,asset=A v=1 1", precision="s", now_ns=0)
    error = failure(writer.write(batch))
    assert str(error).count("cannot be written") == 1


def test_a_job_that_fails_is_undone_and_hears_its_own_error(writer: Writer) -> None:
    def work(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("INSERT INTO numbers VALUES (2)")
        raise LookupError("of the job's own")

    with pytest.raises(LookupError, match="of the job's own"):
        writer.run(work).result(30)
    numbers = writer.run(lambda cursor: cursor.execute("FROM numbers").fetchall())
    assert numbers.result(30) == []
