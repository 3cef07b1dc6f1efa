import gzip
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from simulators.errors import SimulatorError
from simulators.school.campus import make_campus
from simulators.school.history import history_lines, write_history
from simulators.school.plan import Reach, write_plan
from tests._parts.cloud_app import cloud_app, small_settings

NOW = datetime(2026, 11, 24, 6, 7, 30, tzinfo=UTC)
START_OF_SLOT = datetime(2026, 11, 24, 6, 5, tzinfo=UTC).timestamp()


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write_plan(tmp_path / "plan", make_campus(7, 44, date(2026, 11, 24)), Reach())
    return tmp_path / "plan"


def fields(line: str) -> dict[str, float]:
    pairs = (pair.split("=") for pair in line.split(" ")[1].split(","))
    return {key: float(value) for key, value in pairs}


def test_the_past_adds_up_and_ends_before_the_present(plan: Path) -> None:
    lines = list(history_lines(plan, days=3, now=NOW))
    assert lines == list(history_lines(plan, days=3, now=NOW))
    usage = [line for line in lines if line.startswith("usage")]
    active: dict[str, float] = defaultdict(float)
    for line in usage:
        values = fields(line)
        states = [values[f"{name}_s"] for name in ("active", "standby", "off", "unobserved")]
        assert sum(states) == 300
        active[line.split(",")[1]] += values["active_s"]
        assert int(line.rsplit(" ", 1)[1]) + 300 <= START_OF_SLOT
    assert any(line.startswith("reading") for line in lines)
    assert min(active.values()) == 0
    assert max(active.values()) > 3 * 3600
    assert len({line.split(" ")[0] + line.rsplit(" ", 1)[1] for line in lines}) == len(lines)


async def test_the_cloud_takes_the_past(plan: Path, tmp_path: Path) -> None:
    lines = list(history_lines(plan, days=1, now=NOW))
    async with cloud_app(small_settings(tmp_path / "cloud")) as cloud:
        answer = await cloud.client.post(
            "/api/v2/write",
            params={"org": "school", "bucket": "campus", "precision": "s"},
            headers={"Content-Encoding": "gzip"},
            content=gzip.compress("\n".join(lines).encode()),
        )
        assert answer.status_code == 204, answer.text


def test_a_cloud_that_is_not_there_is_one_sentence(plan: Path) -> None:
    with pytest.raises(SimulatorError, match=r"^http://127.0.0.1:9: no answer: .*is the cloud"):
        write_history(plan, url="http://127.0.0.1:9", token="x", days=1, now=NOW)


def test_a_folder_without_a_plan_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"school.yaml: cannot be read"):
        list(history_lines(tmp_path, days=1, now=NOW))
