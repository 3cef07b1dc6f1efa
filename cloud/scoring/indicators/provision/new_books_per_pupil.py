"""Books added in the last year, as declared ÷ pupils."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "new_books_per_pupil",
    "new_books",
    "pupils",
    unit="/pupil",
)
