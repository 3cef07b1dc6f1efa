"""Some schools of a city over the real ways in: books by the import API, the rest by the write API.

The lines say exactly what the Parquet files say, so that both ways in can be compared. What they
cannot carry is when a slot arrived: the cloud stamps that itself.
"""

import csv
import gzip
import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pyarrow.dataset as ds  # type: ignore[import-untyped]  # it ships no types

from device_profiles import points
from simulators.city.city import read_city
from simulators.errors import SimulatorError

_BATCH = 10_000
_AT_ONCE = 2


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


def books(city: Path, schools: Sequence[str]) -> Iterator[tuple[str, str, bytes]]:
    """Yield (kind, file name, CSV) of the schools' books in the order of import."""
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
    tell: Callable[[str], None] = lambda _: None,
) -> int:
    """Send books, slots, readings and events of schools; return the number of lines."""
    headers = {"Authorization": f"Token {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=300, trust_env=False) as client:
        for kind, name, content in books(city, schools):
            report = _post(client, url, f"/api/v1/imports/{kind}", files={"file": (name, content)})
            told = report.json()
            if not told["applied"]:
                problem = told["problems"][0]
                raise SimulatorError(
                    f"{kind}/{name}:{problem['row']}: {problem['column']}: {problem['problem']}"
                )
            tell(f"books: {kind} {name}, {told['rows']:,} rows")
        return _send_lines(client, url, write_lines(city, schools), tell)


def _send_lines(
    client: httpx.Client, url: str, lines: Iterator[str], tell: Callable[[str], None]
) -> int:
    """Send lines, some bodies at once: the next one is made while the cloud stores the last."""
    total = 0
    query = {"org": "school", "bucket": "campus", "precision": "s"}
    zipped = {"Content-Encoding": "gzip"}
    on_their_way: deque[Future[httpx.Response]] = deque()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while batch := list(islice(lines, _BATCH)):
            body = gzip.compress("\n".join(batch).encode(), compresslevel=1)
            if len(on_their_way) == _AT_ONCE:
                on_their_way.popleft().result()
            on_their_way.append(
                pool.submit(
                    _post, client, url, "/api/v2/write", params=query, content=body, headers=zipped
                )
            )
            total += len(batch)
            if total % (50 * _BATCH) == 0:
                tell(f"lines: {total:,}")
        for one in on_their_way:
            one.result()
    tell(f"lines: {total:,}")
    return total


def _post(client: httpx.Client, url: str, path: str, **told: Any) -> httpx.Response:
    try:
        answer = client.post(path, **told)
    except httpx.HTTPError as error:
        raise SimulatorError(f"{url}: no answer: {error}; is the cloud running?") from error
    if not answer.is_success:
        raise SimulatorError(f"{url}{path}: refused: {answer.text[:300]}")
    return answer


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
            head = heads[school, asset] = _head("usage", tags)
        told = "" if energy is None else f",energy_wh={energy!r}"
        yield (
            f"{head} active_s={active!r},standby_s={standby!r},off_s={off!r},"
            f"unobserved_s={unobserved!r}{told} {_seconds(start)}"
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


def _head(measurement: str, tags: dict[str, str]) -> str:
    """Return a line up to its fields."""
    return points.line(measurement, tags, {"x": 0.0}, 0).rsplit(" x=", 1)[0]


def _seconds(moment: Any) -> int:
    """Return seconds since 1970 of a naive UTC moment."""
    return int((moment - _EPOCH).total_seconds())


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  as naive as the files
