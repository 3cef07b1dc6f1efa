"""Lessons' samples of light from 300 lx on ÷ lessons in rooms with a sensor: a proxy.

What a sensor on the wall or the ceiling measures is not the light on the desks, which the standard
asks for and only a lux meter shows; see `desk_light`.
"""

from cloud.scoring.air_share import air_share
from cloud.scoring.indicator import Words

INDICATOR = air_share(
    "light_in_lessons",
    "illuminance",
    Words(
        "装有照度传感器的教室共 {whole:,.0f} 节课，达标折合 {part:,.0f} 节（{share}，代理值），"
        "无数据 {unknown:,.0f} 节。",
        "Of {whole:,.0f} lessons in rooms with a light sensor {part:,.0f} had enough of it "
        "({share}, a proxy); {unknown:,.0f} have no data.",
    ),
)
