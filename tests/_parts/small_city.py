"""A small simulated city: every kind of school and county, made in a second."""

from datetime import date
from pathlib import Path
from typing import Any

from simulators.city.city import Options

END = date(2026, 11, 20)


def city_options(folder: Path, **changed: Any) -> Options:
    """Return the options of a city of 24 schools and 5 days, with changes."""
    settings: dict[str, Any] = {"schools": 24, "days": 5, "seed": 7, "end": END}
    return Options(folder, **(settings | changed))
