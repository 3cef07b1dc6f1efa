"""Group experiments done ÷ due in the term, both as declared."""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "group_experiments_done",
    "experiments_group_done",
    "experiments_group_due",
    says=LocalizedText(
        "应开分组实验 {whole:,.0f} 个，实开 {part:,.0f} 个（{share}）。",
        "{part:,.0f} of {whole:,.0f} group experiments due were done ({share}).",
    ),
    most=1.0,
)
