"""Teaching places opened after class ÷ main teaching places, both as declared."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "rooms_opened_after_class",
    "rooms_opened_after_class",
    "main_rooms",
    says=LocalizedText(
        "主要教学场所 {whole:,.0f} 间，课余开放 {part:,.0f} 间（{share}）。",
        "{part:,.0f} of {whole:,.0f} main teaching places are opened after class ({share}).",
    ),
    most=1.0,
)
