"""Quantity -> units, value type and bounds: the one table, and the files that add to it.

Names follow SI and Home Assistant's `sensor/const.py`. The value type of a quantity holds for every
point of that quantity, in the whole catalogue. A folder of profiles may bring quantities of its own
in a file `quantities.yaml`:

    ultraviolet_index:
      title: {zh: 紫外线指数, en: ultraviolet index}
      units: {"": 1}
      low: 0
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

ValueType = Literal["number", "bool", "string"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """The units a quantity may be given in, its value type, its titles and its bounds.

    `units` gives for each unit how many of the first unit it is; None for a unit that no factor
    leads to (decibels with another weighting, percent of a scale). `low` and `high` are what
    physics allows, in the first unit, both included; None where it sets no bound.
    """

    units: Mapping[str, float | None]
    value_type: ValueType
    zh: str
    en: str
    low: float | None = None
    high: float | None = None

    def converted(self, value: float, unit: str, target: str) -> float:
        """Return `value`, given in `unit`, in `target`; raises ValueError where no factor leads."""
        source, wanted = self.units.get(unit), self.units.get(target)
        if unit == target and unit in self.units:
            return value
        if source is None or wanted is None:
            raise ValueError(f"{self.en}: {unit!r} cannot be converted to {target!r}")
        return value * source / wanted

    def bounds(self, unit: str) -> tuple[float | None, float | None]:
        """Return the bounds in `unit`; None where there is none, or no factor leads to the unit."""
        factor = self.units.get(unit)
        if factor is None:
            return None, None
        return (
            None if self.low is None else self.low / factor,
            None if self.high is None else self.high / factor,
        )


def _plain(value_type: ValueType, zh: str, en: str) -> Quantity:
    return Quantity({"": 1.0}, value_type, zh, en)


def _measured(
    zh: str,
    en: str,
    units: Mapping[str, float | None],
    *,
    low: float | None = None,
    high: float | None = None,
) -> Quantity:
    return Quantity(units, "number", zh, en, low, high)


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        "angle": _measured("角度", "angle", {"°": 1, "rad": 57.29577951308232}),
        "apparent_power": _measured("视在功率", "apparent power", {"VA": 1, "kVA": 1e3}, low=0),
        "battery": _measured("电量", "battery level", {"%": 1}, low=0, high=100),
        "brightness": _measured("亮度", "brightness", {"%": 1, "cd/m²": None}, low=0),
        "co2": _measured("二氧化碳", "carbon dioxide", {"ppm": 1}, low=0, high=1e6),
        "colour_temperature": _measured("色温", "colour temperature", {"K": 1}, low=0),
        "count": _measured("次数", "count", {"": 1}),
        "current": _measured("电流", "current", {"A": 1, "mA": 1e-3}),
        "data_size": _measured(
            "数据量", "data size", {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}, low=0
        ),
        "duration": _measured("时长", "duration", {"s": 1, "min": 60, "h": 3600}, low=0),
        "energy": _measured("电能", "energy", {"Wh": 1, "kWh": 1e3, "MWh": 1e6}),
        "flow": _measured("流量", "flow rate", {"m³/h": 1, "L/min": 0.06, "L/s": 3.6, "L/h": 1e-3}),
        "formaldehyde": _measured("甲醛", "formaldehyde", {"mg/m³": 1, "µg/m³": 1e-3}, low=0),
        "frequency": _measured("频率", "frequency", {"Hz": 1}, low=0),
        "humidity": _measured("相对湿度", "relative humidity", {"%": 1}, low=0, high=100),
        "illuminance": _measured("照度", "illuminance", {"lx": 1}, low=0),
        "motion": _plain("bool", "有人移动", "motion"),
        "percentage": _measured("百分比", "percentage", {"%": 1}),
        "pm25": _measured("细颗粒物 PM2.5", "particulate matter PM2.5", {"µg/m³": 1}, low=0),
        "power": _measured("有功功率", "active power", {"W": 1, "kW": 1e3}),
        "power_factor": _measured("功率因数", "power factor", {"": 1}, low=-1, high=1),
        "presence": _plain("bool", "在线", "presence"),
        "pressure": _measured(
            "压力",
            "pressure",
            {"Pa": 1, "hPa": 100, "kPa": 1e3, "MPa": 1e6, "mbar": 100, "bar": 1e5},
        ),
        "reactive_power": _measured("无功功率", "reactive power", {"var": 1, "kvar": 1e3}),
        "signal_strength": _measured("信号强度", "signal strength", {"dBm": 1}),
        "sound_level": _measured("声级", "sound level", {"dB": 1, "dB(A)": None}),
        "speed": _measured("速度", "speed", {"m/s": 1, "km/h": 1 / 3.6}, low=0),
        "state": _plain("string", "状态", "state"),
        "switch": _plain("bool", "开关", "switch"),
        "temperature": _measured("温度", "temperature", {"°C": 1}, low=-273.15),
        "text": _plain("string", "文本", "text"),
        "tvoc": _measured(
            "总挥发性有机物 TVOC",
            "total volatile organic compounds",
            {"mg/m³": 1, "µg/m³": 1e-3},
            low=0,
        ),
        "voltage": _measured("电压", "voltage", {"V": 1, "mV": 1e-3}),
        "volume": _measured("体积", "volume", {"m³": 1, "L": 1e-3, "mL": 1e-6}, low=0),
    }
)
"""The quantities that every catalogue knows, by name."""
