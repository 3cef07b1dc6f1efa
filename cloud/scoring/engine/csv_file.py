"""Evidence tables from CSV files, and scores as CSV.

The error about a wrong file is one sentence with the row (the header is row 1) and the column.
Columns that the standard does not read are left out.
"""

import csv
import io
import math
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import polars as pl

from cloud.errors import EvidenceError
from cloud.scoring.engine.column_names import ClauseColumns, DimensionColumns
from cloud.scoring.engine.engine import Scores
from cloud.scoring.engine.school_table import COLUMN, columns, ready
from cloud.scoring.expressions import EPSILON
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.clause import Clause
from cloud.scoring.standard.standard import Standard

_WORDS = {
    **dict.fromkeys(("true", "yes", "1", "是"), True),
    **dict.fromkeys(("false", "no", "0", "否"), False),
}


def read_table(path: Path, standard: Standard) -> pl.DataFrame:
    """Return the evidence table in a CSV file; raises EvidenceError where it is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise EvidenceError(f"{path.name}: not UTF-8 text; save it as CSV UTF-8") from None
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_table(text, path.name, standard)


def parse_table(text: str, name: str, standard: Standard) -> pl.DataFrame:
    """Return the evidence table in a CSV text; errors begin with `name`."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise EvidenceError(f"{name}: not CSV: {error}") from None
    if not rows:
        raise EvidenceError(f"{name}: is empty; the first row names the columns")
    header = [cell.strip() for cell in rows[0]]
    _check_header(name, header, standard)
    numbered = [
        (at, row) for at, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)
    ]
    for at, row in numbered:
        if len(row) != len(header):
            raise EvidenceError(
                f"{name}: row {at}: has {len(row)} cells, expected {len(header)} as in the header"
            )
    _check_ids(name, header, numbered)
    series = {
        column: _cells(name, column, kind, [(at, row[place]) for at, row in numbered])
        for column, kind in columns(standard).items()
        if column in header
        for place in [header.index(column)]
    }
    table = pl.DataFrame(series)
    for clause in standard.clauses:
        _check_sums(name, clause, table, [at for at, _ in numbered])
    return ready(standard, table)


def scores_csv(scores: Scores) -> str:
    """Return scores as CSV: id, score (empty: not rated), coverage and every dimension."""
    values = [DimensionColumns(dimension.id).value for dimension in scores.standard.dimensions]
    table = scores.totals.select("id", pl.col("value").alias("score"), "coverage").join(
        scores.dimensions.select("id", *values), on="id", how="left", maintain_order="left"
    )
    return table.write_csv()


def _check_header(name: str, header: Sequence[str], standard: Standard) -> None:
    required = ["id"]
    for clause in standard.clauses:
        if clause.indicator == COLUMN:
            required += [clause.parameters["column"], clause.parameters.get("of", "")]
        else:
            required += [ClauseColumns(clause.id).part, ClauseColumns(clause.id).whole]
    for column in required:
        if column and column not in header:
            near = get_close_matches(column, header, 1, 0.7)
            hint = f"did you mean {near[0]}?" if near else f"{standard.edition} reads it"
            raise EvidenceError(f"{name}: row 1: column {column} is missing; {hint}")
        if header.count(column) > 1:
            raise EvidenceError(f"{name}: row 1: column {column} is there twice")


def _check_sums(name: str, clause: Clause, table: pl.DataFrame, rows: Sequence[int]) -> None:
    """Refuse sums that cannot be: below 0, or a part of more than its whole."""
    if clause.indicator == COLUMN:
        of = clause.parameters.get("of")
        if of in table.columns:
            _refuse(name, of, rows, table[of] < 0, table[of], "a number of 0 or more")
        return
    columns = ClauseColumns(clause.id)
    sums = [column for column in (columns.part, columns.whole, columns.unknown) if column in table]
    for column in sums:
        _refuse(name, column, rows, table[column] < 0, table[column], "a sum of 0 or more")
    if not all_indicators()[clause.indicator].is_share:
        return
    most = table[columns.whole] * (1 + EPSILON) + EPSILON
    expected = f"a part of {columns.whole}, not more than it"
    part = table[columns.part]
    _refuse(name, columns.part, rows, part > most, part, expected)
    if columns.unknown in table:
        unknown = table[columns.unknown]
        together = part.fill_null(0.0) + unknown
        expected = f"{columns.part} and it to be {columns.whole} at most"
        _refuse(name, columns.unknown, rows, together > most, unknown, expected)


def _refuse(
    name: str,
    column: str,
    rows: Sequence[int],
    is_wrong: pl.Series,
    values: pl.Series,
    expected: str,
) -> None:
    """Raise an error about the first row that is wrong."""
    first = is_wrong.fill_null(value=False).arg_max() if is_wrong.any() else None
    if first is not None:
        place = f"{name}: row {rows[first]}, column {column}"
        raise EvidenceError(f"{place}: got {values[first]:g}, expected {expected}")


def _check_ids(
    name: str, header: Sequence[str], numbered: Sequence[tuple[int, Sequence[str]]]
) -> None:
    place, seen = header.index("id"), dict[str, int]()
    for at, row in numbered:
        key = row[place].strip()
        if not key:
            raise EvidenceError(f"{name}: row {at}, column id: is empty")
        if key in seen:
            raise EvidenceError(f'{name}: row {at}, column id: "{key}" is in row {seen[key]} too')
        seen[key] = at


def _cells(
    name: str, column: str, kind: type[pl.DataType], cells: Sequence[tuple[int, str]]
) -> pl.Series:
    texts = pl.Series([text for _, text in cells], dtype=pl.String()).str.strip_chars()
    if kind is pl.Float64:
        numbers = texts.cast(pl.Float64, strict=False)
        odd = (texts != "") & ~numbers.is_finite().fill_null(value=False)
        if not odd.any():
            return numbers.alias(column)
    values = []
    for at, text in zip((at for at, _ in cells), texts, strict=True):
        try:
            values.append(_value(text, kind) if text else None)
        except ValueError as error:
            raise EvidenceError(
                f'{name}: row {at}, column {column}: got "{text}", expected {error}'
            ) from None
    return pl.Series(column, values, dtype=kind())


def _value(text: str, kind: type[pl.DataType]) -> Any:
    """Return the value of a cell; raises ValueError with what was expected instead."""
    if kind is pl.String:
        return text
    if kind is pl.Boolean:
        if text.lower() not in _WORDS:
            raise ValueError("true or false")
        return _WORDS[text.lower()]
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("a number")
    if kind is pl.Int64:
        if number < 0 or number % 1:
            raise ValueError("a whole number, 0 or more")
        return int(number)
    return number
