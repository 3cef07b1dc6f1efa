import csv
import io
from datetime import timedelta

from openpyxl import load_workbook

from cloud.messages import catalogue
from edge import errors as edge_errors
from tests._parts.cloud_app import SCHOOL, CloudApp

OWN = f"gateway,gateway=gw-1,school={SCHOOL}"
DEVICE = f"{OWN},asset=A,device=d1,profile=eastron-sdm120,protocol=modbus"


async def test_a_gateway_is_shown_as_it_last_reported_itself(cloud: CloudApp) -> None:
    await cloud.write(
        f'{OWN} backlog=7,oldest_unsent_s=3.5,readings_per_s=2,memory_mb=61,version="1"',
        f'{DEVICE} readings=12,errors=1,last_reading="2026-11-24T01:59:00Z",last_error=""',
        f"reading,asset=A,school={SCHOOL},profile=eastron-sdm120 active_power=1",
    )
    (gateway,) = (await cloud.stranger.get(f"/api/v1/schools/{SCHOOL}/gateways")).json()
    assert gateway["presence"] == "online"
    assert (gateway["backlog"], gateway["oldest_unsent_s"], gateway["version"]) == (7, 3.5, "1")
    assert gateway["uptime_s"] is None
    assert (gateway["devices"], gateway["devices_lost"]) == (1, 0)

    detail = (await cloud.stranger.get("/api/v1/gateways/gw-1")).json()
    (device,) = detail["devices"]
    assert device["readings"] == 12
    assert device["last_reading"] == "2026-11-24T01:59:00Z"
    assert device["last_error"] is None
    assert device["asset_id"] is None
    assert device["presence"] == "online"
    assert [point["backlog"] for point in detail["history"]] == [7]


async def test_a_gateway_that_sends_nothing_for_a_minute_is_lost(cloud: CloudApp) -> None:
    await cloud.write(f"{OWN} backlog=0", f"{DEVICE} readings=1")
    cloud.services.now.started_at -= timedelta(hours=1)
    cloud.clock.moment += timedelta(seconds=61)
    (gateway,) = (await cloud.stranger.get(f"/api/v1/schools/{SCHOOL}/gateways")).json()
    assert gateway["presence"] == "lost"
    assert (gateway["devices_online"], gateway["devices_lost"]) == (0, 0)  # it was never seen


async def test_an_error_has_a_sentence_for_managers_next_to_the_gateways_own_words(
    cloud: CloudApp,
) -> None:
    await cloud.write(
        f'{OWN} backlog=0,last_error="[Errno 111] refused",last_error_kind="uplink_unavailable"',
        f'{DEVICE} readings=1,errors=1,last_error="no answer",last_error_kind="device_unreachable"',
    )
    detail = (await cloud.stranger.get("/api/v1/gateways/gw-1")).json()
    assert detail["gateway"]["last_error"] == "[Errno 111] refused"
    assert detail["gateway"]["last_error_text"]["zh"].startswith("网关连不上云端")
    (device,) = detail["devices"]
    assert device["last_error_text"]["zh"].startswith("设备没有应答")
    await cloud.write(f'{OWN} backlog=0,last_error="?",last_error_kind="of a later version"')
    detail = (await cloud.stranger.get("/api/v1/gateways/gw-1")).json()
    assert detail["gateway"]["last_error_text"] is None


async def test_the_devices_are_a_file_as_the_page_shows_them(cloud: CloudApp) -> None:
    await cloud.write(
        f"{OWN} backlog=0",
        f'{DEVICE} readings=12,errors=1,last_reading="2026-11-24T01:59:00Z",last_error="=1+1",'
        'last_error_kind="of a later version"',
        f"{OWN},asset=B,device=d2,profile=p,protocol=mqtt readings=3",
    )
    url = "/api/v1/gateways/gw-1/devices"
    answer = await cloud.client.get(f"{url}.csv")
    titles, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    shown = [dict(zip(titles, row, strict=True)) for row in rows]
    assert [row["设备"] for row in shown] == ["d1", "d2"]
    assert (shown[0]["资产"], shown[0]["当前状态"]) == ("台账中没有", "从未上报")
    assert (shown[0]["最近读数"], shown[0]["最近一次错误"]) == ("2026-11-24 09:59", "'=1+1")
    answer = await cloud.client.get(f"{url}.xlsx", params={"language": "en"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet["A"]] == ["Device", "d1", "d2"]
    assert sheet["J2"].value == "=1+1"
    assert sheet["J2"].data_type == "s"
    assert (await cloud.client.get(f"{url}.csv", params={"language": "xx"})).status_code == 422
    assert (await cloud.client.get("/api/v1/gateways/gw-9/devices.csv")).status_code == 404


async def test_a_file_of_the_devices_with_trouble_holds_only_those(cloud: CloudApp) -> None:
    await cloud.write(
        f"{OWN} backlog=0",
        f"{DEVICE.replace('asset=A', 'asset=A-1')} readings=12",
        f"{OWN},asset=B,device=d2,profile=p,protocol=mqtt errors=1",
        f"reading,asset=A-1,school={SCHOOL},profile=eastron-sdm120 active_power=1",
    )
    url = "/api/v1/gateways/gw-1/devices.csv"
    everything = (await cloud.client.get(url)).text.splitlines()
    troubled = (await cloud.client.get(url, params={"troubled": "true"})).text.splitlines()
    assert len(everything) == 3
    in_trouble = [
        device
        for device in (await cloud.client.get("/api/v1/gateways/gw-1")).json()["devices"]
        if device["presence"] != "online" or device["errors"] or device["asset_id"] is None
    ]
    assert len(troubled) == 1 + len(in_trouble)
    assert troubled[-1].startswith("d2,")


def test_every_kind_of_error_of_a_gateway_has_its_sentence() -> None:
    kinds = {
        error.kind
        for error in vars(edge_errors).values()
        if isinstance(error, type) and issubclass(error, edge_errors.EdgeError)
    }
    of_catalogue = {key for key in catalogue("zh") if key.startswith("gateway.error.")}
    assert {f"gateway.error.{kind}" for kind in kinds} == of_catalogue
    reported = {"DeviceUnreachable", "DeviceRefused", "DecodeError", "DriverUnavailable"}
    reported |= {"BufferUnavailable", "UplinkUnavailable", "UplinkRefused", "BatchRejected"}
    assert all(getattr(edge_errors, name).kind != "other" for name in reported)


async def test_a_gateway_is_awaited_while_it_may_still_wait_to_try_again(cloud: CloudApp) -> None:
    await cloud.write(f"{OWN} backlog=0")
    cloud.services.now.started_at = cloud.clock.moment = cloud.clock.moment + timedelta(days=3)
    path = f"/api/v1/schools/{SCHOOL}/gateways"
    presences = []
    for seconds in (0, 119, 1):
        cloud.clock.moment += timedelta(seconds=seconds)
        presences.append((await cloud.stranger.get(path)).json()[0]["presence"])
    assert presences == ["awaited", "awaited", "lost"]


async def test_an_unknown_gateway_is_not_found(cloud: CloudApp) -> None:
    answer = await cloud.stranger.get("/api/v1/gateways/no-such")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no gateway named no-such has ever reported itself"
