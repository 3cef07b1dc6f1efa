"""Rooms with enough light on the desks ÷ rooms measured by hand, both as declared."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "desk_light",
    "desk_light_ok_rooms",
    "desk_light_measured_rooms",
    says=LocalizedText(
        "实测课桌面照度 {whole:,.0f} 间，合格 {part:,.0f} 间（{share}）。",
        "{part:,.0f} of {whole:,.0f} rooms measured have enough light on the desks ({share}).",
    ),
    most=1.0,
)
