"""Hours of lessons with CO2 up to 1500 ppm ÷ hours of lessons, in rooms with a sensor.

What a sensor said holds until it says something else, for forty minutes at most.
"""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.air_share import air_share

INDICATOR = air_share(
    "co2_in_lessons",
    "co2",
    LocalizedText(
        "装有二氧化碳传感器的教室上课 {whole:,.1f} 小时，达标 {part:,.1f} 小时（{share}），"
        "无数据 {unknown:,.1f} 小时。",
        "Of {whole:,.1f} hours of lessons in rooms with a CO2 sensor the air was good for "
        "{part:,.1f} ({share}); {unknown:,.1f} have no data.",
    ),
)
