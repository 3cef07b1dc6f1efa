from tests._parts.cloud_app import CloudApp


async def test_code_lists_say_where_they_come_from(cloud: CloudApp) -> None:
    answer = await cloud.stranger.get("/api/v1/code-lists")
    lists = {one["id"]: one for one in answer.json()}
    assert lists["division"]["confidence"] == "VERIFIED-B"
    assert lists["asset_category"]["confidence"] == "project default"
    assert lists["room_use"]["is_complete"] is False
    assert lists["asset_condition"]["items"][0] == {
        "code": "1",
        "name": {"zh": "在用", "en": "In use"},
    }
