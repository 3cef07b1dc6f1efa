"""What the integrity checks look at: the evidence of a score, and a few facts beside it.

Every table has a column `school`. A check looks at one school's rows only, so that what it finds
of a school is the same alone and among a thousand.
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
"""Which name in telemetry belongs to which asset at the end of the span. `stated` says that
somebody wrote it down; else the asset's own number stands in."""
INSPECTIONS: Columns = {"school": pl.String, "day": pl.Date}
"""Days of inspections that the school knew of before, one row each."""
COMPANY: Columns = {
    "school": pl.String,
    "room": pl.String,
    "day": pl.Date,
    "period": pl.Int64,
    "seen_s": pl.Float64,
    "occupied_s": pl.Float64,
}
"""How long a room's CO2 was seen in a period, and how long it says that somebody was there (see
`cloud.integrity.occupancy`). Motion needs none of it: its sensors send slots like any device."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some schools over the evidence's span of days."""

    evidence: Evidence
    bindings: pl.DataFrame = field(default_factory=empty(BINDINGS))
    inspections: pl.DataFrame = field(default_factory=empty(INSPECTIONS))
    company: pl.DataFrame = field(default_factory=empty(COMPANY))
