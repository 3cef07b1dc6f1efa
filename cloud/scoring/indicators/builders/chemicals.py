"""Which schools have to keep dangerous chemicals in order. Pure."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import nothing_for

_TEACHING = ("JUN", "SEN")
_LAB = "121"


def owners(evidence: Evidence) -> pl.DataFrame:
    """Return the schools that keep chemicals, or that teach with a laboratory in which one does."""
    labs = evidence.rooms.filter(pl.col("use") == _LAB).select("school")
    teaching = evidence.stages.filter(pl.col("stage").is_in(list(_TEACHING))).select("school")
    declared = evidence.declarations.filter(pl.col("item") == "chemical_controls_met")
    return pl.concat(
        [
            labs.join(teaching, on="school", how="semi"),
            evidence.chemicals.select("school"),
            declared.select("school"),
        ]
    ).unique()


def only_where_stocked(rows: pl.DataFrame, evidence: Evidence, owned: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the owners; the other schools have nothing to be judged.

    A school without registered rooms may have a laboratory: it has no row.
    """
    others = evidence.rooms.select("school").unique().join(owned, on="school", how="anti")
    nothing = nothing_for(others)
    if "confirmed" in rows.columns:
        nothing = nothing.with_columns(pl.lit(value=True).alias("confirmed"))
    return pl.concat([rows.join(owned, on="school", how="semi"), nothing], how="diagonal")
