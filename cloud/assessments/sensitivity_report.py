"""Which choice of the standard matters most for a selection, with sentences. Pure."""

from typing import Any

from cloud.assessments.assessment import Assessment
from cloud.assessments.canonical_json import canonical, digest
from cloud.assessments.filed_selection import FiledSelection
from cloud.assessments.make_selection import rules_from
from cloud.messages import message
from cloud.robustness.saltelli import Index
from cloud.robustness.sobol import Influence, sensitivity

FORMAT = "smart-campus-sensitivity/2"
DIGITS = 6
"""To which figures are rounded: further digits may differ between processors."""


def sensitivity_of(assessment: Assessment, selection: FiledSelection) -> dict[str, Any]:
    """Return the sensitivity analysis of a selection, by its own rules and seed.

    The same selection gives the same figures, and the digest covers all of them.
    """
    analysis = sensitivity(assessment.scores, rules_from(selection.rules), selection.row.seed)
    selected = len(selection.selected)
    influences = [_figures(influence) for influence in analysis.influences]
    figures: dict[str, Any] = {
        "selection": selection.row.id,
        "seed": analysis.seed,
        "variants": analysis.variants,
        "places": selection.contents.places,
        "changed": round(analysis.changed * selected, DIGITS),
        "moved": round(analysis.moved, DIGITS),
        "influences": influences,
    }
    text = message(
        "sensitivity.all",
        selected=selected,
        changed=figures["changed"],
        moved=figures["moved"],
    )
    return {
        **figures,
        "digest": digest(canonical({"format": FORMAT, **figures})),
        "text": text,
        "influences": [{**influence, **_texts(influence)} for influence in influences],
    }


def _figures(influence: Influence) -> dict[str, Any]:
    selected = influence.selected
    return {
        "id": influence.choice,
        "schools": round(influence.alone, DIGITS),
        "is_distinct": selected.total > selected.total_within,
        "selected": _index(selected),
        "ranks": _index(influence.ranks),
    }


def _texts(figures: dict[str, Any]) -> dict[str, Any]:
    choice = figures["id"]
    key = "sensitivity.alone" if figures["is_distinct"] else "sensitivity.alone_within_error"
    return {
        "title": message(f"sensitivity.choice.{choice}"),
        "text": message(
            key, otherwise=message(f"sensitivity.otherwise.{choice}"), schools=figures["schools"]
        ),
    }


def _index(index: Index) -> dict[str, float]:
    return {
        "first": round(index.first, DIGITS),
        "first_within": round(index.first_within, DIGITS),
        "total": round(index.total, DIGITS),
        "total_within": round(index.total_within, DIGITS),
    }
