from tests._parts.cloud_app import CloudApp


async def test_code_lists_name_their_sources(cloud: CloudApp) -> None:
    answer = await cloud.stranger.get("/api/v1/code-lists")
    lists = {item["id"]: item for item in answer.json()}
    assert lists["division"]["confidence"] == "VERIFIED-B"
    assert lists["asset_category"]["confidence"] == "project default"
    assert lists["room_use"]["is_complete"] is False
    assert lists["asset_condition"]["items"][0] == {
        "code": "1",
        "name": {"zh": "在用", "en": "In use"},
    }
