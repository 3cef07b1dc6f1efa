"""What counts as the same answer of two clouds; the clouds themselves are in tests/e2e."""

from typing import Any

import pytest

from simulators.city.compare_ingest import Agreement, compare, is_same
from simulators.errors import SimulatorError

USE = {"active_s": 0.1 + 0.2, "lessons": 3, "use_rate": None}


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"active_s": 0.3}, True),
        ({"active_s": 0.3001}, False),
        ({"lessons": 4}, False),
        ({"use_rate": 0.0}, False),
        ({"more": 1}, False),
    ],
    ids=["itself", "other order", "more", "count", "unknown is not 0", "a key"],
)
def test_answers_are_the_same_but_for_a_last_digit(changed: dict[str, Any], *, same: bool) -> None:
    assert is_same(USE, USE | changed) is same
    assert is_same({"use": USE}, {"use": USE | changed}) is same


def test_a_row_that_only_one_knows_is_a_difference() -> None:
    assert not is_same(USE, None)


def test_an_agreement_is_summed_up_in_a_line() -> None:
    figures = "3 schools, 1,200 rows of use by asset and day, 168 findings; left out: when slots"
    assert Agreement(3, 1200, 168, ()).summary().startswith(f"the same evidence: {figures}")
    assert Agreement(3, 1200, 168, ("x",)).summary().startswith(f"NOT the same evidence: {figures}")


def test_a_cloud_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(SimulatorError, match=r"127\.0\.0\.1:1.*: no answer"):
        compare("http://127.0.0.1:1", "http://127.0.0.1:1", ["2133100001"], "2026-11-20", "")
