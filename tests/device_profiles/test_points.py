from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.points import (
    Place,
    from_ns,
    line,
    reading_lines,
    rule_of,
    rule_text,
    to_ns,
    usage_line,
)
from device_profiles.reading import Quality, Reading, Value
from device_profiles.schema import UsageRule
from device_profiles.usage import UsageSlot

PLACE = Place("2133100001", "101", "A 1", "display", "campus-interactive-display")
MOMENT = datetime(2026, 9, 1, 2, 15, 30, 250_000, UTC)


def reading(point: str, value: Value, quality: Quality = Quality.GOOD) -> Reading:
    return Reading("d", point, value, MOMENT, quality)


def test_the_readings_of_a_moment_are_one_line() -> None:
    lines = reading_lines(PLACE, [reading("power_on", True), reading("active_power", 142.5)])
    assert lines == [
        (
            "reading,asset=A\\ 1,category=display,profile=campus-interactive-display,room=101,"
            "school=2133100001 power_on=true,active_power=142.5 1788228930250000000"
        )
    ]


def test_a_value_that_is_not_good_is_marked() -> None:
    uncertain = reading("volume", 3.0, Quality.UNCERTAIN)
    bad = reading("brightness", 999.0, Quality.BAD)
    (text,) = reading_lines(PLACE, [uncertain, bad])
    assert (
        ' volume=3.0,volume_quality="uncertain",brightness=999.0,brightness_quality="bad" ' in text
    )


def test_a_slot_says_its_energy_only_where_it_is_known() -> None:
    start = datetime(2026, 9, 1, 2, 15, tzinfo=UTC)
    known = usage_line(PLACE, UsageSlot("A 1", start, 200, 60.5, 39.5, 0, 7.25))
    assert known.split(" ", 2)[2] == (
        "active_s=200.0,standby_s=60.5,off_s=39.5,unobserved_s=0.0,energy_wh=7.25"
        " 1788228900000000000"
    )
    assert "energy_wh" not in usage_line(PLACE, UsageSlot("A 1", start, 0, 0, 0, 300))


def test_what_has_a_meaning_in_line_protocol_is_escaped() -> None:
    lines = line("a b", {"t=1": "x,y", "empty": ""}, {"f": 'a "b" \\'}, 1)
    assert lines == 'a\\ b,t\\=1=x\\,y f="a \\"b\\" \\\\" 1'


def test_line_ends_cannot_break_a_line() -> None:
    assert line("m", {"t": "a\nb\\"}, {"f": 1.0}, 1) == "m,t=a\\ b f=1.0 1"


def test_a_line_without_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="needs at least one field"):
        line("m", {}, {}, 1)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_time_survives_the_wire(moment: datetime) -> None:
    assert from_ns(to_ns(moment)) == moment


def test_a_reading_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone; give aware UTC"):
        Reading("d", "p", 1.0, datetime(2026, 9, 1))  # noqa: DTZ001 - that is the point


RULE = UsageRule(point="power", active_above=60, standby_above=2)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (RULE, ""),
        (RULE.model_copy(update={"active_above": 80.0}), '{"active_above": 80.0}'),
        (RULE.model_copy(update={"standby_above": None}), '{"standby_above": null}'),
        (
            UsageRule(point="state", active_values=("使用", 1.0, True)),
            (
                '{"point": "state", "active_above": null, "standby_above": null, '
                '"active_values": ["使用", 1.0, true]}'
            ),
        ),
    ],
)
def test_a_rule_tells_what_differs_from_its_profiles(rule: UsageRule, text: str) -> None:
    assert rule_text(rule, RULE) == text
    assert rule_of(text, RULE) == rule


def test_a_rule_where_the_profile_has_none_is_given_whole() -> None:
    assert rule_text(None, None) == ""
    assert rule_of("", None) is None
    assert rule_of(rule_text(RULE, None), None) == RULE
