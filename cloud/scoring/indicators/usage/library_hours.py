"""Hours a week that the library is open in term, as declared."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "library_hours",
    "library_hours_week",
    1.0,
    unit="h/week",
)
