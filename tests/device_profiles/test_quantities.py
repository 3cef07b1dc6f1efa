"""The table of quantities: conversions against the definitions of the units, and bounds."""

import math

import pytest

from device_profiles.quantities import QUANTITIES


@pytest.mark.parametrize(
    ("name", "value", "unit", "target", "converted"),
    [
        ("energy", 1.5, "kWh", "Wh", 1500),
        ("energy", 2, "MWh", "kWh", 2000),
        ("pressure", 1013.25, "hPa", "Pa", 101_325),
        ("pressure", 1, "bar", "kPa", 100),
        ("pressure", 1, "mbar", "hPa", 1),
        ("pressure", 0.5, "MPa", "bar", 5),
        ("flow", 1, "L/s", "m³/h", 3.6),
        ("flow", 1, "m³/h", "L/min", 1000 / 60),
        ("flow", 1000, "L/h", "m³/h", 1),
        ("volume", 1, "m³", "L", 1000),
        ("volume", 250, "mL", "L", 0.25),
        ("speed", 36, "km/h", "m/s", 10),
        ("angle", math.pi, "rad", "°", 180),
        ("tvoc", 600, "µg/m³", "mg/m³", 0.6),
        ("formaldehyde", 0.08, "mg/m³", "µg/m³", 80),
        ("duration", 2, "h", "min", 120),
        ("current", 250, "mA", "A", 0.25),
    ],
)
def test_a_value_is_converted(
    name: str, value: float, unit: str, target: str, converted: float
) -> None:
    quantity = QUANTITIES[name]
    assert quantity.converted(value, unit, target) == pytest.approx(converted)
    assert quantity.converted(converted, target, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "unit", "target"),
    [("sound_level", "dB", "dB(A)"), ("brightness", "cd/m²", "%"), ("power", "W", "Wh")],
)
def test_what_no_factor_leads_to_is_refused(name: str, unit: str, target: str) -> None:
    with pytest.raises(ValueError, match="cannot be converted to"):
        QUANTITIES[name].converted(1.0, unit, target)


def test_a_unit_without_a_factor_is_itself() -> None:
    assert QUANTITIES["sound_level"].converted(40.0, "dB(A)", "dB(A)") == 40.0


def test_bounds_are_in_the_unit_asked_for() -> None:
    assert QUANTITIES["humidity"].bounds("%") == (0, 100)
    assert QUANTITIES["temperature"].bounds("°C") == (-273.15, None)
    assert QUANTITIES["co2"].bounds("ppm") == (0, 1e6)
    assert QUANTITIES["brightness"].bounds("cd/m²") == (None, None)
    assert QUANTITIES["power"].bounds("kW") == (None, None), "a load may feed back"


@pytest.mark.parametrize("name", sorted(QUANTITIES))
def test_every_entry_is_consistent(name: str) -> None:
    quantity = QUANTITIES[name]
    first = next(iter(quantity.units))
    assert quantity.units[first] == 1
    assert all(factor is None or factor > 0 for factor in quantity.units.values())
    assert quantity.zh
    assert quantity.en
    if quantity.value_type != "number":
        assert list(quantity.units) == [""]
        assert (quantity.low, quantity.high) == (None, None)
