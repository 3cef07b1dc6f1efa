from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from device_profiles.loader import load_catalogue
from simulators.audit.truth_lines import TruthLines
from simulators.audit.usage import UsageAudit, audit_usage

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DISPLAY = load_catalogue()["campus-interactive-display"]


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def report(seconds: float, state: str) -> dict[str, Any]:
    return {
        "asset": "D",
        "protocol": "mqtt",
        "at": at(seconds),
        "observed_at": at(seconds),
        "values": {"display_state": state},
    }


def slot(*, active: float, off: float, start: float = 0) -> dict[str, Any]:
    return {
        "asset": "D",
        "start": at(start),
        "active_s": active,
        "standby_s": 0.0,
        "off_s": off,
        "unobserved_s": 300 - active - off,
    }


def audited(
    reports: Sequence[Mapping[str, Any]],
    row: Mapping[str, Any],
    *,
    off_at: float = 60,
    states: Sequence[tuple[float, str]] | None = None,
    **more: Any,
) -> UsageAudit:
    """Audit a slot of a display that was active, then off, or in other states."""
    rule = DISPLAY.usage
    assert rule is not None
    changes = tuple(
        {"asset": "D", "at": at(seconds), "state": state}
        for seconds, state in states or ((-20, "active"), (off_at, "off"))
    )
    truth = TruthLines(tuple(reports), changes, {})
    until = START + timedelta(seconds=301)
    return audit_usage(truth, [row], {"D": (DISPLAY, rule)}, until=until, **more)


PROMPT = [report(s, "in_use" if s < 60 else "off") for s in range(0, 301, 10)]


def test_usage_as_it_was_is_clean() -> None:
    audit = audited(PROMPT, slot(active=60.0, off=240.0))
    assert (audit.slots, audit.over, audit.max_difference_s) == (1, 0, 0.0)


def test_a_usage_error_is_found() -> None:
    audit = audited(PROMPT, slot(active=90.0, off=210.0))
    assert audit.over == 1
    assert audit.max_difference_s == 30.0
    assert audit.examples[0].startswith("usage: D 2026-11-24T02:00:00+00:00: stored")


def test_silence_taken_for_off_is_found() -> None:
    assert audited(PROMPT, slot(active=60.0, off=200.0)).over == 1


def test_a_change_may_move_what_the_device_needed_to_report_it_and_no_more() -> None:
    seconds = (*range(0, 60, 10), *range(68, 300, 10), 300)
    late = [report(s, "in_use" if s < 68 else "off") for s in seconds]
    audit = audited(late, slot(active=68.0, off=232.0))
    assert (audit.over, audit.max_difference_s, audit.max_report_delay_s) == (0, 8.0, 8.0)
    assert audited(late, slot(active=69.0, off=231.0)).over == 1


def test_a_report_that_still_shows_the_old_state_does_not_end_the_delay() -> None:
    """An advertisement made before the change is received after it; the next one shows it."""
    stale = [*PROMPT[:6], report(60.01, "in_use"), report(60.3, "off"), *PROMPT[7:]]
    assert audited(stale, slot(active=60.3, off=239.7)).over == 0
    assert audited(stale, slot(active=60.5, off=239.5)).over == 1


def test_a_state_that_no_report_shows_may_be_missing_and_no_more() -> None:
    """Off from 60 s to 64 s, between two reports that both show "in use"."""
    rule = DISPLAY.usage
    assert rule is not None
    changes = ((-20, "active"), (60, "off"), (64, "active"), (120, "off"))
    states = tuple({"asset": "D", "at": at(s), "state": state} for s, state in changes)
    reports = tuple(report(s, "in_use" if s < 120 else "off") for s in range(0, 301, 10))
    reports = tuple(line for line in reports if line["at"] != at(60))
    truth = TruthLines(reports, states, {})
    until = START + timedelta(seconds=301)

    def over(row: dict[str, Any]) -> int:
        return audit_usage(truth, [row], {"D": (DISPLAY, rule)}, until=until).over

    assert over(slot(active=120.0, off=180.0)) == 0
    assert over(slot(active=140.0, off=160.0)) == 1


def test_a_fall_whose_end_no_report_showed_before_the_devices_stopped_may_count() -> None:
    falls = [report(s, "in_use" if s < 282 else "off") for s in (*range(0, 282, 10), 282, 294)]
    states = [(-20, "active"), (282, "off"), (295, "active")]
    assert audited(falls, slot(active=282, off=12), states=states).over == 0
    assert audited(falls, slot(active=270, off=24), states=states).over == 1
    # Once a report has shown the end, the fall is shorter than `hold_s` and is none.
    shown = [*falls, report(295, "in_use")]
    assert audited(shown, slot(active=282, off=13), states=states).over == 1
    assert audited(shown, slot(active=300, off=0), states=states).over == 0


def test_a_change_that_was_reported_at_once_moves_nothing() -> None:
    assert audited(PROMPT, slot(active=61.0, off=239.0)).over == 1


def test_a_slot_begins_with_the_first_report_that_was_received() -> None:
    """The report before the subscription was stored after all: it was received."""
    row = slot(active=55.0, off=240.0)  # observed from 5 s on
    early = [report(5, "in_use"), *PROMPT[2:]]
    assert audited(early, row).over == 0
    assert audited(early, row, not_received={(0, "display_state")}).over == 1


def test_a_slot_that_begins_before_any_report_is_found() -> None:
    assert audited(PROMPT[1:], slot(active=60.0, off=240.0)).over == 1


def test_a_slot_shifted_by_one_is_found() -> None:
    shifted = slot(active=60.0, off=240.0, start=300)
    assert audited(PROMPT, shifted).over == 1


def test_a_gateway_may_date_a_report_as_late_as_its_readings_are_dated() -> None:
    row = slot(active=61.5, off=238.5)
    assert audited(PROMPT, row).over == 1
    assert audited(PROMPT, row, delay_s={"D": 1.0}).over == 0
    assert audited(PROMPT, slot(active=63.0, off=237.0), delay_s={"D": 1.0}).over == 1
