"""Hours of lessons with light from 300 lx on ÷ hours of lessons, in rooms with a sensor: a proxy.

What a sensor on the wall or the ceiling measures is not the light on the desks, which the standard
asks for and only a lux meter shows; see `desk_light`.
"""

from cloud.scoring.indicators.builders.air_share import air_share

INDICATOR = air_share(
    "light_in_lessons",
    "illuminance",
)
