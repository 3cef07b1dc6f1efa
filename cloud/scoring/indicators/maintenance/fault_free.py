"""Months of connected kinds of equipment without a confirmed fault ÷ their months.

Two faults a month in a hundred devices leave 98 %. A fault is a ticket about one, or an asset that
the ledger calls faulty and of which there is no ticket; one of no asset in particular takes off a
month too. A school without any ticket has no data.
"""

from typing import get_args

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameter,
    Parameters,
    Row,
    RowText,
    Sums,
    Values,
    asset_label,
    asset_ref,
    live_assets,
    rows_of,
)
from cloud.scoring.indicators.builders.ticket_response import faults, ticket_label, ticket_ref
from device_profiles.schema import Category

_DAYS_A_MONTH = 30.0


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    months = ((evidence.end - evidence.start).days + 1) / _DAYS_A_MONTH
    fault_counts = (
        faults(evidence)
        .drop_nulls("asset_id")
        .group_by("school", "asset_id")
        .agg(pl.len().cast(pl.Float64).alias("faults"))
    )
    devices = (
        live_assets(evidence)
        .filter(pl.col("category").is_in(list(parameters["categories"])))
        .join(evidence.tickets.select("school").unique(), on="school")
        .join(fault_counts, on=["school", "asset_id"], how="left")
    )
    unnamed = rows_of(
        faults(evidence).filter(pl.col("asset_id").is_null()),
        ref=ticket_ref(),
        label=ticket_label(),
        part=pl.lit(-1.0),
        whole=pl.lit(0.0),
    )
    broken = pl.when(pl.col("condition").is_in(["3", "4", "8"])).then(1.0).otherwise(0.0)
    lasted = rows_of(
        devices,
        ref=asset_ref(),
        label=asset_label(),
        part=(months - pl.coalesce("faults", broken)).clip(lower_bound=0.0),
        whole=pl.lit(months),
    )
    return pl.concat([lasted, unnamed])


def _reason_values(sums: Sums) -> Values:
    lost = 100.0 * (1.0 - sums.part / sums.whole) if sums.whole else 0.0
    return {"whole": sums.whole, "faults_per_100": lost}


def _case(row: Row) -> str:
    if not row["whole"]:
        return "no_asset"
    return "met" if row["part"] >= row["whole"] else "unmet"


INDICATOR = Indicator(
    id="fault_free",
    unit="%",
    rows=_rows,
    reason_values=_reason_values,
    row_text=RowText(cases=("met", "unmet", "no_asset"), case=_case),
    parameters={
        "categories": Parameter(
            "words",
            "the categories of equipment that count",
            ["display", "recorder", "instrument", "epaper", "computer", "environment", "meter"],
            known=get_args(Category),
        )
    },
)
