"""Computers for pupils, as declared ÷ those needed at so many pupils each."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.base import (
    Parameter,
)
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "pupil_computers",
    "pupil_terminals",
    "pupils",
    says=LocalizedText(
        "学生用计算机 {part:,.0f} 台，按生机比应有 {whole:,.1f} 台。",
        "{part:,.0f} computers for pupils, {whole:,.1f} needed at that ratio.",
    ),
    each=Parameter("number", "pupils that may share a computer", 3.5),
)
