"""The whole city, step by step, over as many processes as are asked for.

1. the schools, so that the sums meet the plan
2. the days: `slots/day=.../part-NNN.parquet`, `readings/...` and `events/...`, fifty schools in a
   part
3. the records: `books/NN-<kind>/<division>.csv`
4. the truth: `truth/*.parquet`
5. `city.json`, last: a folder without it is not finished
"""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from simulators.city.csv_files import write_division, write_holidays
from simulators.city.records import Declaration, Use, declarations
from simulators.city.rooms import function_rooms, make_rooms
from simulators.city.school_model import make_home
from simulators.city.schools import (
    VALUE_PER_SCHOOL_YUAN,
    School,
    inspections,
    make_schools,
    with_more_rooms,
)
from simulators.city.simulation import Result, simulate
from simulators.city.slots import write_parquet
from simulators.city.term import CityCalendar, make_calendar
from simulators.city.truth import ASSETS, DECLARATIONS, OUTAGES, SCHOOLS, Parts, table_of
from simulators.errors import SimulatorError

CITY_FILE = "city.json"
_UNFINISHED = "city.unfinished"
"""In the folder from the first file to the last."""
_PARTS = ("slots", "readings", "events", "books", "truth")
SCHOOLS_PER_PART = 50
FEWEST_SCHOOLS, MOST_SCHOOLS = 1, 20_000
FEWEST_DAYS, MOST_DAYS = 1, 250

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Options:
    """What city is wanted."""

    folder: Path
    schools: int
    days: int
    seed: int
    end: date
    workers: int = 1
    keeps_true_slots: bool = False


def write_city(
    options: Options,
    news: Callable[[str], None] = lambda _: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Any]:
    """Write the city and return the contents of `city.json`.

    `news` receives a line for each step, `progress` how many of the schools are simulated.
    """
    _refuse(options)
    calendar = make_calendar(options.end, options.days)
    schools = make_schools(options.schools, options.seed, calendar)
    usual = [function_rooms(make_rooms(school, options.seed)) for school in schools]
    schools = with_more_rooms(schools, usual)
    news(
        f"schools: {len(schools):,} with {sum(s.classes for s in schools):,} classes and "
        f"{sum(s.pupils for s in schools):,} pupils"
    )
    folder = options.folder
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    with _pool(options.workers) as spread:
        simulated = _simulated(options, schools, calendar, spread, progress)
        news(
            f"slots: {simulated.slots:,} of {len(schools):,} schools, "
            f"{simulated.readings:,} readings, {simulated.events:,} events"
        )
        factor = VALUE_PER_SCHOOL_YUAN * len(schools) / max(simulated.value, 1.0)
        counts, declared = _booked(options, schools, calendar, simulated.uses, factor, spread, news)
    false = _write_truth(folder, schools, simulated, declared)
    honest = sum(school.character == "honest" for school in schools)
    news(f"truth: {honest:,} honest schools, {false:,} false declarations")
    facts = {
        "seed": options.seed,
        "start": str(calendar.days[0]),
        "end": str(calendar.days[-1]),
        "days": [str(day) for day in calendar.days],
        "inspections": {k: str(v) for k, v in inspections(calendar).items()},
        "schools": [school.code for school in schools],
        "counts": {
            "schools": len(schools),
            "classes": sum(school.classes for school in schools),
            "pupils": sum(school.pupils for school in schools),
            "devices": simulated.devices,
            "slots": simulated.slots,
            "readings": simulated.readings,
            "events": simulated.events,
            **{f"books.{kind}": rows for kind, rows in counts.items()},
        },
    }
    text = json.dumps(facts, ensure_ascii=False, indent=1)
    (folder / CITY_FILE).write_text(text + "\n", encoding="utf-8")
    (folder / _UNFINISHED).unlink()
    return facts


def read_city(folder: Path) -> dict[str, Any]:
    """Return the contents of `city.json` of a finished city; raises SimulatorError."""
    path = folder / CITY_FILE
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SimulatorError(
            f"{path}: cannot be read; `campus-sim city --out {folder}` makes it"
        ) from None
    if not isinstance(facts, dict):
        raise SimulatorError(f"{path}: expected an object, as `campus-sim city` writes it")
    return facts


_Spread = Callable[[Callable[[T], R], Sequence[T]], Iterator[R]]


@contextmanager
def _pool(workers: int) -> Iterator[Any]:
    """Give a function that maps in order, over processes where there are several."""
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _simulated(
    options: Options,
    schools: Sequence[School],
    calendar: CityCalendar,
    spread: Any,
    progress: Callable[[int, int], None],
) -> Result:
    starts = range(0, len(schools), SCHOOLS_PER_PART)
    parts = [schools[at : at + SCHOOLS_PER_PART] for at in starts]
    total = Result()
    work = partial(_simulate, options, calendar)
    with Parts(options.folder / "truth") as truth:
        for number, result in enumerate(spread(work, list(enumerate(parts)))):
            truth.add("use", result.use)
            truth.add("assets", table_of(ASSETS, result.assets))
            truth.add("outages", table_of(OUTAGES, result.outages))
            total.slots += result.slots
            total.readings += result.readings
            total.events += result.events
            total.devices += result.devices
            total.value += result.value
            total.uses |= result.uses
            progress(min((number + 1) * SCHOOLS_PER_PART, len(schools)), len(schools))
    return total


def _simulate(
    options: Options, calendar: CityCalendar, work: tuple[int, Sequence[School]]
) -> Result:
    part, schools = work
    return simulate(
        options.folder,
        part,
        schools,
        calendar,
        options.seed,
        keeps_true_slots=options.keeps_true_slots,
    )


_Declared = dict[str, list[Declaration]]


def _booked(
    options: Options,
    schools: Sequence[School],
    calendar: CityCalendar,
    uses: dict[str, Use],
    factor: float,
    spread: Any,
    news: Callable[[str], None],
) -> tuple[dict[str, int], _Declared]:
    by_division: dict[str, list[School]] = {}
    for school in schools:
        by_division.setdefault(school.division, []).append(school)
    counts: dict[str, int] = {}
    declared: _Declared = {}
    work = partial(_write_records, options, calendar, factor)
    work_items = [(d, [(s, uses[s.code]) for s in by_division[d]]) for d in sorted(by_division)]
    for rows, figures in spread(work, work_items):
        for kind, number in rows.items():
            counts[kind] = counts.get(kind, 0) + number
        declared |= figures
    counts["holidays"] += write_holidays(options.folder / "books", calendar)
    news(
        f"records: {sum(counts.values()):,} rows, {counts['assets']:,} assets, "
        f"{counts['timetable']:,} lessons a week"
    )
    return counts, declared


def _write_records(
    options: Options,
    calendar: CityCalendar,
    factor: float,
    work: tuple[str, Sequence[tuple[School, Use]]],
) -> tuple[dict[str, int], _Declared]:
    division, schools = work
    declared: _Declared = {}

    def homes() -> Iterator[Any]:
        for school, use in schools:
            home = make_home(school, calendar.days, options.seed)
            declared[school.code] = declarations(home, use, options.seed)
            yield home, declared[school.code]

    root = options.folder / "books"
    counts = write_division(root, division, homes(), calendar, factor=factor, seed=options.seed)
    return counts, declared


def _write_truth(
    folder: Path, schools: Sequence[School], simulated: Result, declared: _Declared
) -> int:
    """Write what is true of schools and declarations; return how many of these are false."""
    truth = folder / "truth"
    rows = [
        (s.code, s.character, s.division, s.school_type, s.urban_rural, s.classes, s.pupils,
         s.keenness, s.care, s.connected, s.share, s.starts, s.inspected, s.closed,
         simulated.uses[s.code].display_hours_week, simulated.uses[s.code].computer_room_share)
        for s in schools
    ]  # fmt: skip
    write_parquet(table_of(SCHOOLS, rows), truth / "schools.parquet")
    declaration_rows: list[tuple[object, ...]] = [
        (school.code, declaration.item, declaration.value, declaration.actual, declaration.untruth)
        for school in schools
        for declaration in declared[school.code]
    ]
    write_parquet(table_of(DECLARATIONS, declaration_rows), truth / "declarations.parquet")
    return sum(row[-1] == "false" for row in declaration_rows)


def _refuse(options: Options) -> None:
    """Refuse what cannot be made, and folders that hold something else."""
    for name, value, least, most in (
        ("schools", options.schools, FEWEST_SCHOOLS, MOST_SCHOOLS),
        ("days", options.days, FEWEST_DAYS, MOST_DAYS),
        ("seed", options.seed, 0, 2**63),
        ("workers", options.workers, 1, 64),
    ):
        if not least <= value <= most:
            raise SimulatorError(f"got {value} {name}, expected {least:,} to {most:,}")
    folder = options.folder
    if folder.exists() and not folder.is_dir():
        raise SimulatorError(f"{folder}: is a file, expected a folder for the city")
    left = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    foreign = left - {*_PARTS, CITY_FILE, _UNFINISHED}
    if foreign or (left and not left & {CITY_FILE, _UNFINISHED}):
        raise SimulatorError(
            f"{folder}: holds {min(foreign or left)} but no city; "
            "expected an empty folder, or one with a city to replace"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _UNFINISHED).touch()
    _clear(folder)


def _clear(folder: Path) -> None:
    """Remove the files of an older city, `city.json` first: from then on it is not finished."""
    (folder / CITY_FILE).unlink(missing_ok=True)
    for part in _PARTS:
        for path in (folder / part).rglob("*"):
            if path.suffix in {".parquet", ".csv"} and path.is_file():
                path.unlink()
