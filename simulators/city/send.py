"""Send some schools of a city to a cloud: records over the import API, the rest over the write API.

The lines hold exactly what the Parquet files hold, so that the two ways of loading can be compared.
What they cannot carry is when a slot arrived: the cloud stamps that itself.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds  # type: ignore[import-untyped]  # it ships no types

from device_profiles import points
from simulators.city.city import read_city
from simulators.cloud_client import CloudClient, line_head
from simulators.errors import SimulatorError
from simulators.progress import Progress, no_progress


def chosen(city: Path, number: int) -> list[str]:
    """Return so many schools of a city, spread over all kinds; the same ones every time."""
    schools: list[str] = read_city(city)["schools"]
    if not 1 <= number <= len(schools):
        raise SimulatorError(f"got {number} schools, expected 1 to {len(schools)}")
    return [schools[(2 * turn + 1) * len(schools) // (2 * number)] for turn in range(number)]


def write_lines(
    city: Path, schools: Sequence[str], *, days: Sequence[str] | None = None
) -> Iterator[str]:
    """Yield slots, readings and events of schools as line protocol (seconds), day by day."""
    for day in days if days is not None else read_city(city)["days"]:
        for batch in _rows(city / "slots" / f"day={day}", schools):
            yield from _usage(batch)
        for batch in _rows(city / "readings" / f"day={day}", schools):
            yield from _readings(batch)
        for batch in _rows(city / "events" / f"day={day}", schools):
            yield from _events(batch)


def records(city: Path, schools: Sequence[str]) -> Iterator[tuple[str, str, bytes]]:
    """Yield (kind, file name, CSV) of the schools' records in the order of import."""
    wanted = {*schools, ""}
    for folder in sorted((city / "books").iterdir()):
        kind = folder.name.split("-", 1)[1]
        for path in sorted(folder.glob("*.csv")):
            kept = io.StringIO()
            with path.open(encoding="utf-8", newline="") as file:
                rows = csv.reader(file)
                written = csv.writer(kept, lineterminator="\n")
                written.writerow(next(rows))
                number = 0
                for row in rows:
                    if row[0] in wanted:
                        written.writerow(row)
                        number += 1
            if number:
                yield kind, path.name, kept.getvalue().encode()


def send(
    city: Path,
    schools: Sequence[str],
    *,
    url: str,
    token: str,
    news: Callable[[str], None] = lambda _: None,
    progress: Progress = no_progress,
) -> int:
    """Send records, slots, readings and events of schools; return the number of lines.

    `news` receives a line for each file of records, `progress` how many lines were sent.
    """
    with CloudClient(url, token) as client:
        for kind, name, content in records(city, schools):
            path = f"/api/v1/imports/{kind}"
            answer = client.request("POST", path, files={"file": (name, content)})
            report = client.checked(answer).json()
            if not report["applied"]:
                problem = report["problems"][0]
                raise SimulatorError(
                    f"{kind}/{name}:{problem['row']}: {problem['column']}: {problem['problem']}"
                )
            news(f"records: {kind} {name}, {report['rows']:,} rows")
        total = client.write_lines(write_lines(city, schools), progress)
    news(f"lines: {total:,}")
    return total


def _rows(folder: Path, schools: Sequence[str]) -> Iterator[dict[str, list[Any]]]:
    """Yield the rows of schools as columns, a batch at a time, in the order of the files."""
    if not folder.is_dir():
        raise SimulatorError(
            f"{folder}: is not there; the city is not finished, or not of this day"
        )
    for path in sorted(folder.glob("part-*.parquet")):
        table = ds.dataset(path).scanner(filter=ds.field("school").isin(list(schools)))
        for batch in table.to_batches():
            if batch.num_rows:
                yield batch.to_pydict()


def _usage(rows: dict[str, list[Any]]) -> Iterator[str]:
    heads: dict[tuple[str, str], str] = {}
    for school, asset, start, room, category, active, standby, off, unobserved, energy in zip(
        *(rows[name] for name in _SLOT), strict=True
    ):
        head = heads.get((school, asset))
        if head is None:
            tags = {"school": school, "room": room, "asset": asset, "category": category}
            head = heads[school, asset] = line_head("usage", tags)
        energy_field = "" if energy is None else f",energy_wh={energy!r}"
        yield (
            f"{head} active_s={active!r},standby_s={standby!r},off_s={off!r},"
            f"unobserved_s={unobserved!r}{energy_field} {_seconds(start)}"
        )


def _readings(rows: dict[str, list[Any]]) -> Iterator[str]:
    for place, at, point, number in zip(
        zip(*(rows[name] for name in _TAGS), strict=True),
        rows["observed_at"],
        rows["point"],
        rows["number"],
        strict=True,
    ):
        tags = dict(zip(_TAGS, place, strict=True))
        yield points.line("reading", tags, {point: float(number)}, _seconds(at))


def _events(rows: dict[str, list[Any]]) -> Iterator[str]:
    for school, asset, type_, at, text, value in zip(
        *(rows[name] for name in ("school", "asset", "type", "happened_at", "text", "value")),
        strict=True,
    ):
        fields = {"text": text} if value is None else {"text": text, "value": value}
        tags = {"school": school, "asset": asset, "type": type_}
        yield points.line("event", tags, fields, _seconds(at))


_TAGS = ("school", "room", "asset", "category", "profile")
_SLOT = (
    "school",
    "asset",
    "slot_start",
    "room",
    "category",
    "active_s",
    "standby_s",
    "off_s",
    "unobserved_s",
    "energy_wh",
)


def _seconds(moment: Any) -> int:
    """Return seconds since 1970 of a naive UTC moment."""
    return int((moment - _EPOCH).total_seconds())


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  as naive as the files
