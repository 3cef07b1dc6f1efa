"""A finding quotes only figures that are in its rows, so that anyone can check them: all checks."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from cloud.integrity.check import all_checks
from cloud.integrity.results import Finding, findings, run_checks
from cloud.messages import Message, catalogue, placeholders
from tests.cloud.integrity.test_results import bad_school, one_slip, scripted_school

SUMS = re.compile(r"integrity\.\w+\.sums")


def all_findings() -> Iterator[Finding]:
    for made in (bad_school(), scripted_school(), one_slip()):
        yield from findings(run_checks(made))


def numbers(text: Any, *, shown: bool) -> Iterator[float]:
    """Yield the figures of a message; only those that its sentence shows, or all."""
    assert isinstance(text, Message)
    names = placeholders(catalogue("zh")[text.key]) if shown else text.values.keys()
    for name in names:
        value = text.values[name]
        if isinstance(value, Message):
            yield from numbers(value, shown=shown)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield float(value)


def derived(finding: Finding) -> list[float]:
    """Return what the rows hold, and the quotients and differences of what they hold."""
    held = [figure for row in finding.rows for figure in numbers(row.text, shown=True)]
    items = [row for row in finding.rows if not SUMS.fullmatch(row.text.key)]  # type: ignore[union-attr]
    held += [float(len(items)), float(sum("declared" in row.ref for row in items))]
    held.append(float(sum(row.ref.startswith("declaration:") for row in items)))
    quotients = [a / b for a in held for b in held if b]
    return [*held, *quotients, *(quotient - 1 for quotient in quotients)]


@pytest.mark.parametrize("check", sorted(all_checks()))
def test_a_reason_quotes_only_what_its_rows_hold(check: str) -> None:
    checked = [finding for finding in all_findings() if finding.check == check]
    assert checked
    constants = {30.0} if check == "machine_like" else set()
    for finding in checked:
        known = derived(finding)
        for figure in numbers(finding.reason, shown=True):
            assert figure in constants or any(
                figure == pytest.approx(other, abs=1e-6) for other in known
            ), (check, figure)


def test_the_rows_of_a_machine_add_up_to_the_uses_of_the_reason() -> None:
    """The reason counted uses after the first of each period, where the rows counted all."""
    (finding,) = (finding for finding in all_findings() if finding.check == "machine_like")
    rows = [row.text for row in finding.rows if row.ref.startswith("asset:")]
    assert isinstance(finding.reason, Message)
    assert sum(row.values["uses"] for row in rows) == finding.reason.values["others"]  # type: ignore[union-attr]
    assert sum(row.values["same"] for row in rows) == finding.reason.values["same"]  # type: ignore[union-attr]


def test_the_row_of_the_sums_is_filed_whatever_the_number_of_rows() -> None:
    for finding in all_findings():
        if all_checks()[finding.check].sum_row is not None:
            last = finding.rows[-1]
            assert isinstance(last.text, Message)
            assert SUMS.fullmatch(last.text.key)
            assert last.ref in {"records:assets", "records:devices"}
