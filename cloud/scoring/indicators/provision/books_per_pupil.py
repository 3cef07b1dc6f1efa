"""Books in the library, as declared ÷ pupils."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "books_per_pupil",
    "library_books",
    "pupils",
    unit="/pupil",
)
