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
    row_values,
    rows_of,
)
from cloud.scoring.indicators.builders.ticket_response import faults, ticket_label, ticket_ref
from device_profiles.schema import Category

_DAYS_A_MONTH = 30.0


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    """Return a row for each device, and one that takes off a month for each fault.

    The row of a fault opens its ticket. A device loses no more than its own months.
    """
    months = ((evidence.end - evidence.start).days + 1) / _DAYS_A_MONTH
    devices = (
        live_assets(evidence)
        .filter(pl.col("category").is_in(list(parameters["categories"])))
        .join(evidence.tickets.select("school").unique(), on="school")
    )
    names = devices.select("school", "asset_id", "asset_no", "name")
    nth = pl.int_range(pl.len()).over("school", "asset_id").cast(pl.Float64)
    of_devices = (
        faults(evidence)
        .join(names, on=["school", "asset_id"])
        .sort("school", "asset_id", "reported_at", "ticket_no")
        .with_columns((months - nth).clip(0.0, 1.0).alias("lost"))
    )
    broken = devices.filter(pl.col("condition").is_in(["3", "4", "8"])).join(
        of_devices, on=["school", "asset_id"], how="anti"
    )
    nothing = pl.lit(0.0)
    lasted = rows_of(
        devices, ref=asset_ref(), label=asset_label(), part=pl.lit(months), whole=pl.lit(months)
    )
    return pl.concat(
        [
            lasted,
            rows_of(
                of_devices,
                ref=ticket_ref(),
                label=pl.format("{} {}", ticket_label(), asset_label()),
                part=-pl.col("lost"),
                whole=nothing,
            ),
            rows_of(
                broken,
                ref=asset_ref(),
                label=asset_label(),
                part=pl.lit(-min(1.0, months)),
                whole=nothing,
            ),
            rows_of(
                faults(evidence).filter(pl.col("asset_id").is_null()),
                ref=ticket_ref(),
                label=ticket_label(),
                part=pl.lit(-1.0),
                whole=nothing,
            ),
        ]
    )


def _reason_values(sums: Sums) -> Values:
    lost = sums.whole - sums.part
    return {
        "whole": sums.whole,
        "lost": lost,
        "lost_per_100": 100.0 * lost / sums.whole if sums.whole else 0.0,
    }


def _case(row: Row) -> str:
    if row["whole"]:
        return "device"
    return "fault" if row["ref"].startswith("ticket:") else "broken"


def _row_values(row: Row) -> Values:
    return {**row_values(row), "lost": abs(row["part"])}


INDICATOR = Indicator(
    id="fault_free",
    unit="%",
    rows=_rows,
    reason_values=_reason_values,
    row_text=RowText(cases=("device", "fault", "broken"), case=_case, values=_row_values),
    parameters={
        "categories": Parameter(
            "words",
            "the categories of equipment that count",
            ["display", "recorder", "instrument", "epaper", "computer", "environment", "meter"],
            known=get_args(Category),
        )
    },
)
