"""Computers for teachers, as declared ÷ those needed at so many teachers each."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.base import (
    Parameter,
)
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "teacher_computers",
    "teacher_terminals",
    "teachers",
    says=LocalizedText(
        "教师用计算机 {part:,.0f} 台，按师机比应有 {whole:,.1f} 台。",
        "{part:,.0f} computers for teachers, {whole:,.1f} needed at that ratio.",
    ),
    each=Parameter("number", "teachers that may share a computer", 1),
)
