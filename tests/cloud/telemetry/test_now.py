from datetime import timedelta

from cloud.telemetry.now import AssetNow
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


async def test_an_asset_that_says_nothing_for_too_long_is_silent_and_unobserved(
    cloud: CloudApp,
) -> None:
    await cloud.write(f"{METER} active_power=500")
    silent_at = only(cloud).silent_at
    assert silent_at is not None
    cloud.clock.moment = silent_at
    assert only(cloud).presence == "online"
    cloud.clock.moment += timedelta(seconds=1)
    assert (only(cloud).presence, only(cloud).state) == ("silent", "unobserved")


async def test_what_has_no_rule_is_present_but_unobserved(cloud: CloudApp) -> None:
    await cloud.write(f"reading,asset=A,school={SCHOOL},profile=never-heard-of v=1")
    assert (only(cloud).presence, only(cloud).state) == ("online", "unobserved")


async def test_a_meter_that_lost_its_deciding_point_is_unobserved(cloud: CloudApp) -> None:
    await cloud.write(f"{METER} active_power=500")
    cloud.clock.moment += timedelta(hours=1)
    await cloud.write(f"{METER} voltage=230")
    assert (only(cloud).presence, only(cloud).state) == ("online", "unobserved")
