"""The records of a school, row by row, and the row that each piece of evidence came from.

Fourteen tables are those of the import. Four are derived from them and from telemetry, so that sums
of telemetry open too: connected devices (`devices`), school days (`school_days`), periods of each
device (`use`), days of each sensor of air and light (`air`).
"""

import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from cloud.api.deps import READ, ServicesDep
from cloud.api.parameters import Form, Language, check_language
from cloud.api.presenters import record_file
from cloud.api.presenters.assets import span
from cloud.api.presenters.files import file_response
from cloud.api.presenters.schools import registered
from cloud.api.presenters.text import localized_text
from cloud.api.schemas import records as models
from cloud.errors import NotFound, Unprocessable
from cloud.localized_text import LocalizedText
from cloud.messages import message
from cloud.registry.importing.columns import BY_KIND, LAYOUTS
from cloud.registry.queries.sheet_views import SheetRow, cell, sheet_rows
from cloud.reports.table_file import table_file
from cloud.scoring.evidence.air_quality import AIR_DAYS, air_days
from cloud.scoring.evidence.collect import senders
from cloud.scoring.evidence.registry_tables import Books
from cloud.services import Services
from cloud.utilization.due_slots import WRITTEN_OFF
from cloud.utilization.periods import BETWEEN, week_of
from cloud.utilization.reference_rollup import TEACHING

router = APIRouter(prefix="/api/v1/schools/{school}", tags=["records"], dependencies=[READ])

OnlyRow = Annotated[
    str | None, Query(description="Only this row, or those whose key begins with it and /.")
]
Text = Annotated[str | None, Query(description="Part of any cell.")]
Start = Annotated[dt.date | None, Query(description="First day of what is derived from telemetry.")]
End = Annotated[dt.date | None, Query(description="Last day of it, included.")]
_Span = tuple[dt.date, dt.date]
_Columns = Sequence[tuple[str, str, str]]


class _Derived(NamedTuple):
    """A table that is derived, not imported."""

    zh: str
    en: str
    columns: _Columns
    read: Callable[[Services, str, _Span], Awaitable[list[models.RecordRow]]]


@router.get("/records", summary="The tables of a school's records")
async def list_record_tables(school: str, services: ServicesDep) -> list[models.RecordTable]:
    """Return every table with the number of its rows."""
    await run_in_threadpool(registered, services.registry, school)

    def count() -> list[models.RecordTable]:
        return [
            models.RecordTable(
                table=layout.kind,
                title=localized_text(LocalizedText(layout.sheet, layout.english)),
                is_imported=True,
                rows=len(sheet_rows(services.registry, school, layout.kind)),
            )
            for layout in LAYOUTS
        ]

    derived = [
        models.RecordTable(
            table=name,
            title=localized_text(LocalizedText(derived.zh, derived.en)),
            is_imported=False,
            rows=None,
        )
        for name, derived in _DERIVED.items()
    ]
    return [*await run_in_threadpool(count), *derived]


@router.get(
    "/records/{table}.{form}",
    summary="A table of a school's records as a file",
    response_class=Response,
)
async def get_record_file(
    school: str,
    table: str,
    form: Form,
    services: ServicesDep,
    row: OnlyRow = None,
    q: Text = None,
    start: Start = None,
    end: End = None,
    language: Language = "zh",
) -> Response:
    """Return every row that matches, in the order and with the columns of the page."""
    check_language(language)
    _, rows = await _rows(services, school, table, start, end)

    def made() -> tuple[bytes, str]:
        zh, en, shown = _heading(table)
        title = localized_text(LocalizedText(zh, en)).root[language]
        content = table_file(
            title,
            record_file.columns(shown, language),
            [record_file.cells(table, entry, shown, language) for entry in _matching(rows, row, q)],
            form,
            services.clock.now(),
        )
        return content, f"{registered(services.registry, school).name} {title}"

    content, name = await run_in_threadpool(made)
    return file_response(content, name, form)


@router.get("/records/{table}", summary="A page of a table of a school's records")
async def list_records(
    school: str,
    table: str,
    services: ServicesDep,
    row: OnlyRow = None,
    at: Annotated[
        str | None, Query(description="The page that holds this row, `offset` is ignored.")
    ] = None,
    q: Text = None,
    start: Start = None,
    end: End = None,
    offset: Annotated[int, Query(ge=0, description="How many to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000, description="How many at most.")] = 50,
) -> models.RecordPage:
    """Return rows of a table in its own order; `start` and `end` limit what telemetry reports."""
    days, rows = await _rows(services, school, table, start, end)
    rows = _matching(rows, row, q)
    if at is not None:
        places = [place for place, row in enumerate(rows) if _is_of(row, at)]
        if not places:
            raise NotFound(message("api.no_row_at", school=school, table=table, at=at))
        offset = places[-1] // limit * limit
    zh, en, columns = _heading(table)
    return models.RecordPage(
        table=table,
        title=localized_text(LocalizedText(zh, en)),
        is_imported=table in BY_KIND,
        columns=columns,
        total=len(rows),
        offset=offset,
        start=None if days is None else days[0],
        end=None if days is None else days[1],
        items=rows[offset : offset + limit],
    )


@router.get("/evidence", summary="The row that a piece of evidence came from")
async def open_evidence(
    school: str,
    services: ServicesDep,
    ref: Annotated[str, Query(description='As findings name it, e.g. "ticket:T-7".')],
    start: Start = None,
    end: End = None,
) -> models.OpenedEvidence:
    """Return where a reference leads; 404 where no such row is there (any more)."""
    name, key = _place(ref)
    _, rows = await _rows(services, school, name, start, end)
    if ref.startswith("asset:"):
        rows = [row for row in rows if str(row.asset_id) == key]
    elif key is not None:
        rows = [row for row in rows if _is_of(row, key)]
    if not rows and ref.partition(":")[0] not in _WHOLE_TABLE:
        raise NotFound(message("api.no_row_for", school=school, ref=ref))
    return models.OpenedEvidence(
        ref=ref, table=name, rows=len(rows), first=rows[0] if rows else None
    )


_TABLE_OF: Mapping[str, str] = {
    "school": "schools",
    "room": "rooms",
    "asset": "assets",
    "ticket": "tickets",
    "count": "stocktakes",
    "surplus": "stocktakes",
    "disposal": "disposals",
    "chemical": "chemicals",
    "declaration": "declarations",
    "device": "devices",
    "calendar": "school_days",
    "use": "use",
    "air": "air",
}
"""The table that each kind of reference leads to."""


_WHOLE_TABLE = frozenset({"records", "book"})
"""Kinds of reference to a whole table; filed records of format 1 have `book`."""


def _place(ref: str) -> tuple[str, str | None]:
    """Return the table and the key that a reference means; None for all of a table."""
    kind, _, rest = ref.partition(":")
    if kind in _WHOLE_TABLE and (rest in BY_KIND or rest in _DERIVED):
        return rest, None
    if kind not in _TABLE_OF or (not rest and kind != "school"):
        known = ["school", "records:…", *(f"{kind}:…" for kind in _TABLE_OF if kind != "school")]
        raise Unprocessable(message("api.not_one_of", name="ref", got=ref, known=known))
    if kind == "asset":
        return "assets", rest.partition("/day:")[0]
    return _TABLE_OF[kind], rest.replace("/day:", "/") or None


async def _rows(
    services: Services, school: str, name: str, start: dt.date | None, end: dt.date | None
) -> tuple[_Span | None, list[models.RecordRow]]:
    """Return every row of a table, and the span it is of where it has one."""
    await run_in_threadpool(registered, services.registry, school)
    if name in BY_KIND:
        rows = await run_in_threadpool(sheet_rows, services.registry, school, name)
        return None, [_shape(row) for row in rows]
    if name not in _DERIVED:
        known = [*BY_KIND, *_DERIVED]
        raise Unprocessable(message("api.not_one_of", name="table", got=name, known=known))
    days = await run_in_threadpool(span, services, school, start, end)
    await services.rollups.settled()
    return days, await _DERIVED[name].read(services, school, days)


def _shape(row: SheetRow) -> models.RecordRow:
    return models.RecordRow(key=row.key, cells=dict(row.cells), asset_id=row.asset_id, day=None)


def _is_of(row: models.RecordRow, key: str) -> bool:
    """Whether a row is named by a key, or is one of those that the key sums up."""
    return row.key == key or row.key.startswith(f"{key}/")


def _matching(
    rows: list[models.RecordRow], only: str | None, text: str | None
) -> list[models.RecordRow]:
    """Return the rows of a key and with a text in a cell, where either is wanted."""
    return [
        row
        for row in rows
        if (only is None or _is_of(row, only)) and (not text or _holds(row, text))
    ]


def _holds(row: models.RecordRow, text: str) -> bool:
    wanted = text.casefold()
    return any(wanted in str(value).casefold() for value in row.cells.values() if value is not None)


def _heading(table: str) -> tuple[str, str, list[models.RecordColumn]]:
    if table in _DERIVED:
        zh, en, columns, _ = _DERIVED[table]
        headings: list[tuple[str, str, str, str | None]] = [(*column, None) for column in columns]
    else:
        layout = BY_KIND[table]
        zh, en = layout.sheet, layout.english
        headings = [
            (column.key, column.title, column.english, column.codes.id if column.codes else None)
            for column in layout.columns
            if column.key != "school" or table in {"schools", "holidays"}
        ]
    return (
        zh,
        en,
        [
            models.RecordColumn(key=key, title=localized_text(LocalizedText(zh, en)), codes=codes)
            for key, zh, en, codes in headings
        ],
    )


async def _devices(services: Services, school: str, days: _Span) -> list[models.RecordRow]:
    """Return every connected device up to the end of the span, with its asset on its last day.

    Those that are not in the ledger come first: somebody has to do something about them.
    """
    connected = await senders(services.store, services.registry, school, days[1])
    assets = await _assets(services, school)
    return [
        _row(
            row["device"],
            {
                "device": row["device"],
                "last_heard": row["day"],
                "asset_no": assets.get(row["asset_id"]),
            },
            row["asset_id"],
            row["day"],
        )
        for row in sorted(connected.to_dicts(), key=lambda row: row["asset_id"] is not None)
    ]


async def _school_days(services: Services, school: str, days: _Span) -> list[models.RecordRow]:
    """Return the school days of the span, and how much is taught on each."""

    def read() -> list[models.RecordRow]:
        registry = services.registry
        terms = {term.id: term.name for term in registry.terms(school)}
        taught = Counter(lesson.day for lesson in registry.lessons(school, *days))
        return [
            _row(
                f"{week_of(lesson.day)}/{lesson.day}",
                {
                    "week": week_of(lesson.day),
                    "day": lesson.day,
                    "term": terms[lesson.term],
                    "weekday": lesson.weekday,
                    "lessons": taught[lesson.day],
                },
            )
            for lesson in registry.taught(school, *days)
        ]

    return await run_in_threadpool(read)


async def _use(services: Services, school: str, days: _Span) -> list[models.RecordRow]:
    """Return each period of each teaching device that counts, from the roll-up of its slots."""
    table = await services.store.rollups.period_use([school], *days)
    ledger = await run_in_threadpool(services.registry.asset_rows, school)
    assets = {row.id: row.asset_no for row in ledger if row.condition not in WRITTEN_OFF}
    without_room = {row.id for row in ledger if row.room is None}
    return [
        _row(
            "/".join(str(part) for part in (room, number, row["day"], row["period"])),
            {
                "room": row["room"],
                "by_sensor": row["room"] is not None and row["asset_id"] in without_room,
                "asset_no": number,
                "day": row["day"],
                "period": row["period"],
                "lesson": row["scheduled"] and row["lesson_over"],
                "used": row["lesson_used"],
                "seen": row["lesson_observed"],
                **{
                    name: round(row[f"{name}_s"] / 60, 1)
                    for name in ("due", "active", "standby", "off", "unobserved")
                },
            },
            row["asset_id"],
            row["day"],
        )
        for row in sorted(table.to_pylist(), key=_by_room)
        if row["period"] > BETWEEN and row["category"] in TEACHING and row["asset_id"] in assets
        for room, number in [(row["room"] or "-", assets[row["asset_id"]])]
    ]


def _by_room(row: Mapping[str, Any]) -> tuple[bool, str, dt.date, int, str]:
    """Return what sorts rows by room, day, period and device; those without a room come last."""
    return row["room"] is None, row["room"] or "", row["day"], row["period"], row["asset"]


async def _air(services: Services, school: str, days: _Span) -> list[models.RecordRow]:
    """Return each day of each sensor of air and light: minutes of lessons, seen and good."""
    air = await air_days(services.store, Books(services.registry, [school]), *days)
    bindings = await run_in_threadpool(services.registry.bindings, school)
    return [
        _row(
            "/".join(str(row[name]) for name in ("quantity", "room", "day", "device")),
            {
                **{name: row[name] for name in ("quantity", "room", "day", "device")},
                "lessons": round(row["occupied_s"] / 60, 1),
                "seen": round(row["seen_s"] / 60, 1),
                "good": round(row["good_s"] / 60, 1),
            },
            next(
                (
                    binding.asset_id
                    for binding in bindings
                    if binding.device == row["device"] and binding.holds_on(row["day"])
                ),
                None,
            ),
            row["day"],
        )
        for row in air.select(*AIR_DAYS).sort("quantity", "room", "day", "device").to_dicts()
    ]


async def _assets(services: Services, school: str) -> dict[int | None, str]:
    rows = await run_in_threadpool(services.registry.asset_rows, school)
    return {row.id: row.asset_no for row in rows}


def _row(
    key: str, cells: Mapping[str, Any], asset_id: int | None = None, day: dt.date | None = None
) -> models.RecordRow:
    values = {name: cell(value) for name, value in cells.items()}
    return models.RecordRow(key=key, cells=values, asset_id=asset_id, day=day)


_DERIVED: Mapping[str, _Derived] = {
    "school_days": _Derived(
        "教学日",
        "school days",
        (
            ("week", "周", "week"),
            ("day", "日期", "day"),
            ("term", "学期", "term"),
            ("weekday", "按星期几上课", "taught_as"),
            ("lessons", "排课节数", "lessons"),
        ),
        _school_days,
    ),
    "devices": _Derived(
        "已上报设备清单",
        "connected devices",
        (
            ("device", "设备号", "device"),
            ("last_heard", "最近上报", "last_heard"),
            ("asset_no", "资产编号", "asset_no"),
        ),
        _devices,
    ),
    "use": _Derived(
        "逐节使用",
        "use by period",
        (
            ("room", "房间编号", "room"),
            ("by_sensor", "台账无场所，由设备上报", "room_by_sensor"),
            ("asset_no", "资产编号", "asset_no"),
            ("day", "日期", "day"),
            ("period", "节次", "period"),
            ("lesson", "有课", "lesson"),
            ("used", "用过", "used"),
            ("seen", "已观测", "seen"),
            ("due", "应观测分钟", "due_min"),
            ("active", "使用分钟", "active_min"),
            ("standby", "待机分钟", "standby_min"),
            ("off", "关机分钟", "off_min"),
            ("unobserved", "无数据分钟", "unobserved_min"),
        ),
        _use,
    ),
    "air": _Derived(
        "空气与光照",
        "air and light",
        (
            ("quantity", "量", "quantity"),
            ("room", "房间编号", "room"),
            ("day", "日期", "day"),
            ("device", "设备号", "device"),
            ("lessons", "上课分钟", "lesson_min"),
            ("seen", "有数据分钟", "seen_min"),
            ("good", "达标分钟", "good_min"),
        ),
        _air,
    ),
}
