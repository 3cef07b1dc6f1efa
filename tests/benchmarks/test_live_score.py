"""The live score of a school, and what changed since, in a city of 1,000 schools.

The telemetry of 24 schools is copied under other schools' names until there are a thousand: what a
question costs depends on how many rows of others lie around those of the school.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest

from cloud.scoring.evidence.computed import ComputedFromEvidence
from cloud.settings import Settings
from cloud.telemetry.duckdb.registered import registered
from simulators.city.city import read_city, write_city
from tests._parts.cloud_app import CloudApp, cloud_app
from tests._parts.loaded import NOW, load
from tests._parts.small_city import city_options

SCHOOLS, COPIES, DAYS = 24, 42, 20
ASKED = 5
"""Schools that are asked for, each cold, warm and after a change."""
_COPY = "replace (case copy when 0 then school else school || '-' || copy end as school)"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live-score")
    write_city(city_options(folder / "city", schools=SCHOOLS, days=DAYS))
    asyncio.run(load(folder / "city", folder / "data"))
    multiply(folder / "data" / "telemetry.duckdb")
    return folder


def multiply(path: Path) -> None:
    """Copy the roll-up and the readings of every school, in the order in which a load puts them."""
    with duckdb.connect(path) as file:
        for table in ("usage_rollup", "usage_days"):
            file.execute(f"create temp table own as select * from {table}; delete from {table}")
            for (day,) in file.execute("select distinct day from own order by day").fetchall():
                file.execute(
                    f"insert into {table} select own.* {_COPY} "
                    f"from own, range({COPIES}) as copies(copy) where day = ? "
                    "order by school, asset",
                    [day],
                )
            file.execute("drop table own")
        series = file.execute("select id, measurement, tags from series").fetchall()
        most = max(number for number, _, _ in series)
        rows = [
            (number + copy * most, measurement, named(tags, copy))
            for copy in range(1, COPIES)
            for number, measurement, tags in series
        ]
        columns = [list(column) for column in zip(*rows, strict=True)]
        with registered(file, {"copied": pa.table(columns, names=["id", "measurement", "tags"])}):
            file.execute("insert into series select * from copied")
        file.execute("create temp table own as select * from points")
        file.execute(
            f"insert into points select own.* replace (series + copy * {most} as series) "
            f"from own, range(1, {COPIES}) as copies(copy) order by time, series"
        )


def named(tags: str, copy: int) -> str:
    """Return the tags of a series for a copy of its school."""
    return json.dumps(
        [[key, f"{value}-{copy}" if key == "school" else value] for key, value in json.loads(tags)],
        ensure_ascii=False,
    )


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


async def measured(
    cloud: CloudApp, path: str, changed: Callable[[], Awaitable[Any]]
) -> list[float]:
    """Return the seconds of an answer: cold, again, and after a change of its evidence."""

    async def ask() -> None:
        answer = await cloud.client.get(path)
        assert answer.status_code == 200, answer.text

    cloud.services.computed = ComputedFromEvidence()
    cold = await timed(ask)
    again = median([await timed(ask) for _ in range(5)])
    await changed()
    return [cold, again, await timed(ask)]


@pytest.mark.benchmark
async def test_a_live_score_in_a_city_of_a_thousand(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city = read_city(data / "city")
    schools = city["schools"][:ASKED]
    lines = []
    async with cloud_app(Settings(data=data / "data")) as cloud:
        cloud.clock.moment = NOW
        start = date.fromisoformat(city["end"]) - timedelta(days=100)
        made = await cloud.client.post(
            "/api/v1/assessments",
            json={
                "standard": "taizhou-smart-management",
                "start": str(start),
                "end": city["end"],
                "schools": schools,
            },
        )
        assert made.status_code == 201, made.text
        paths = {
            "score": "/api/v1/schools/{school}/score",
            "what changed since": "/api/v1/assessments/latest/schools/{school}/changes",
        }
        for name, path in paths.items():
            rows = []
            for at, school in enumerate(schools):

                async def changed(school: str = school, at: int = at) -> None:
                    await cloud.write(
                        f"reading,school={school},asset=E-new,room=101,category=environment,"
                        f"profile=p co2={600 + at}"
                    )

                rows.append(await measured(cloud, path.format(school=school), changed))
            cold, again, after = (1000 * median(column) for column in zip(*rows, strict=True))
            lines.append(
                f"{name}: {cold:.0f} ms at first, {again:.0f} ms again, "
                f"{cold / again:.1f} times as fast; {after:.0f} ms after a reading"
            )
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201  the figure is what a benchmark is for
