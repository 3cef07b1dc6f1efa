"""Hours of lessons with light from 300 lx on ÷ hours of lessons, in rooms with a sensor: a proxy.

What a sensor on the wall or the ceiling measures is not the light on the desks, which the standard
asks for and only a lux meter shows; see `desk_light`.
"""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.air_share import air_share

INDICATOR = air_share(
    "light_in_lessons",
    "illuminance",
    LocalizedText(
        "装有照度传感器的教室上课 {whole:,.1f} 小时，达标 {part:,.1f} 小时（{share}，代理值），"
        "无数据 {unknown:,.1f} 小时。",
        "Of {whole:,.1f} hours of lessons in rooms with a light sensor {part:,.1f} had enough of "
        "it ({share}, a proxy); {unknown:,.1f} have no data.",
    ),
)
