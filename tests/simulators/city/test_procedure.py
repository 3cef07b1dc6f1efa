"""Who objects so that the quotas allow it; the procedure itself is taken in tests/e2e."""

from datetime import date
from typing import Any

from simulators.city.procedure import Outcome, pair


def row(school: str, **changed: Any) -> dict[str, Any]:
    fields = {"school": school, "division": "331002", "stages": ["PRI"], "urban_rural": "121"}
    return fields | changed


def quota(code: str, selected: int, *, least: int = 0, most: int = 9) -> dict[str, Any]:
    fields = {"group": "division", "code": code, "least": least, "most": most}
    return fields | {"selected": selected}


def test_the_last_one_of_its_kind_gives_way() -> None:
    inside = [row("a"), row("b"), row("c", stages=["JUN"]), row("d", urban_rural="210")]
    outside = [row("e", stages=["SEN"]), row("f", urban_rural="111"), row("g")]
    assert pair(inside, outside, []) == (outside[1], inside[1])


def test_a_county_that_is_full_or_at_its_least_takes_no_part() -> None:
    inside, outside = [row("a")], [row("b", division="331003")]
    met = (outside[0], inside[0])
    assert pair(inside, outside, [quota("331003", 1), quota("331002", 1)]) == met
    full = [quota("331003", 2, most=2)]
    assert pair(inside, outside, full) == (outside[0], None)
    scarce = [quota("331002", 1, least=1)]
    assert pair(inside, outside, scarce) == (outside[0], None)
    assert pair(inside, [row("c")], [*full, *scarce])[1] == inside[0], "within a county"


def test_without_a_school_left_out_there_is_no_objection() -> None:
    assert pair([row("a")], [], []) == (None, None)


def test_the_outcome_is_summed_up_in_a_line() -> None:
    outcome = Outcome(47, "abc", "2133100001", None, date(2026, 12, 1))
    assert outcome.summary() == (
        "47 steps, two objections, one upheld and the list changed; open for objections until "
        "2026-12-01, so not final"
    )
