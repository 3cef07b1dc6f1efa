"""The records of a school as it filled them in: the rows of each sheet of an import, read back.

A row has the columns of its sheet and, as its key, what names it there apart from the school: the
number of a ticket, the number of an asset and the day of its count. Which file a row came from, and
when, is not kept.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloud.registry.importing.columns import BY_KIND, Layout
from cloud.registry.store import Registry

Cell = str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a sheet; `asset_id` is the asset it names, where the ledger still has it."""

    key: str
    cells: Mapping[str, Cell]
    asset_id: int | None = None


def sheet_rows(registry: Registry, school: str, kind: str) -> list[SheetRow]:
    """Return the rows of a sheet of a school, in the order in which the registry keeps them."""
    layout = BY_KIND[kind]
    ids: Mapping[str, int] = {}
    if any(column.key == "asset_no" for column in layout.columns):
        ids = {asset.asset_no: asset.id for asset in registry.assets(school)}
    return [_row(layout, cells, ids) for cells in _READ[kind](registry, school)]


def cell(value: Any) -> Cell:
    """Return a value as it is read: days, moments and times of day as in the import's files."""
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    known: Cell = value
    return known


def _row(layout: Layout, values: Mapping[str, Any], ids: Mapping[str, int]) -> SheetRow:
    cells = {column.key: cell(values[column.key]) for column in layout.columns}
    keys = [column.key for column in layout.columns if column.is_key and column.key not in _NO_KEY]
    return SheetRow(
        key="/".join(str(cells[key]) for key in keys or ["school"]),
        cells=cells,
        asset_id=ids.get(str(cells.get("asset_no"))),
    )


_NO_KEY = ("school", "kind")
"""Not part of a row's key: the school has it in every row; a day is named by its date alone."""


def _as_they_are(rows: list[Any], **more: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """Return rows by column, some of them in other words than the registry's."""
    return [
        {name: getattr(row, name) for name in type(row).__slots__}
        | {name: value_of(row) for name, value_of in more.items()}
        for row in rows
    ]


def _schools(registry: Registry, school: str) -> list[dict[str, Any]]:
    row = registry.school(school)
    return _as_they_are([] if row is None else [row], school=lambda row: row.id)


def _assets(registry: Registry, school: str) -> list[dict[str, Any]]:
    rows = registry.asset_rows(school)
    return _as_they_are(rows, original_value_fen=lambda row: row.original_value_yuan)


def _terms(registry: Registry, school: str) -> list[dict[str, Any]]:
    return _as_they_are(registry.terms(school), term=lambda row: row.name)


def _of_term(registry: Registry, school: str, rows: list[Any]) -> list[dict[str, Any]]:
    names = {term.id: term.name for term in registry.terms(school)}
    return _as_they_are(rows, school=lambda _row: school, term=lambda row: names[row.term])


def _holidays(registry: Registry, school: str) -> list[dict[str, Any]]:
    """Return the days off; the school's own day replaces that of all schools."""
    known = {row.day: row for row in registry.holidays(school) if row.school is None}
    known |= {row.day: row for row in registry.holidays(school) if row.school is not None}
    rows = [known[day] for day in sorted(known)]
    return _as_they_are(rows, kind=lambda row: "放假" if row.follows is None else "补课")


_READ: dict[str, Callable[[Registry, str], list[dict[str, Any]]]] = {
    "schools": _schools,
    "rooms": lambda registry, school: _as_they_are(registry.rooms(school)),
    "assets": _assets,
    "bindings": lambda registry, school: _as_they_are(registry.bindings(school)),
    "terms": _terms,
    "periods": lambda registry, school: _of_term(registry, school, registry.periods(school)),
    "timetable": lambda registry, school: _of_term(registry, school, registry.timetable(school)),
    "holidays": _holidays,
    "stage_sizes": lambda registry, school: _as_they_are(registry.stage_sizes(school)),
    "declarations": lambda registry, school: _as_they_are(registry.declarations(school)),
    "tickets": lambda registry, school: _as_they_are(registry.tickets(school)),
    "stocktakes": lambda registry, school: _as_they_are(registry.stocktakes(school)),
    "disposals": lambda registry, school: _as_they_are(registry.disposals(school)),
    "chemicals": lambda registry, school: _as_they_are(registry.chemicals(school)),
}
