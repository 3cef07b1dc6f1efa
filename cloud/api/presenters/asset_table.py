"""The columns of the list of assets, as the page shows them, for a file."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from cloud.api.presenters.assets import Line
from cloud.domain import UseSummary
from cloud.messages import message, render
from cloud.registry.codes.statistics import ASSET_CONDITIONS
from cloud.registry.rows import RoomRow
from cloud.reports.table_file import DATE, HOURS, MOMENT, SHARE, YUAN, Cell, Column

_COLUMNS: Mapping[str, tuple[float, str]] = {
    "asset_no": (16, "General"),
    "name": (28, "General"),
    "brand_model": (28, "General"),
    "category": (16, "General"),
    "room": (18, "General"),
    "state": (12, "General"),
    "use_rate": (14, SHARE),
    "observed_share": (14, SHARE),
    "active_hours": (14, HOURS),
    "last_seen": (20, MOMENT),
    "condition": (12, "General"),
    "original_value": (14, YUAN),
    "acquired": (14, DATE),
    "department": (18, "General"),
    "custodian": (14, "General"),
}
"""Of each column its width in characters and how its numbers are shown."""


def columns(language: str) -> list[Column]:
    """Return the columns with their titles in a language."""
    return [
        Column(render(message(f"asset_list.column.{key}"), language), width, form)
        for key, (width, form) in _COLUMNS.items()
    ]


def cells(
    line: Line,
    use: UseSummary | None,
    rooms: Mapping[str, RoomRow],
    language: str,
    zone: tzinfo,
) -> Sequence[Cell]:
    """Return the cells of an asset; None is what is not known. Moments are the school's own."""
    row = line.asset
    room = rooms.get(row.room) if row.room else None
    condition = ASSET_CONDITIONS.find(row.condition)
    state = line.state if line.presence == "online" else line.presence
    active_s = None
    if use is not None:
        active_s = use.active_in_timetable_s + use.active_out_of_timetable_s
    return (
        row.asset_no,
        row.name,
        " ".join(filter(None, (row.brand, row.model))) or None,
        None if line.category is None else _word("category", line.category, language),
        (room.name if room and room.name else row.room),
        _word("state", state, language),
        None if use is None else use.use_rate,
        None if use is None else use.observed_share,
        None if active_s is None else round(active_s / 3600, 1),
        None if line.last_seen is None else line.last_seen.astimezone(zone),
        row.condition if condition is None else getattr(condition, language, condition.en),
        row.original_value_yuan,
        row.acquired,
        row.department,
        row.custodian,
    )


def _word(kind: str, value: str, language: str) -> str:
    return render(message(f"asset_list.{kind}.{value}"), language)
