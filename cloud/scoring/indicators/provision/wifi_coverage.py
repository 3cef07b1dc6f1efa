"""Main teaching places with Wi-Fi ÷ main teaching places, both as declared."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "wifi_coverage",
    "rooms_with_wifi",
    "main_rooms",
    most=1.0,
)
