"""Working interactive displays per class: units in the ledger that work ÷ classes."""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    HAVE_AND_NEED,
    Indicator,
    Parameters,
    asset_label,
    asset_ref,
    due_of_school,
    in_use_assets,
    rows_of,
    units,
)


def _rows(evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    displays = in_use_assets(evidence).filter(pl.col("category") == "display")
    have = rows_of(
        displays,
        ref=asset_ref(),
        label=asset_label(),
        part=units(),
        whole=pl.lit(0.0),
    )
    return pl.concat([have, due_of_school(evidence, pl.col("classes"))])


INDICATOR = Indicator(id="displays_per_class", rows=_rows, row_text=HAVE_AND_NEED)
