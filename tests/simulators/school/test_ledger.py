from datetime import date
from pathlib import Path

import pytest

from simulators.school.campus import make_campus
from simulators.school.ledger import make_ledger
from simulators.school.workbook import write_workbook
from tests._parts.cloud_app import SCHOOL, cloud_app, small_settings

TODAY = date(2026, 11, 24)


def test_the_records_are_believable_and_not_perfect() -> None:
    campus = make_campus(7, 44, TODAY)
    assets = make_ledger(campus)
    assert len(assets) >= 3 * len(campus.devices)
    assert len({asset.number for asset in assets}) == len(assets)
    per_pupil = sum(asset.value for asset in assets) / campus.pupils
    assert 1500 < per_pupil < 2500
    assert any(not asset.tag for asset in assets)
    assert any(not asset.custodian for asset in assets)
    assert any(not asset.room for asset in assets)
    assert {"1", "2", "3"} <= {asset.condition for asset in assets}
    late = [a for a in assets if a.booked is not None and (a.booked - a.acquired).days > 30]
    assert late
    assert len([asset for asset in assets if asset.device]) == 2
    known = {device.asset for device in campus.devices if device.is_in_ledger}
    assert known <= {asset.number for asset in assets}


@pytest.mark.parametrize("number", [4, 44])
async def test_the_cloud_imports_the_workbook_without_a_problem(
    tmp_path: Path, number: int
) -> None:
    path = tmp_path / "workbook.xlsx"
    write_workbook(path, make_campus(7, number, TODAY))
    async with cloud_app(small_settings(tmp_path / "cloud")) as cloud:
        files = {"file": (path.name, path.read_bytes())}
        answer = await cloud.client.post("/api/v1/imports/workbook", files=files)
        report = answer.json()
        assert report["problems"] == []
        assert report["ignored_columns"] == []
        assert report["applied"]
        school = (await cloud.client.get(f"/api/v1/schools/{SCHOOL}")).json()
        assert "模拟" in school["name"]
        assert school["classes"] == 24
