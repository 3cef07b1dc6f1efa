"""A finding quotes only figures that are in its rows: every indicator, in every scoring case."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cloud.messages import Message, catalogue, placeholders, render
from cloud.registry.codes.own import DECLARED_ITEMS
from cloud.scoring.engine.result import Finding, evidence_rows
from cloud.scoring.indicators.base import Indicator, Sums, all_indicators
from device_profiles import yaml_tree
from tests._parts.scoring import evidence_of, result_of, standard_of

CASES = Path(__file__).parents[1] / "cases"
ALL = [
    case
    for path in sorted(CASES.glob("*.yaml"))
    for case in yaml_tree.parse(path.read_text(encoding="utf-8")).value
    if "clause" in case and case["clause"].get("indicator") != "column"
]
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")


def opened(case: Mapping[str, Any]) -> tuple[Indicator, Finding, Sequence[Mapping[str, Any]]]:
    """Return the finding of a case with its rows."""
    facts = evidence_of(case)
    finding = result_of(standard_of([case["clause"]]), facts, ("PRI",)).findings[0]
    rows = evidence_rows(finding.clause, facts).to_dicts()
    return all_indicators()[finding.clause.indicator], finding, rows


def shown_numbers(text: str) -> set[float]:
    """Return the numbers in a text."""
    return {float(number.replace(",", "").rstrip(".")) for number in NUMBER.findall(text)}


def quoted(text: Message) -> list[float]:
    """Return the figures that a sentence shows, of any language."""
    names = set().union(*(placeholders(catalogue(name)[text.key]) for name in ("zh", "en")))
    return [text.values[name] for name in names if isinstance(text.values[name], float | int)]


def derived(rows: Sequence[Mapping[str, Any]]) -> set[float]:
    """Return what anyone can compute from rows: their sums, quotients, and what is missing."""
    part, whole, unknown = (sum(row[name] for row in rows) for name in Sums._fields)
    figures = {part, whole, unknown, whole - part, 100 * whole}
    if whole:
        figures |= {part / whole, (part + unknown) / whole, 100 * (whole - part) / whole}
    return figures


@pytest.mark.parametrize("case", ALL, ids=[case["case"] for case in ALL])
def test_the_rows_add_up_to_the_figure_and_the_reason_quotes_nothing_else(
    case: Mapping[str, Any],
) -> None:
    indicator, finding, rows = opened(case)
    if finding.sums is None:
        return
    sums = Sums(*(sum(row[name] for row in rows) for name in Sums._fields))
    assert sums == pytest.approx(finding.sums)
    figures = derived(rows)
    for figure in quoted(indicator.reason(finding.sums)):
        assert any(figure == pytest.approx(known, abs=1e-9) for known in figures), figure


@pytest.mark.parametrize("case", ALL, ids=[case["case"] for case in ALL])
def test_a_row_quotes_the_figure_that_its_record_declares(case: Mapping[str, Any]) -> None:
    """H01 named 155 as declared by a school that had declared 96 and 59."""
    indicator, _, rows = opened(case)
    for row in rows:
        kind, _, rest = row["ref"].partition(":")
        if kind != "declaration":
            continue
        item = rest.partition("/day:")[0]
        declared = case["declarations"][item]
        declared = declared["value"] if isinstance(declared, Mapping) else declared
        text = render(indicator.row_message(row), "zh")
        title = DECLARED_ITEMS.find(item)
        assert title is not None
        after = text.partition(f"{title.zh}：")[2] or text
        first = re.search(r"申报(?:（[^）]*）：\D*)? ?(-?[\d,.]+)", after)
        assert declared in shown_numbers(text), text
        if text.startswith(title.zh):
            assert first is not None
            assert float(first.group(1).replace(",", "")) == pytest.approx(declared, abs=0.005)


def test_every_indicator_has_a_case() -> None:
    covered = {case["clause"]["indicator"] for case in ALL}
    assert covered >= all_indicators().keys() - {"column"}


def test_every_fault_of_a_device_opens_its_ticket() -> None:
    """C03 opened the asset, where the fault is in the ticket."""
    (case,) = (case for case in ALL if case["case"] == "more faults than months")
    _, finding, rows = opened(case)
    assert [row["ref"] for row in rows if row["part"] < 0] == [
        "ticket:T-1",
        "ticket:T-2",
        "ticket:T-3",
    ]
    assert finding.measured == 0
