"""The sensors of a board, for the test: what `measure.json` holds."""

import json
from pathlib import Path


def measure(name: str) -> float | str | None:
    value: float | str | None = json.loads(Path("measure.json").read_text()).get(name)
    return value
