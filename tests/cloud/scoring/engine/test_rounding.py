"""A score is shown in one way everywhere, by the program and by the web app."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.reports import formatting
from cloud.scoring.engine.rounding import NEAR, cut, published, shortfall
from cloud.selection.ranked_pool import ranked_pool
from cloud.selection.rules import SelectionRules
from tests._parts.small_selections import frame
from tests._parts.tree import ROOT

WEB = ROOT / "cloud" / "web" / "src"
SHOW_SCORES = {
    "CountiesView",
    "DimensionBars",
    "FindingPanel",
    "LeastCard",
    "ProcedureView",
    "RankedSchoolView",
    "RankingView",
    "ScoreView",
    "SpreadChart",
}
SCORES = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 6))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(89.3699, "89.36"), (59.999, "59.99"), (0.7 * 100, "70.00"), (84.2, "84.20"), (0, "0.00")],
)
def test_a_score_is_cut_and_what_computers_lose_is_not(value: float, shown: str) -> None:
    assert published(value) == formatting.score(value) == shown


@pytest.mark.parametrize(("lack", "shown"), [(0.301, "0.31"), (0.3, "0.30"), (2.0001, "2.01")])
def test_what_is_lacking_is_never_shown_as_less(lack: float, shown: str) -> None:
    assert shortfall(lack) == shown


@given(SCORES)
def test_what_is_shown_is_what_a_selection_orders_by(value: float) -> None:
    schools = frame([{"id": "S0", "value": value}])
    field = ranked_pool(schools, SelectionRules())
    assert field.shown(int(field.values[0])) == published(value)
    assert value - 0.01 - NEAR < cut(value) <= value + NEAR


def test_the_web_app_cuts_as_the_program_does() -> None:
    text = (WEB / "format.ts").read_text(encoding="utf-8")
    (near,) = re.findall(r"Math\.floor\(value \* places \+ ([0-9e-]+)\) / places", text)
    assert float(near) == NEAR


def test_no_score_is_rounded_by_hand() -> None:
    """Fail where a value or a score is formatted past `published` and `score`."""
    by_hand = re.compile(r"\{[^{}]*(?:value|value_then|needs|score)[^{}]*:\.\d+f\}")
    formulas = [
        f"{path.relative_to(ROOT)}: {hit}"
        for folder in ("scoring", "reports", "assessments")
        for path in Path(ROOT / "cloud" / folder).glob("*.py")
        for hit in by_hand.findall(path.read_text(encoding="utf-8"))
        if path.name not in {"cut.py", "field.py"}
    ]
    shown = re.compile(r"number\([^()]*(?<!_yuan)\b(?:value|needs|points|mean|raw)\b[^()]*, *\d")
    formulas += [
        f"{path.relative_to(ROOT)}: {hit}"
        for path in WEB.rglob("*.vue")
        if path.stem in SHOW_SCORES
        for hit in shown.findall(path.read_text(encoding="utf-8"))
    ]
    assert formulas == []
