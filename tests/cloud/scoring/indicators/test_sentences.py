"""Every sentence of every indicator renders with the values that the indicator gives."""

from collections.abc import Iterator, Sequence
from itertools import chain, product
from typing import Any

import pytest

from cloud.messages import catalogue, languages, placeholders, render
from cloud.scoring.indicators.base import NOTHING, SCHOOL, Indicator, Sums, all_indicators

REFS = (
    SCHOOL,
    NOTHING,
    "asset:1",
    "ticket:T-1",
    "calendar:2026-W47",
    "surplus:X-1/day:2026-10-09",
)
BOUNDS = ((None, None), (1.0, 1.0), (1.0, 2.0))


def rows(label: str) -> Iterator[dict[str, Any]]:
    """Yield evidence rows of every kind."""
    for ref, part, whole, unknown, confirmed, (least, most), other in product(
        REFS, (0.0, 1.0, 2.0), (0.0, 1.0), (0.0, 1.0), (True, False), BOUNDS, (None, 3.0)
    ):
        yield {
            "school": "s",
            "ref": ref,
            "label": label,
            "part": part,
            "whole": whole,
            "unknown": unknown,
            "confirmed": confirmed,
            "claimed": 1.5,
            "least": least,
            "most": most,
            "own": 1.5,
            "other": other,
            "declared": 1.5,
            "size": 3.0,
            "each": 2.0,
        }


def labels_of(indicator: Indicator) -> Sequence[str]:
    """Return labels of an indicator's rows; where they are codes, some that exist."""
    kinds = [name for name in indicator.parameters if f"indicator.room_kind.{name}" in KEYS]
    if indicator.id == "declarations_agree":
        return "display_hours_week", "pupil_terminals", "teacher_terminals"
    return kinds or ["A-1"]


KEYS = catalogue("zh").keys()


def is_claim(indicator: Indicator) -> bool:
    """Whether the rows of an indicator compare a declared figure with what is possible."""
    return indicator.id == "declarations_agree"


@pytest.mark.parametrize("name", sorted(all_indicators()))
def test_a_reason_renders_in_every_language(name: str) -> None:
    indicator = all_indicators()[name]
    for sums in (Sums(1.0, 2.0, 1.0), Sums(0.0, 0.0, 0.0)):
        reason = indicator.reason(sums)
        for language in languages():
            assert render(reason, language)
            assert placeholders(catalogue(language)[reason.key]) <= reason.values.keys()


@pytest.mark.parametrize("name", sorted(all_indicators()))
def test_every_case_of_a_row_is_reached_and_renders_in_every_language(name: str) -> None:
    indicator = all_indicators()[name]
    reached = set()
    for row in chain.from_iterable(map(rows, labels_of(indicator))):
        case = indicator.row_text.case(row)
        if (
            case not in {"too_little_data", "added"}
            and row["least"] is None
            and is_claim(indicator)
        ):
            continue  # a figure without bounds is unknown
        text = indicator.row_message(row)
        reached.add(case)
        for language in languages():
            assert render(text, language)
    assert reached == set(indicator.row_text.cases)


def test_a_whole_of_nothing_is_shown_as_no_value() -> None:
    reason = all_indicators()["intact_rate"].reason(Sums(0.0, 0.0, 0.0))
    assert render(reason, "en") == "0 of 0 assets are intact by the ledger (—)."
