"""What is computed from evidence is computed again as soon as the evidence is another."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from cloud.scoring.evidence.computed import ComputedFromEvidence, evidence_digest
from cloud.scoring.evidence.evidence import Evidence
from tests._parts.scoring import evidence_of

TABLES = [item.name for item in fields(Evidence) if item.name not in {"start", "end"}]


def evidence() -> Evidence:
    """Return evidence with a row in each table."""
    made = evidence_of({})
    tables: dict[str, Any] = {name: filled(getattr(made, name)) for name in TABLES}
    return replace(made, **tables)


def filled(table: pl.DataFrame) -> pl.DataFrame:
    return table if table.height else table.clear(1)


def test_the_same_evidence_has_the_same_digest() -> None:
    assert evidence_digest(evidence()) == evidence_digest(evidence())


@pytest.mark.parametrize("name", TABLES)
def test_a_row_more_of_any_table_is_another_digest(name: str) -> None:
    made = evidence()
    table = getattr(made, name)
    more = replace(made, **{name: pl.concat([table, table.clear(1)])})
    assert evidence_digest(more) != evidence_digest(made)


@pytest.mark.parametrize("name", TABLES)
def test_another_cell_of_any_column_is_another_digest(name: str) -> None:
    made = evidence()
    table = getattr(made, name)
    for column in table.columns:
        changed = table.with_columns(other(table[column]))
        assert evidence_digest(replace(made, **{name: changed})) != evidence_digest(made), column


def other(column: pl.Series) -> pl.Series:
    """Return a column of the same type with another first value."""
    kind = column.dtype
    value: object = 7
    if kind == pl.String:
        value = "other"
    elif kind == pl.Boolean:
        value = column[0] is not True
    elif kind == pl.Date:
        value = date(2001, 1, 1)
    elif isinstance(kind, pl.Datetime):
        return pl.Series(column.name, [date(2001, 1, 1)] * len(column)).cast(kind)
    return pl.Series(column.name, [value, *column.to_list()[1:]], dtype=kind)


def test_another_span_is_another_digest() -> None:
    made = evidence()
    assert evidence_digest(replace(made, end=made.end + timedelta(days=1))) != evidence_digest(made)


def test_a_result_is_computed_once_for_what_it_is_of() -> None:
    computed = ComputedFromEvidence()
    calls: list[str] = []

    def result(what: str, digest: bytes) -> str:
        def compute() -> str:
            calls.append(what)
            return f"{what} {digest.decode()}"

        return computed.result(what, digest, compute)

    assert [result("a", b"1"), result("a", b"1"), result("b", b"1"), result("a", b"2")] == [
        "a 1", "a 1", "b 1", "a 2",
    ]  # fmt: skip
    assert calls == ["a", "b", "a"]


def test_only_the_results_asked_for_last_are_kept() -> None:
    computed = ComputedFromEvidence(most=2)
    calls: list[str] = []

    def computing(what: str) -> Callable[[], None]:
        return lambda: calls.append(what)

    for what in ("a", "b", "a", "c", "a", "b"):
        computed.result(what, b"", computing(what))
    assert calls == ["a", "b", "c", "b"]
