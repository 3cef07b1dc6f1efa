"""The evidence table: one row per school, with all that a standard's clauses ask. Pure.

Its columns are `id` and (see `column_names`):
- attributes, null where unknown: name, division, school type, sizes, and sizes by stage;
- of a clause whose indicator reads evidence `<clause>.part`, `<clause>.whole`, `<clause>.unknown`,
  the sums of its evidence rows, null where there are none; all of them 0 where it is known that
  there is nothing to be judged, so that the clause does not apply;
- of a clause whose indicator is `column` the column it names;
- of any clause `<clause>.confirmed`: whether its declared figures are confirmed.

The same evidence gives the same table, whatever the order of its rows.
"""

import hashlib
from collections.abc import Mapping

import polars as pl

from cloud.errors import EvidenceError
from cloud.scoring.engine.column_names import ClauseColumns, StageColumns
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import STAGES
from cloud.scoring.standard.standard import Clause, Standard

ATTRIBUTES: Mapping[str, type[pl.DataType]] = {
    "name": pl.String,
    "division": pl.String,
    "school_type": pl.String,
    "urban_rural": pl.String,
    "classes": pl.Int64,
    "pupils": pl.Int64,
    "teachers": pl.Int64,
    **{
        column: pl.Int64
        for stage in STAGES
        for column in (StageColumns(stage).size("classes"), StageColumns(stage).size("pupils"))
    },
}
COLUMN = "column"
_NOTHING = "nothing"
"""`ref` of the evidence row of a school that has nothing to be judged."""


def clause_columns(clause: Clause) -> dict[str, type[pl.DataType]]:
    """Return the columns that a clause reads."""
    if clause.indicator == COLUMN:
        names = [clause.parameters["column"], clause.parameters.get("of")]
    else:
        names = [
            ClauseColumns(clause.id).part,
            ClauseColumns(clause.id).whole,
            ClauseColumns(clause.id).unknown,
        ]
    figures: dict[str, type[pl.DataType]] = {name: pl.Float64 for name in names if name}
    return {**figures, ClauseColumns(clause.id).confirmed: pl.Boolean}


def columns(standard: Standard) -> dict[str, type[pl.DataType]]:
    """Return every column that a standard reads, `id` first."""
    kinds: dict[str, type[pl.DataType]] = {"id": pl.String, **ATTRIBUTES}
    for clause in sorted(standard.clauses, key=lambda clause: clause.id):
        for name, kind in clause_columns(clause).items():
            kinds.setdefault(name, kind)
    return kinds


def ready(standard: Standard, table: pl.DataFrame) -> pl.DataFrame:
    """Return the table by id, with every column that the standard reads; a missing one is null.

    Columns that the standard does not read stay behind the others. Raises EvidenceError.
    """
    if "id" not in table.columns:
        raise EvidenceError("the evidence table has no column id")
    expected = columns(standard)
    known = [
        (pl.col(name) if name in table.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in expected.items()
    ]
    more = [pl.col(name) for name in table.columns if name not in expected]
    by_id = table.select(*known, *more).sort("id")
    if by_id["id"].has_nulls():
        raise EvidenceError("id: a row of the evidence table has none")
    doubled = by_id["id"].filter(by_id["id"].is_duplicated())
    if doubled.len():
        raise EvidenceError(f"id: {doubled[0]} is in the evidence table twice")
    return by_id


def evidence_table(standard: Standard, evidence: Evidence) -> pl.DataFrame:
    """Return the evidence table of the schools in the evidence."""
    table = _attributes(evidence)
    done: dict[str, pl.DataFrame] = {}
    for clause in standard.clauses:
        if clause.indicator == COLUMN:
            continue
        key = f"{clause.indicator} {sorted(clause.parameters.items())}"
        if key not in done:
            indicator = all_indicators()[clause.indicator]
            done[key] = _sums(indicator.evidence_rows(evidence, clause.parameters))
        sums = done[key].rename(_column_names(clause.id), strict=False)
        table = table.join(sums, left_on="id", right_on="school", how="left")
    return ready(standard, table)


def inputs_digest(standard: Standard, table: pl.DataFrame) -> str:
    """Return a SHA-256 of a standard and of all it reads of a table, in any order of its rows.

    What an assessment is filed under: the same digest gives the same scores.
    """
    digest = hashlib.sha256(standard.model_dump_json(exclude_defaults=True).encode())
    digest.update(b"\n" + table_digest(standard, table).encode())
    return digest.hexdigest()


def table_digest(standard: Standard, table: pl.DataFrame) -> str:
    """Return a SHA-256 of what a standard reads of a table, in any order of its rows.

    Columns that are null in every row do not count, so that later versions may fill them.
    """
    rows = ready(standard, table).select(*columns(standard))
    rows = rows.select(
        column for column in rows if column.name == "id" or not column.is_null().all()
    )
    return hashlib.sha256(rows.write_csv(null_value="\\N").encode()).hexdigest()


def _column_names(clause: str) -> dict[str, str]:
    columns = ClauseColumns(clause)
    return {
        "part": columns.part,
        "whole": columns.whole,
        "unknown": columns.unknown,
        "confirmed": columns.confirmed,
    }


def _attributes(evidence: Evidence) -> pl.DataFrame:
    schools = evidence.schools
    known = [name for name in ATTRIBUTES if name in schools.columns]
    table = schools.select(pl.col("school").alias("id"), *known)
    for stage in STAGES:
        sizes = evidence.stages.filter(pl.col("stage") == stage).select(
            pl.col("school").alias("id"),
            pl.col("classes").alias(StageColumns(stage).size("classes")),
            pl.col("pupils").alias(StageColumns(stage).size("pupils")),
        )
        table = table.join(sizes, on="id", how="left")
    return table


def _sums(rows: pl.DataFrame) -> pl.DataFrame:
    """Return part, whole and unknown by school, and whether all that was declared is confirmed.

    Whole numbers add up to the same in any order; others are put in order first.
    """
    amounts = ("part", "whole", "unknown")
    broken = rows.select(
        pl.any_horizontal((pl.col(name) % 1 != 0).any() for name in amounts)
    ).item()
    ordered = rows.sort("school", *amounts) if broken else rows
    sums = [pl.col(name).sum() for name in amounts]
    if "confirmed" in rows.columns:
        sums.append(pl.col("confirmed").fill_null(value=False).all())
    nothing = (pl.col("ref") == _NOTHING).all().alias(_NOTHING)
    by_school = ordered.group_by("school", maintain_order=True).agg(*sums, nothing)
    return by_school.filter((pl.col("whole") > 0) | pl.col(_NOTHING)).drop(_NOTHING)
