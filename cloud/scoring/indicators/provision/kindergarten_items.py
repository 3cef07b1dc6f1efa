"""Items of the kindergarten list that are there ÷ items listed, both as declared."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "kindergarten_items",
    "kindergarten_items_present",
    "kindergarten_items_listed",
    most=1.0,
)
