"""Hours of lessons with CO2 up to 1500 ppm ÷ hours of lessons, in rooms with a sensor.

A reading of a sensor holds until its next one, for forty minutes at most.
"""

from cloud.scoring.indicators.builders.air_share import air_share

INDICATOR = air_share(
    "co2_in_lessons",
    "co2",
)
