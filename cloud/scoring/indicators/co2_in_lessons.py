"""Lessons' samples of CO2 up to 1500 ppm ÷ lessons in rooms with a sensor.

A lesson counts as the share of its samples that were good, one without a sample as seen by nobody.
"""

from cloud.scoring.air_share import air_share
from cloud.scoring.indicator import Words

INDICATOR = air_share(
    "co2_in_lessons",
    "co2",
    Words(
        "装有二氧化碳传感器的教室共 {whole:,.0f} 节课，达标折合 {part:,.0f} 节（{share}），"
        "无数据 {unknown:,.0f} 节。",
        "Of {whole:,.0f} lessons in rooms with a CO2 sensor the air was good for {part:,.0f} "
        "({share}); {unknown:,.0f} have no data.",
    ),
)
