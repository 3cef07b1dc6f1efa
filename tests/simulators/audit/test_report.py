from typing import Any

import pytest

from simulators.audit.report import is_clean, not_owed_lines


def report(**changes: int) -> dict[str, Any]:
    readings = {"lost": 0, "doubled": 0} | {k: v for k, v in changes.items() if k != "over"}
    return {"readings": readings, "usage": {"over": changes.get("over", 0)}}


def test_a_report_without_a_fault_is_clean() -> None:
    assert is_clean(report())


@pytest.mark.parametrize("fault", ["lost", "doubled", "over"])
def test_any_fault_makes_it_unclean(fault: str) -> None:
    assert not is_clean(report(**{fault: 1}))


def test_each_kind_that_occurred_is_a_sentence_with_its_limit() -> None:
    kinds = {
        "before_subscription": {"count": 0, "most": 40, "explanation": "reported too early"},
        "last_answer": {"count": 3, "most": 9, "explanation": "the last answer"},
    }
    assert list(not_owed_lines({"readings": {"not_owed_kinds": kinds}})) == [
        "3 not owed, at most 9 can be: last_answer: the last answer"
    ]
