"""Two-person controls of dangerous chemicals that are met, of 5, as declared.

Asked of junior and senior schools with a laboratory, and of every school that keeps chemicals.
Where neither holds there is nothing to be judged.
"""

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    Indicator,
    Parameters,
    unless_nothing,
)
from cloud.scoring.indicators.builders.chemicals import only_where_stocked, owners
from cloud.scoring.indicators.builders.declared_ratio import declared_of

_OF_FIVE = declared_of(
    "chemical_controls",
    "chemical_controls_met",
    5.0,
    says=LocalizedText(
        "危化品“五双”管理 {whole:.0f} 项中落实 {part:.0f} 项。",
        "{part:.0f} of {whole:.0f} two-person controls of chemicals are met.",
    ),
    most=1.0,
)


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    rows = _OF_FIVE.rows(evidence, parameters)
    return only_where_stocked(rows, evidence, owners(evidence))


INDICATOR = Indicator(
    id="chemical_controls",
    unit="%",
    rows=_rows,
    reason=_OF_FIVE.reason,
    tell=unless_nothing(
        _OF_FIVE.tell, "没有危化品，也没有理化生实验室", "no chemicals and no laboratory"
    ),
)
