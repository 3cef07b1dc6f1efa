import json
from datetime import datetime
from pathlib import Path

from simulators.audit.truth import TruthLog, iso


async def test_lines_are_written_at_the_end_at_the_latest(tmp_path: Path) -> None:
    path = tmp_path / "new" / "truth.jsonl"
    async with TruthLog(path) as truth:
        assert path.read_text() == ""
        truth(kind="state", asset="A-1", at="2026-09-01T00:00:00.000000Z", state="off")
        truth.of(device="d", asset="A-1")(kind="reported", values={"text": "一"})
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["state"] == "off"
    assert lines[1]["device"] == "d"
    assert lines[1]["values"] == {"text": "一"}
    assert lines[1]["at"].endswith("Z")


async def test_a_second_run_appends(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    for _ in range(2):
        async with TruthLog(path) as truth:
            truth(kind="fault")
    assert len(path.read_text().splitlines()) == 2


def test_moments_are_utc_to_the_microsecond() -> None:
    moment = datetime.fromisoformat("2026-09-01T08:00:00.000001+08:00")
    assert iso(moment) == "2026-09-01T00:00:00.000001Z"
