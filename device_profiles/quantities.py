"""Quantity -> units and value type: the one table.

Names follow SI and Home Assistant's `sensor/const.py`. A quantity's value type holds for every
point of that quantity, in the whole catalogue.
"""

from dataclasses import dataclass
from typing import Literal

ValueType = Literal["number", "bool", "string"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """The units a quantity may be given in, its value type, and its titles."""

    units: tuple[str, ...]
    value_type: ValueType
    zh: str
    en: str


QUANTITIES: dict[str, Quantity] = {
    "apparent_power": Quantity(("VA", "kVA"), "number", "视在功率", "apparent power"),
    "battery": Quantity(("%",), "number", "电量", "battery level"),
    "brightness": Quantity(("%", "cd/m²"), "number", "亮度", "brightness"),
    "co2": Quantity(("ppm",), "number", "二氧化碳", "carbon dioxide"),
    "colour_temperature": Quantity(("K",), "number", "色温", "colour temperature"),
    "count": Quantity(("",), "number", "次数", "count"),
    "current": Quantity(("A", "mA"), "number", "电流", "current"),
    "data_size": Quantity(("B", "kB", "MB", "GB"), "number", "数据量", "data size"),
    "duration": Quantity(("s", "min", "h"), "number", "时长", "duration"),
    "energy": Quantity(("Wh", "kWh", "MWh"), "number", "电能", "energy"),
    "frequency": Quantity(("Hz",), "number", "频率", "frequency"),
    "humidity": Quantity(("%",), "number", "相对湿度", "relative humidity"),
    "illuminance": Quantity(("lx",), "number", "照度", "illuminance"),
    "motion": Quantity(("",), "bool", "有人移动", "motion"),
    "power": Quantity(("W", "kW"), "number", "有功功率", "active power"),
    "power_factor": Quantity(("",), "number", "功率因数", "power factor"),
    "presence": Quantity(("",), "bool", "在线", "presence"),
    "reactive_power": Quantity(("var", "kvar"), "number", "无功功率", "reactive power"),
    "signal_strength": Quantity(("dBm",), "number", "信号强度", "signal strength"),
    "sound_level": Quantity(("dB",), "number", "音量", "sound level"),
    "state": Quantity(("",), "string", "状态", "state"),
    "switch": Quantity(("",), "bool", "开关", "switch"),
    "temperature": Quantity(("°C",), "number", "温度", "temperature"),
    "text": Quantity(("",), "string", "文本", "text"),
    "voltage": Quantity(("V", "mV"), "number", "电压", "voltage"),
}
