"""Items of the kindergarten list that are there ÷ items listed, both as declared."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "kindergarten_items",
    "kindergarten_items_present",
    "kindergarten_items_listed",
    says=LocalizedText(
        "应配装备 {whole:,.0f} 项，已配 {part:,.0f} 项（{share}）。",
        "{part:,.0f} of {whole:,.0f} items on the list are there ({share}).",
    ),
    most=1.0,
)
