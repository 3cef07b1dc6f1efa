"""An assessment's schools side by side: ranking, compliance by clause, spread, counties. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from cloud.assessments.assessment import Assessment
from cloud.assessments.filed_selection import SchoolOutcome
from cloud.registry.codes import statistics
from cloud.scoring.engine.column_names import ClauseColumns, DimensionColumns, StageColumns
from cloud.scoring.engine.engine import taught
from cloud.scoring.expressions import EPSILON
from cloud.scoring.standard.attainment import STAGES
from cloud.scoring.standard.standard import TOTAL
from cloud.selection.ranked_pool import published_units

Outcomes = Mapping[str, SchoolOutcome]
"""What a selection came to for each school."""

OF_SELECTION: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "selected": pl.Boolean,
    "rule": pl.String,
    "because": pl.List(pl.String),
    "place": pl.Int64,
    "rank_low": pl.Int64,
    "rank_high": pl.Int64,
    "chance": pl.Float64,
    "is_override": pl.Boolean,
}
PUBLISHED_DECIMALS = 2
SORTS = ("rank", "value", "coverage", "name", "division", "chance", "integrity", "pupils")
_ATTRIBUTES = ("name", "division", "school_type", "urban_rural", "classes", "pupils")


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingFilter:
    """The schools of a ranking to list; None does not restrict."""

    division: str | None = None
    stage: str | None = None
    school_type: str | None = None
    urban_rural: str | None = None
    selected: bool | None = None
    rated: bool | None = None
    text: str | None = None


def ranking(assessment: Assessment, outcomes: Outcomes | None = None) -> pl.DataFrame:
    """Return every school, by rank; those without a value come last, without a rank.

    Schools with the same published score share a rank. A selection's published order settles ties
    at its cut and names them in the reason; selections filed before ranks were shared keep theirs.
    """
    scores = assessment.scores
    table = scores.table.with_columns(taught(scores.table)).select(
        "id", *_ATTRIBUTES, *(pl.col(StageColumns(stage).taught) for stage in STAGES)
    )
    findings = _findings(assessment)
    frame = (
        table.join(scores.totals, on="id")
        .join(
            scores.dimensions.select(
                "id",
                *(
                    pl.col(DimensionColumns(d.id).value).alias(DimensionColumns(d.id).ranked)
                    for d in assessment.standard.dimensions
                ),
            ),
            on="id",
        )
        .join(findings, on="id", how="left")
        .with_columns(pl.col("integrity", "integrity_high").fill_null(0))
    )
    if outcomes is None:
        nothing = [pl.lit(None, kind).alias(name) for name, kind in OF_SELECTION.items()]
        return frame.with_columns(shared_rank(pl.col("value")).alias("rank"), *nothing).sort(
            "rank", "raw", "coverage", "id", descending=[False, True, True, False], nulls_last=True
        )
    by_school = pl.DataFrame(
        [
            {
                "id": school,
                "rank": outcome.rank,
                **{key: getattr(outcome, key) for key in OF_SELECTION},
            }
            for school, outcome in outcomes.items()
        ],
        schema={"id": pl.String, "rank": pl.Int64, **OF_SELECTION},
    )
    return frame.join(by_school, on="id", how="left").sort(
        "rank", "place", "raw", "id", descending=[False, False, True, False], nulls_last=True
    )


def shared_rank(value: pl.Expr) -> pl.Expr:
    """Return the rank of each score, the highest first; null for none.

    Scores that agree as they are published, cut to `PUBLISHED_DECIMALS`, share the best of their
    ranks, and the next one is as many lower: 1, 2, 2, 4.
    """
    units = published_units(value, PUBLISHED_DECIMALS)
    return units.rank("min", descending=True).cast(pl.Int64)


def matching(frame: pl.DataFrame, filters: RankingFilter) -> pl.DataFrame:
    """Return the schools of a ranking that match the filters."""
    wanted = [
        pl.col(name) == value
        for name in ("division", "school_type", "urban_rural", "selected")
        if (value := getattr(filters, name)) is not None
    ]
    if filters.stage is not None:
        wanted.append(pl.col(StageColumns(filters.stage).taught))
    if filters.rated is not None:
        wanted.append(pl.col("value").is_not_null() == filters.rated)
    if filters.text:
        named = pl.col("name").str.contains(filters.text, literal=True).fill_null(value=False)
        wanted.append(named | pl.col("id").str.contains(filters.text, literal=True))
    return frame.filter(*wanted)


def in_order(frame: pl.DataFrame, sort: str) -> pl.DataFrame:
    """Return a ranking in the order of a key, or of `-key`; what has none comes last."""
    key = sort.removeprefix("-")
    return frame.sort(key, descending=sort.startswith("-"), nulls_last=True, maintain_order=True)


def reasons(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return how many schools each rule decided: those in first, then by number; with the best one.

    Nothing without a selection.
    """
    decided = frame.filter(pl.col("selected").is_not_null())
    counted = decided.group_by("selected", "rule", maintain_order=True).agg(
        pl.len().alias("schools"),
        pl.col("id", "name").first(),
    )
    ordered = counted.sort(
        "selected", "schools", "rule", descending=[True, True, False], maintain_order=True
    )
    return ordered.to_dicts()


def stages_of(row: Mapping[str, Any]) -> list[str]:
    """Return the stages that a school of a ranking teaches."""
    return [stage for stage in STAGES if row[StageColumns(stage).taught]]


def counties(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the counties of a ranking, by code."""
    rows = frame.group_by("division", maintain_order=True).agg(
        pl.len().alias("schools"),
        pl.col("value").count().alias("rated"),
        pl.col("passed").sum().alias("passed"),
        pl.col("value").mean().alias("mean"),
        pl.col("coverage").mean(),
        pl.col("integrity").sum(),
    )
    return rows.filter(pl.col("division").is_not_null()).sort("division").to_dicts()


def compliance(
    assessment: Assessment, schools: Collection[str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return by clause how many schools meet it: all (division None), and each county's."""
    scores = assessment.scores
    frame = scores.clauses.join(scores.table.select("id", "division"), on="id")
    if schools is not None:
        frame = frame.filter(pl.col("id").is_in(list(schools)))
    counts = [
        count.alias(f"{clause.id}.{name}")
        for clause in assessment.standard.clauses
        for name, count in _counts(clause.id)
    ]
    whole = frame.select(pl.lit(None, pl.String).alias("division"), *counts).head(1)
    parts = (
        frame.filter(pl.col("division").is_not_null())
        .group_by("division", maintain_order=True)
        .agg(*counts)
    )
    rows = pl.concat([whole, parts.sort("division")]).to_dicts()
    return {
        clause.id: [
            {
                "division": row["division"],
                **{name: row[f"{clause.id}.{name}"] for name in _COUNTED},
            }
            for row in rows
        ]
        for clause in assessment.standard.clauses
    }


def of_clause(assessment: Assessment, clause: str, division: str | None) -> pl.DataFrame:
    """Return the outcome of a clause at the schools to which it applies, the weakest first."""
    scores, columns = assessment.scores, ClauseColumns(clause)
    got = pl.col("attainment")
    outcome = (
        pl.when(got.is_null())
        .then(pl.lit("no_data"))
        .when(got >= 1 - EPSILON)
        .then(pl.lit("met"))
        .when(got > 0)
        .then(pl.lit("partly_met"))
        .otherwise(pl.lit("unmet"))
    )
    frame = scores.clauses.select(
        pl.col("id").alias("school"),
        pl.col(columns.measured).alias("measured"),
        pl.col(columns.attainment).alias("attainment"),
        pl.col(columns.weight).alias("weight"),
    ).join(scores.table.select("id", "name", "division"), left_on="school", right_on="id")
    if division is not None:
        frame = frame.filter(pl.col("division") == division)
    return (
        frame.filter(pl.col("weight") > 0)
        .with_columns(outcome.alias("outcome"), pl.col("name").fill_null(""))
        .sort("attainment", "school", nulls_last=False)
        .select("school", "name", "outcome", "measured", "attainment")
    )


def spreads(assessment: Assessment, frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return how total and dimensions are spread over the rated schools, whole and by county."""
    rated = frame.filter(pl.col("value").is_not_null())
    whats = [(TOTAL, "value")]
    whats += [
        (dimension.id, DimensionColumns(dimension.id).ranked)
        for dimension in assessment.standard.dimensions
    ]
    areas: Sequence[tuple[str | None, pl.DataFrame]] = [
        (None, rated),
        *(
            (code, rated.filter(pl.col("division") == code))
            for code in sorted(rated["division"].drop_nulls().unique())
        ),
    ]
    return [
        {"what": what, "division": area, **_spread(rows[column].drop_nulls())}
        for area, rows in areas
        for what, column in whats
    ]


def division_name(code: str | None) -> str:
    """Return the Chinese name of a division, the code itself where it is unknown."""
    item = statistics.DIVISIONS.find(code or "")
    return (code or "") if item is None else item.zh


_COUNTED = ("applies", "met", "partly_met", "unmet", "no_data", "attainment")


def _counts(clause: str) -> Iterator[tuple[str, pl.Expr]]:
    applies = pl.col(ClauseColumns(clause).weight) > 0
    got = pl.col(ClauseColumns(clause).attainment)
    met, none = got >= 1 - EPSILON, got <= 0
    yield "applies", applies.sum()
    yield "met", (applies & met).sum()
    yield "partly_met", (applies & ~met & ~none).sum()
    yield "unmet", (applies & none).sum()
    yield "no_data", (applies & got.is_null()).sum()
    yield "attainment", got.filter(applies).mean()


def _spread(values: pl.Series) -> dict[str, Any]:
    if values.is_empty():
        names = ("least", "lower", "median", "upper", "most", "mean", "variation")
        return {"schools": 0, **dict.fromkeys(names)}
    ordered = values.sort().to_list()
    mean = sum(ordered) / len(ordered)
    deviation = (sum((value - mean) ** 2 for value in ordered) / len(ordered)) ** 0.5
    return {
        "schools": len(ordered),
        "least": ordered[0],
        "lower": values.quantile(0.25, "linear"),
        "median": values.quantile(0.5, "linear"),
        "upper": values.quantile(0.75, "linear"),
        "most": ordered[-1],
        "mean": mean,
        "variation": deviation / mean if mean > 0 else None,
    }


def _findings(assessment: Assessment) -> pl.DataFrame:
    rows = [(finding.school, finding.severity == "high") for finding in assessment.integrity]
    frame = pl.DataFrame(rows, schema={"id": pl.String, "high": pl.Boolean}, orient="row")
    return frame.group_by("id").agg(
        pl.len().cast(pl.Int64).alias("integrity"),
        pl.col("high").sum().cast(pl.Int64).alias("integrity_high"),
    )
