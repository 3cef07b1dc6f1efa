"""The reference page of the indicators, made from themselves."""

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
        "What can be asked of the evidence. [Why a score is what it is](../explanation/score.md)",
        "says what becomes of the answers.",
    ]
    for indicator in indicators.values():
        told = sys.modules[indicator.rows.__module__].__doc__ or ""
        if indicator.rows.__qualname__ != "_rows":
            told = sys.modules[module_name(indicator)].__doc__ or ""
        lines += ["", f"## {indicator.id}", "", told.strip()]
        if indicator.parameters:
            lines += ["", "| Parameter | Default | Meaning |", "| --- | --- | --- |"]
        lines += [
            f"| `{name}` | {'needed' if one.default is None else f'`{one.default}`'} "
            f"| {one.meaning} |"
            for name, one in indicator.parameters.items()
        ]
        asked = [
            f"{clause.id} {clause.title.zh} · {clause.title.en} ({standard.edition})"
            for standard in standards
            for clause in standard.clauses
            if clause.indicator == indicator.id
        ]
        lines += ["", f"Asked by: {'; '.join(asked) or 'no clause yet'}."]
    return "\n".join(lines) + "\n"
