"""Books added in the last year, as declared ÷ pupils."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "new_books_per_pupil",
    "new_books",
    "pupils",
    says=LocalizedText(
        "近一年新增图书 {part:,.0f} 册，学生 {whole:,.0f} 人，生均 {each:.2f} 册。",
        "{part:,.0f} new books for {whole:,.0f} pupils: {each:.2f} each.",
    ),
    unit="/pupil",
)
