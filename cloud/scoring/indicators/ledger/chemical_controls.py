"""Two-person controls of dangerous chemicals that are met, of 5, as declared.

Asked of junior and senior schools with a laboratory, and of every school that keeps chemicals.
Where neither holds there is nothing to be judged.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import Indicator, Parameters, or_nothing_to_judge
from cloud.scoring.indicators.builders.chemicals import only_where_stocked, owners
from cloud.scoring.indicators.builders.declared_ratio import declared_of

_OF_FIVE = declared_of(
    "chemical_controls",
    "chemical_controls_met",
    5.0,
    most=1.0,
)


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    rows = _OF_FIVE.rows(evidence, parameters)
    return only_where_stocked(rows, evidence, owners(evidence))


INDICATOR = Indicator(
    id="chemical_controls",
    unit="%",
    rows=_rows,
    row_text=or_nothing_to_judge(_OF_FIVE.row_text),
)
