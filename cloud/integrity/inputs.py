"""What the integrity checks read: the evidence of a score, and a few more tables. Pure.

Every table has a column `school`. A check reads one school's rows only, so its findings about a
school are the same alone and among a thousand.
"""

from dataclasses import dataclass, field

import polars as pl

from cloud.scoring.evidence.evidence import Columns, Evidence, empty

BINDINGS: Columns = {
    "school": pl.String,
    "asset_id": pl.Int64,
    "device": pl.String,
    "stated": pl.Boolean,
}
"""Which name in telemetry belongs to which asset at the end of the span. `stated`: an
operator entered it; else the name is the asset's own number."""
INSPECTIONS: Columns = {"school": pl.String, "day": pl.Date}
"""Days of inspections that the school knew of before, one row each."""
OCCUPANCY: Columns = {
    "school": pl.String,
    "room": pl.String,
    "day": pl.Date,
    "period": pl.Int64,
    "seen_s": pl.Float64,
    "occupied_s": pl.Float64,
}
"""How long a room's CO2 has data in a period, and how long it shows an occupied room (see
`cloud.integrity.occupancy`). Motion is not in it: its sensors send slots like any device."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some schools over the evidence's span of days."""

    evidence: Evidence
    bindings: pl.DataFrame = field(default_factory=empty(BINDINGS))
    inspections: pl.DataFrame = field(default_factory=empty(INSPECTIONS))
    occupancy: pl.DataFrame = field(default_factory=empty(OCCUPANCY))
