"""Money spent on update and repair ÷ budget for it, both as declared."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "maintenance_spending",
    "maintenance_spent_yuan",
    "maintenance_planned_yuan",
    says=LocalizedText(
        "维保预算 {whole:,.0f} 元，实际支出 {part:,.0f} 元（{share}）。",
        "{part:,.0f} of {whole:,.0f} CNY budgeted for maintenance were spent ({share}).",
    ),
    bands=True,
)
