"""Write the reference page of the indicators from their docstrings and parameters."""

import sys
from collections.abc import Mapping, Sequence

from cloud.scoring.indicators.base import Indicator, module_name
from cloud.scoring.standard.standard import Standard


def indicators_page(indicators: Mapping[str, Indicator], standards: Sequence[Standard]) -> str:
    """Return docs/reference/indicators.md."""
    lines = [
        "<!-- Written by `campus-cloud indicators`. Change the indicator, not this page. -->",
        "",
        "# Indicators",
        "",
        "The figures that a clause of a standard can ask for.",
        "[Why a score is what it is](../explanation/score.md) explains how they become points.",
    ]
    for indicator in indicators.values():
        description = sys.modules[module_name(indicator)].__doc__ or ""
        lines += ["", f"## {indicator.id}", "", description.strip()]
        if indicator.parameters:
            lines += ["", "| Parameter | Default | Meaning |", "| --- | --- | --- |"]
        lines += [
            f"| `{name}` | {'needed' if parameter.default is None else f'`{parameter.default}`'} "
            f"| {parameter.meaning} |"
            for name, parameter in indicator.parameters.items()
        ]
        clauses = [
            f"{clause.id} {clause.title.zh} · {clause.title.en} ({standard.edition})"
            for standard in standards
            for clause in standard.clauses
            if clause.indicator == indicator.id
        ]
        lines += ["", f"Asked by: {'; '.join(clauses) or 'no clause yet'}."]
    return "\n".join(lines) + "\n"
