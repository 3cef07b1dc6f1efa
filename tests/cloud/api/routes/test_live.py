import json

import pytest

from cloud.api.routes import live
from tests._parts.cloud_app import SCHOOL, CloudApp


async def test_events_are_state_then_heartbeat_and_a_listener_that_goes_is_forgotten(
    cloud: CloudApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cloud.write(f"reading,asset=A,school={SCHOOL},profile=eastron-sdm120 active_power=500")
    monkeypatch.setattr(live, "HEARTBEAT_S", 0)
    response = await live.stream_states(SCHOOL, cloud.services)
    events = response.body_iterator
    first = str(await anext(aiter(events)))
    name, data, *_ = first.split("\n")
    assert name == "event: state"
    (asset,) = json.loads(data.removeprefix("data: "))["assets"]
    assert (asset["asset"], asset["asset_id"], asset["state"]) == ("A", None, "active")
    assert await anext(aiter(events)) == ": still here\n\n"
    assert len(cloud.services.live.listeners) == 1
    await events.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert not cloud.services.live.listeners
