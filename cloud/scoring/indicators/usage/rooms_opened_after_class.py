"""Teaching places opened after class ÷ main teaching places, both as declared."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "rooms_opened_after_class",
    "rooms_opened_after_class",
    "main_rooms",
    most=1.0,
)
