"""Hours a week that the library is open in term, as declared."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "library_hours",
    "library_hours_week",
    1.0,
    says=LocalizedText(
        "图书馆每周开放 {part:g} 小时。",
        "The library is open {part:g} hours a week.",
    ),
    unit="h/week",
)
