"""Money spent on update and repair ÷ budget for it, both as declared."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "maintenance_spending",
    "maintenance_spent_yuan",
    "maintenance_planned_yuan",
    bands=True,
)
