"""A column of the evidence table as it stands, or divided by another one.

For figures that no ledger and no sensor of ours holds: any composite index can be written as a
standard over a table. An empty cell is no data.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    ROW,
    Indicator,
    Parameter,
    Parameters,
    Sums,
)


def _rows(_evidence: Evidence, _parameters: Parameters) -> pl.DataFrame:
    return pl.DataFrame(schema=ROW)


def _reason(sums: Sums) -> LocalizedText:
    got = sums.part / sums.whole
    return LocalizedText(f"证据表中的数值为 {got:,.6g}。", f"The evidence table says {got:,.6g}.")


def _tell(row: Mapping[str, Any]) -> LocalizedText:
    return LocalizedText(
        f"{row['label']}：{row['part']:,.6g}", f"{row['label']}: {row['part']:,.6g}"
    )


INDICATOR = Indicator(
    id="column",
    rows=_rows,
    reason=_reason,
    tell=_tell,
    parameters={
        "column": Parameter("text", "name of the column that is read"),
        "of": Parameter("text", "name of the column it is divided by, where it is a ratio", ""),
    },
    bands=True,
)
