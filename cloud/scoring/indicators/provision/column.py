"""A column of the evidence table, unchanged or divided by another one.

For figures that no ledger and no sensor of ours holds: any composite index can be written as a
standard over a table. An empty cell is no data.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import AMOUNT, ROW, Indicator, Parameter, Parameters


def _rows(_evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    return pl.DataFrame(schema=ROW)


INDICATOR = Indicator(
    id="column",
    rows=_rows,
    row_text=AMOUNT,
    parameters={
        "column": Parameter("text", "name of the column that is read"),
        "of": Parameter("text", "name of the column it is divided by, where it is a ratio", ""),
    },
    bands=True,
)
