"""Group experiments done ÷ due in the term, both as declared."""

from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "group_experiments_done",
    "experiments_group_done",
    "experiments_group_due",
    most=1.0,
)
