"""Readings kept in memory are those of the table, whatever was written in which order."""

from collections.abc import Iterator
from random import Random

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest

from cloud.telemetry.duckdb.reading_cache import ReadingCache, SeriesField

SENSORS: tuple[SeriesField, ...] = ((1, 1), (1, 2), (3, 1))
OTHERS: tuple[SeriesField, ...] = ((2, 1),)


class Table:
    """A table of points, and what was kept of it; writes report to it as the store does."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            "create table points (series int, field int, time bigint, number double, "
            "primary key (series, field, time))"
        )
        self.kept = ReadingCache()

    def write(self, *rows: tuple[int, int, int, float]) -> None:
        self.connection.executemany("insert or replace into points values (?, ?, ?, ?)", rows)
        first: dict[int, int] = {}
        for series, _, time_ns, _ in rows:
            first[series] = min(time_ns, first.get(series, time_ns))
        self.kept.written(first)

    def kept_rows(self, sensors: tuple[SeriesField, ...] = SENSORS) -> list[tuple[int, int, float]]:
        return rows_of(self.kept.readings(self.connection, sensors))

    def true_rows(self, sensors: tuple[SeriesField, ...] = SENSORS) -> list[tuple[int, int, float]]:
        return rows_of(ReadingCache().readings(self.connection, sensors))


def rows_of(table: pa.Table) -> list[tuple[int, int, float]]:
    return sorted(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    yield made
    made.connection.close()


@pytest.mark.parametrize("seed", range(5))
def test_what_is_kept_is_what_the_table_holds(table: Table, seed: int) -> None:
    random = Random(seed)
    for _ in range(40):
        series, field = random.choice([*SENSORS, *OTHERS])
        times = random.sample(range(50), random.randint(1, 4))
        table.write(*((series, field, time, random.random()) for time in times))
        if random.random() < 0.7:
            assert table.kept_rows() == table.true_rows()
    assert len(table.kept_rows()) > 30


def test_what_was_read_once_is_not_read_again(table: Table) -> None:
    table.write((1, 1, 10, 1.0), (1, 1, 20, 2.0))
    assert table.kept_rows() == [(0, 10, 1.0), (0, 20, 2.0)]
    table.connection.execute("delete from points")
    assert table.kept_rows() == [(0, 10, 1.0), (0, 20, 2.0)]
    table.write((1, 1, 20, 3.0))
    assert table.kept_rows() == [(0, 10, 1.0), (0, 20, 3.0)]
    table.kept.clear()
    assert table.kept_rows() == [(0, 20, 3.0)]


class WrittenMeanwhile:
    """A cursor; while it reads, another reading is committed that it does not see."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __getattr__(self, name: str) -> object:
        return getattr(self.table.connection, name)

    def sql(self, query: str, params: list[int]) -> object:
        rows = self.table.connection.sql(query, params=params).to_arrow_table()
        self.table.write((1, 1, 15, 9.0))
        return _Result(rows)


class _Result:
    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows

    def to_arrow_table(self) -> pa.Table:
        return self.rows


def test_what_is_written_while_it_is_read_is_there_the_next_time(table: Table) -> None:
    table.write((1, 1, 10, 1.0))
    cursor = WrittenMeanwhile(table)
    assert rows_of(table.kept.readings(cursor, SENSORS)) == [(0, 10, 1.0)]  # type: ignore[arg-type]  # a cursor that writes in between
    assert table.kept_rows() == [(0, 10, 1.0), (0, 15, 9.0)]


def test_a_read_that_fails_leaves_nothing_behind(table: Table) -> None:
    table.write((1, 1, 10, 1.0))
    table.connection.execute("alter table points rename to elsewhere")
    with pytest.raises(duckdb.Error):
        table.kept_rows()
    table.connection.execute("alter table elsewhere rename to points")
    assert table.kept_rows() == [(0, 10, 1.0)]
