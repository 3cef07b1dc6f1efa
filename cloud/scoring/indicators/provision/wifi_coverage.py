"""Main teaching places with Wi-Fi ÷ main teaching places, both as declared."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "wifi_coverage",
    "rooms_with_wifi",
    "main_rooms",
    says=LocalizedText(
        "主要教学场所 {whole:,.0f} 间，无线网络覆盖 {part:,.0f} 间（{share}）。",
        "{part:,.0f} of {whole:,.0f} main teaching places have Wi-Fi ({share}).",
    ),
    most=1.0,
)
