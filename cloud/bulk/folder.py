"""A folder of a whole city, as `campus-sim city` writes it: books, slots, readings and events.

- `city.json` is written last: a folder without it is not finished.
- `books/NN-<kind>/*.csv` are files of the ordinary import, in this order.
- `slots/day=YYYY-MM-DD/*.parquet`, `readings/...` and `events/...` are of one local day each.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cloud.errors import LoadError
from cloud.messages import message
from cloud.registry.importing.importer import KINDS

_BOOKS = re.compile(r"\d+-(?P<kind>[a-z_]+)")
_DAY = re.compile(r"day=(?P<day>\d{4}-\d{2}-\d{2})")
_TABLES = (".csv", ".xlsx")


@dataclass(frozen=True, slots=True)
class BookFile:
    """A file of the books, and what kind of import it is."""

    kind: str
    path: Path


@dataclass(frozen=True, slots=True)
class CityFolder:
    """What is to be loaded, in the order in which it is."""

    root: Path
    books: tuple[BookFile, ...]
    slots: dict[date, tuple[Path, ...]]
    readings: dict[date, tuple[Path, ...]]
    events: dict[date, tuple[Path, ...]]

    def name(self, path: Path) -> str:
        """Return the path within the folder."""
        return path.relative_to(self.root).as_posix()


def city_folder(root: Path) -> CityFolder:
    """Return what a folder holds; raises LoadError where it is not one of a city, or unfinished."""
    if not root.is_dir():
        raise LoadError(message("error.no_city_folder", path=root))
    if not (root / "city.json").is_file():
        raise LoadError(message("error.unfinished_city", path=root))
    days = {kind: _days(root / kind) for kind in ("slots", "readings", "events")}
    city = CityFolder(root, _books(root / "books"), **days)
    if not city.books and not any(days.values()):
        raise LoadError(message("error.empty_city", path=root))
    return city


def _books(folder: Path) -> tuple[BookFile, ...]:
    files = []
    for kind_folder in _in_order(folder):
        match = _BOOKS.fullmatch(kind_folder.name)
        if match is None or match["kind"] not in KINDS:
            raise LoadError(
                f"{kind_folder}: no kind of import, expected a number and one of {', '.join(KINDS)}"
            )
        files += [
            BookFile(match["kind"], path)
            for path in _in_order(kind_folder)
            if path.suffix in _TABLES
        ]
    return tuple(files)


def _days(folder: Path) -> dict[date, tuple[Path, ...]]:
    days = {}
    for day_folder in _in_order(folder):
        match = _DAY.fullmatch(day_folder.name)
        try:
            day = date.fromisoformat(match["day"] if match else "")
        except ValueError:
            raise LoadError(f"{day_folder}: no day, expected day=YYYY-MM-DD") from None
        days[day] = tuple(path for path in _in_order(day_folder) if path.suffix == ".parquet")
    return days


def _in_order(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
