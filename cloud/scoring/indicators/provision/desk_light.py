"""Rooms with enough light on the desks ÷ rooms measured by hand, both as declared."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "desk_light",
    "desk_light_ok_rooms",
    "desk_light_measured_rooms",
    most=1.0,
)
