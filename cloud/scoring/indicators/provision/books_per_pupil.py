"""Books in the library, as declared ÷ pupils."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "books_per_pupil",
    "library_books",
    "pupils",
    says=LocalizedText(
        "馆藏图书 {part:,.0f} 册，学生 {whole:,.0f} 人，生均 {each:.1f} 册。",
        "{part:,.0f} books for {whole:,.0f} pupils: {each:.1f} each.",
    ),
    unit="/pupil",
)
