from datetime import timedelta

import pytest

from cloud.telemetry.current_state import AssetNow
from device_profiles.points import to_ns
from tests._parts.cloud_app import SCHOOL, CloudApp

METER = f"reading,asset=A,school={SCHOOL},profile=eastron-sdm120"


def only(cloud: CloudApp) -> AssetNow:
    (now,) = cloud.services.now.of(SCHOOL)
    return now


async def test_the_state_follows_the_profiles_rule(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=500,voltage=230")
    now = only(cloud)
    assert (now.state, now.presence) == ("active", "online")
    assert now.values == {"active_power": 500.0, "voltage": 230.0}
    cloud.clock.moment += timedelta(seconds=1)
    await cloud.write(f"{METER} active_power=0")
    assert only(cloud).state == "off"


async def test_an_asset_that_sends_nothing_for_too_long_is_lost_and_unobserved(
    cloud: CloudApp,
) -> None:
    await cloud.write(f"{METER} active_power=500")
    lost_at = only(cloud).lost_at
    assert lost_at is not None
    cloud.clock.moment = lost_at
    assert only(cloud).presence == "online"
    cloud.clock.moment += timedelta(seconds=1)
    assert (only(cloud).presence, only(cloud).state) == ("lost", "unobserved")


@pytest.mark.parametrize("profile", ["not-in-the-catalogue", "senseair-s8"])
async def test_what_has_no_rule_is_online_and_not_unobserved(cloud: CloudApp, profile: str) -> None:
    await cloud.write(f"reading,asset=A,school={SCHOOL},profile={profile} co2=600")
    assert (only(cloud).presence, only(cloud).state) == ("online", "no_rule")
    cloud.clock.moment += timedelta(days=1)
    assert (only(cloud).presence, only(cloud).state) == ("lost", "unobserved")


LEVELS = (
    '{"hours": 24.0, "levels": [["off", 0, 0, 2, 0.66], ["active", 38, 41, 43, 0.34]], '
    '"active_above": 11, "standby_above": 4}'
)


def health(fit: str, levels: str = LEVELS) -> str:
    tags = f"asset=A,device=d,gateway=g,profile=eastron-sdm120,protocol=modbus,school={SCHOOL}"
    field = levels.replace('"', '\\"')
    return f'gateway,{tags} rule_fit="{fit}",levels="{field}"'


@pytest.mark.parametrize(
    ("fit", "state"),
    [
        ("does_not_fit", "rule_unfit"),
        ("indistinct", "use_indistinct"),
        ("fits", "off"),
        ("agreed", "off"),
        ("learning", "off"),
    ],
)
async def test_u2a_a_rule_that_does_not_fit_is_named_as_that(
    cloud: CloudApp, fit: str, state: str
) -> None:
    await cloud.write(f"{METER} active_power=0", health(fit))
    assert (only(cloud).state, only(cloud).presence) == (state, "online")
    levels = only(cloud).levels
    assert (levels is not None) is (state != "off")
    if levels is not None:
        assert (levels.active_above, levels.levels[1][2]) == (11, 41)
    cloud.clock.moment += timedelta(seconds=1)
    tags = f"asset=A,device=d,gateway=g,profile=eastron-sdm120,protocol=modbus,school={SCHOOL}"
    await cloud.write(f"gateway,{tags} readings=1")
    assert only(cloud).state == "off"


async def test_levels_that_cannot_be_read_are_left_out(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=0", health("does_not_fit", "rubbish"))
    assert (only(cloud).state, only(cloud).levels) == ("rule_unfit", None)


def slot(cloud: CloudApp, minutes_ago: float, seconds: str = "active_s=200,off_s=100") -> str:
    start = to_ns(cloud.clock.moment - timedelta(minutes=minutes_ago))
    return f"usage,school={SCHOOL},asset=A,room=101,category=display {seconds} {start}"


async def test_what_sends_slots_alone_is_online_until_its_next_slot_is_overdue(
    cloud: CloudApp,
) -> None:
    await cloud.write(slot(cloud, 5), slot(cloud, 10, "off_s=300"))
    now = only(cloud)
    assert (now.presence, now.state, now.last_seen) == ("online", "active", cloud.clock.moment)
    assert (now.room, now.category) == ("101", "display")
    cloud.clock.moment += timedelta(minutes=15)
    assert only(cloud).presence == "online"
    cloud.clock.moment += timedelta(seconds=1)
    assert (only(cloud).presence, only(cloud).state) == ("lost", "unobserved")
    assert only(cloud).last_seen == now.last_seen


async def test_slots_without_a_second_observed_are_no_sign_of_a_device(cloud: CloudApp) -> None:
    await cloud.write(slot(cloud, 5, "unobserved_s=300"))
    assert cloud.services.now.of(SCHOOL) == []


async def test_slots_that_go_on_after_the_last_reading_keep_a_device_online(
    cloud: CloudApp,
) -> None:
    await cloud.write(f"{METER} active_power=500")
    cloud.clock.moment += timedelta(hours=2)
    assert only(cloud).presence == "lost"
    await cloud.write(slot(cloud, 5, "standby_s=300"))
    assert (only(cloud).presence, only(cloud).state) == ("online", "standby")


async def test_a_slot_that_only_holds_the_last_reading_does_not(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=500")
    read_at = cloud.clock.moment
    cloud.clock.moment += timedelta(minutes=11)
    await cloud.write(slot(cloud, 10))
    assert (only(cloud).presence, only(cloud).last_seen) == ("lost", read_at)


async def test_a_meter_that_lost_its_deciding_point_is_unobserved(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=500")
    cloud.clock.moment += timedelta(hours=1)
    await cloud.write(f"{METER} voltage=230")
    assert (only(cloud).presence, only(cloud).state) == ("online", "unobserved")


async def test_nothing_is_lost_before_it_could_be_received_since_the_start(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=500")
    would_be_lost_at = only(cloud).lost_at
    assert would_be_lost_at is not None
    gap = would_be_lost_at - cloud.clock.moment
    # The cloud is stopped for a night.
    cloud.services.now.started_at = cloud.clock.moment = cloud.clock.moment + timedelta(hours=14)
    assert (only(cloud).presence, only(cloud).state) == ("awaited", "unobserved")
    assert only(cloud).lost_at == cloud.clock.moment + gap
    cloud.clock.moment += gap
    assert only(cloud).presence == "awaited"
    cloud.clock.moment += timedelta(seconds=1)
    assert only(cloud).presence == "lost"
    await cloud.write(f"{METER} active_power=500")
    assert only(cloud).presence == "online"


async def test_what_comes_in_slots_is_awaited_until_its_next_slot_is_overdue(
    cloud: CloudApp,
) -> None:
    await cloud.write(slot(cloud, 5, "standby_s=300"))
    cloud.services.now.started_at = cloud.clock.moment = cloud.clock.moment + timedelta(hours=14)
    for minutes, presence in ((0, "awaited"), (15, "awaited"), (1, "lost")):
        cloud.clock.moment += timedelta(minutes=minutes)
        assert only(cloud).presence == presence


def report(rule: str = "", *, gateway: str = "gw", profile: str = "eastron-sdm120") -> str:
    escaped = rule.replace('"', '\\"')
    rule_field = f',usage_rule="{escaped}"' if rule else ""
    return (
        f"gateway,school={SCHOOL},gateway={gateway},device=d,asset=A,profile={profile},"
        f"protocol=modbus readings=1{rule_field}"
    )


async def test_a_rule_that_the_gateway_tells_is_in_force(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=70", report('{"active_above": 80.0}'))
    assert only(cloud).state == "standby"
    cloud.clock.moment += timedelta(seconds=1)
    await cloud.write(f"{METER} active_power=90", report('{"active_above": 80.0}'))
    assert only(cloud).state == "active"
    cloud.clock.moment += timedelta(seconds=100)
    await cloud.write(report('{"max_gap_s": 60.0}'))
    assert only(cloud).presence == "lost"


async def test_a_report_without_a_rule_takes_it_back(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=70", report('{"active_above": 80.0}'))
    cloud.clock.moment += timedelta(seconds=1)
    await cloud.write(report())
    assert only(cloud).state == "active"


async def test_the_rule_of_the_gateway_that_spoke_last_counts(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=70", report('{"active_above": 90.0}', gateway="z"))
    cloud.clock.moment += timedelta(seconds=1)
    await cloud.write(report('{"active_above": 60.0}', gateway="a"))
    assert only(cloud).state == "active"


async def test_a_profile_that_the_cloud_does_not_know_is_judged_by_the_reported_rule(
    cloud: CloudApp,
) -> None:
    await cloud.write(
        f"reading,asset=A,school={SCHOOL},profile=of-the-school v=3",
        report('{"point": "v", "active_above": 2.0}', profile="of-the-school"),
    )
    assert only(cloud).state == "active"


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"active_above": "much"}', '{"who": 1}'])
async def test_a_rule_that_cannot_be_read_leaves_the_profiles_in_force(
    cloud: CloudApp, text: str
) -> None:
    await cloud.write(f"{METER} active_power=70", report(text))
    assert only(cloud).state == "active"
