from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from cloud.utilization.periods import Period, local_day
from cloud.utilization.reference_rollup import Lesson, LessonRule, Target, roll_up
from device_profiles.usage import UsageSlot

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
CASES = [
    case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text("utf-8"))
]


def moment(text: str, day: date = MONDAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=ZONE).astimezone(UTC)


def slots_of(entries: list[dict[str, Any]]) -> Iterator[UsageSlot]:
    for entry in entries:
        energy = entry.get("energy_wh")
        if "at" in entry:
            seconds = {
                f"{s}_s": float(entry.get(f"{s}_s", 0)) for s in ("active", "standby", "off")
            }
            rest = 300 - sum(seconds.values())
            start = moment(entry["at"], entry.get("day", MONDAY))
            yield UsageSlot("A-1", start, **seconds, unobserved_s=rest, energy_wh=energy)
            continue
        start = moment(entry["from"])
        while start < moment(entry["to"]):
            seconds = {f"{s}_s": 0.0 for s in ("active", "standby", "off", "unobserved")}
            seconds[f"{entry['state']}_s"] = 300.0
            yield UsageSlot("A-1", start, **seconds, energy_wh=energy)
            start += timedelta(minutes=5)


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    periods = tuple(
        Period(number, f"第{number}节", moment(span.split("-")[0]), moment(span.split("-")[1]))
        for number, span in case["periods"].items()
    )
    horizon = moment(case["horizon"]) if "horizon" in case else local_day(MONDAY, ZONE).end
    rule = LessonRule(used_share=case["used_share"]) if "used_share" in case else None
    rows = {
        row.period: row
        for row in roll_up(
            [Target("s", "A-1", MONDAY, 1, "101", "display", owes=case.get("owes", True))],
            list(slots_of(case["slots"])),
            [local_day(MONDAY, ZONE, periods)],
            {Lesson(MONDAY, number, "101") for number in case["lessons"]},
            horizon=horizon,
            rule=rule,
        )
    }
    for number, expected in case["expect"].items():
        actual = {key: getattr(rows[number], key) for key in expected}
        assert actual == pytest.approx(expected), f"period {number}"
    assert not rows.keys() & set(case.get("absent", ()))
    for row in rows.values():
        assert row.active_s + row.standby_s + row.off_s + row.unobserved_s == pytest.approx(
            row.due_s
        )


def test_a_target_on_a_day_without_cuts_has_no_rows() -> None:
    target = Target("s", "A-1", MONDAY, 1, None, None, owes=True)
    assert roll_up([target], [], [], (), horizon=moment("12:00")) == []


def test_a_row_says_whose_and_when_it_is() -> None:
    target = Target("s", "A-1", MONDAY, 7, "101", "display", owes=True)
    rows = roll_up([target], [], [local_day(MONDAY, ZONE)], (), horizon=moment("12:00"))
    assert [
        (r.school, r.asset, r.asset_id, r.room, r.category, r.day, r.week, r.weekday) for r in rows
    ] == [("s", "A-1", 7, "101", "display", MONDAY, "2026-W48", 1)]
