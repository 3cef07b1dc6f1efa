"""Assessments of schools made from a seed, filed in a real registry."""

from datetime import UTC, date, datetime

import polars as pl
import yaml

from cloud.assessments.assessment import Filed, FiledFinding, assessed
from cloud.registry import tables
from cloud.registry.store import Registry
from cloud.scoring.standard.clause import Cost
from cloud.scoring.standard.standard import Standard
from tests._parts.many_schools import large_standard, many_schools

MADE = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
START, END = date(2026, 9, 1), date(2026, 11, 20)
DIVISIONS = ("331002", "331003", "331004")


def gentle_standard() -> Standard:
    """Return a standard of every kind of clause that many schools pass; gates stay."""
    strict = large_standard(24)
    plain = {"pass_mark": None, "aggregate": "arithmetic"}
    dimensions = tuple(dimension.model_copy(update=plain) for dimension in strict.dimensions)
    costs = {"cost": Cost(yuan=1000, per="unit")}
    priced = tuple(clause.model_copy(update=costs) for clause in strict.clauses)
    return strict.model_copy(
        update={"pass_mark": 30, "rules": (), "dimensions": dimensions, "clauses": priced}
    )


def text_of(standard: Standard) -> str:
    """Return the file of a standard."""
    tree = standard.model_dump(mode="json", exclude_defaults=True)
    text: str = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    return text


def evidence(standard: Standard, schools: int, seed: int) -> pl.DataFrame:
    """Return the evidence of so many schools with codes, names and counties."""
    table = many_schools(standard, schools, seed)
    number = pl.int_range(pl.len())
    return table.with_columns(
        pl.format("2133{}", (100_000 + number).cast(pl.String)).alias("id"),
        pl.format("第{}学校", number).alias("name"),
        pl.Series("division", [DIVISIONS[n % 3] for n in range(schools)]),
        pl.Series("urban_rural", [("111", "220")[n % 2] for n in range(schools)]),
    )


def filed(schools: int = 30, seed: int = 1, integrity: tuple[FiledFinding, ...] = ()) -> Filed:
    """Return an assessment of so many schools."""
    standard = gentle_standard()
    table = evidence(standard, schools, seed)
    return assessed(
        text_of(standard), table, start=START, end=END, integrity=integrity, created_at=MADE
    )


def register(registry: Registry, stored: Filed, table: pl.DataFrame) -> None:
    """Write the schools of an assessment into the register."""
    with registry.writing() as session:
        session.add_all(
            tables.School(
                id=row["id"],
                name=row["name"],
                division=row["division"],
                school_type=row["school_type"] or "211",
            )
            for row in table.to_dicts()
        )
        session.commit()
    registry.assessment_log.file_assessment(stored.row, stored.evidence, stored.integrity)
