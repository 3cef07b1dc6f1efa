from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cloud.integrity.checks.unconfirmed_rows import _least
from cloud.integrity.results import findings, run_checks
from cloud.integrity.thresholds import Unconfirmed
from cloud.messages import localized, render
from tests._parts.hand_made import Thing, by_hand, dark, facts, outcome_of, silent


def outcome(check: str, *things: Thing, **given: Any) -> str:
    return outcome_of(check, facts(*things, **given))


def reporting(number: int, category: str = "display") -> list[Thing]:
    return [Thing(by_hand(n), category=category, room=f"A{n}") for n in range(number)]


def never(number: int, **given: Any) -> list[Thing]:
    return [replace(Thing(dark, room="仓库"), **given) for _ in range(number)]


def test_rows_that_no_device_confirms_are_asked_about_one_by_one() -> None:
    (finding,) = findings(run_checks(facts(*reporting(20), *never(5))))
    assert finding.check == "unconfirmed_rows"
    assert render(finding.reason, "en") == (
        "Of 25 assets bound to a device, 5 (20%) have never reported, while other devices of "
        "their kind in the school do."
    )
    assert finding.rows_total == 6
    first = finding.rows[0]
    assert first.ref == "asset:21"
    assert localized(first.text) == {
        "zh": "交互智能平板 A-21（仓库，设备 D-21）：从未上报",
        "en": "交互智能平板 A-21 (仓库, device D-21): never reported",
    }


def test_a_row_without_a_room_says_so() -> None:
    (finding,) = findings(run_checks(facts(*reporting(20), *never(5, room=None))))
    assert "（地点未登记，" in render(finding.rows[0].text, "zh")


def test_one_or_two_silent_devices_are_usual() -> None:
    assert outcome("unconfirmed_rows", *reporting(40), *never(2)) == "clear"


@pytest.mark.parametrize(
    "excused",
    [
        {"is_bound": False},
        {"acquired": date(2026, 10, 20)},
        {"condition": "3"},
        {"condition": "6"},
        {"category": "recorder"},
    ],
)
def test_what_is_not_bound_new_broken_or_of_a_kind_that_never_reports_is_not_counted(
    excused: dict[str, Any],
) -> None:
    assert outcome("unconfirmed_rows", *reporting(20), *never(6, **excused)) == "clear"


def test_a_school_without_devices_is_not_judged() -> None:
    assert outcome("unconfirmed_rows", Thing(is_bound=False)) == "no_data"
    assert outcome("unconfirmed_rows", *never(6)) == "no_data"
    assert outcome("unlisted_devices", Thing(is_bound=False)) == "no_data"


@pytest.mark.parametrize(("bound", "least"), [(1, 2), (5, 2), (12, 3), (30, 4), (60, 5), (300, 13)])
def test_more_silent_rows_than_chance_leaves(bound: int, least: int) -> None:
    assert _least(bound, 0.0, Unconfirmed()) == least


def test_where_devices_fail_more_rows_may_never_have_reported() -> None:
    dying = [
        replace(thing, plan=silent(by_hand(n), range(9, 20)))
        for n, thing in enumerate(reporting(8))
    ]
    assert outcome("unconfirmed_rows", *reporting(20), *never(4)) == "finding"
    assert outcome("unconfirmed_rows", *reporting(12), *dying, *never(4)) == "clear"


def test_devices_that_no_row_knows_are_asked_about() -> None:
    (finding,) = findings(run_checks(facts(*reporting(20), unlisted=4)))
    assert finding.check == "unlisted_devices"
    assert render(finding.reason, "en") == (
        "Of 24 devices that reported, 4 are in no row of the ledger."
    )
    first = finding.rows[0]
    assert first.ref == "device:X-0"
    assert localized(first.text) == {
        "zh": "X-0：台账中没有",
        "en": "X-0: in no row of the ledger",
    }


def test_a_spare_or_two_and_a_few_of_many_are_usual() -> None:
    assert outcome("unlisted_devices", *reporting(20), unlisted=2) == "clear"
    assert outcome("unlisted_devices", *reporting(70), unlisted=3) == "clear"
