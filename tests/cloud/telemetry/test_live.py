from tests._parts.cloud_app import SCHOOL, CloudApp

METER = f"reading,school={SCHOOL},profile=eastron-sdm120"


async def test_a_listener_gets_everything_first_and_then_what_changed(cloud: CloudApp) -> None:
    feed = cloud.services.live
    await cloud.write(f"{METER},asset=A active_power=500", f"{METER},asset=B active_power=0")
    listener = feed.listen(SCHOOL)
    everything = await listener.take(10)
    assert everything is not None
    assert [state.asset for state in everything] == ["A", "B"]
    await cloud.write(f"{METER},asset=B active_power=500")
    feed.tick()
    changed = await listener.take(10)
    assert changed is not None
    assert [(state.asset, state.state) for state in changed] == [("B", "active")]
    feed.leave(listener)


async def test_a_slow_listener_finds_the_newest_and_no_more_than_one_state_an_asset(
    cloud: CloudApp,
) -> None:
    feed = cloud.services.live
    listener = feed.listen(SCHOOL)
    for power in range(100):
        await cloud.write(f"{METER},asset=A active_power={power}")
        feed.tick()
    states = await listener.take(10)
    assert states is not None
    assert [state.values for state in states] == [{"active_power": 99.0}]
    feed.leave(listener)


async def test_without_news_a_listener_is_kept_alive_and_informed_of_the_end(
    cloud: CloudApp,
) -> None:
    feed = cloud.services.live
    listener = feed.listen(SCHOOL)
    assert await listener.take(10) == []
    assert await listener.take(0) == []
    feed.close()
    assert await listener.take(10) is None
    assert await feed.listen(SCHOOL).take(10) is None
