"""Records of stage sizes, declarations, tickets, counts, disposals and chemicals -> rows.

As in `ledger`, nothing is committed here. Rows are made or changed and never removed.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from cloud.localized_text import LocalizedText
from cloud.messages import message
from cloud.registry import tables
from cloud.registry.codes import own, statistics
from cloud.registry.importing.import_job import (
    Job,
    Row,
    assets_of,
    is_span,
    lacks_needed,
    nearest,
    once,
    stated,
)
from cloud.registry.importing.ledger import the_asset
from cloud.registry.importing.table_reader import Record

Sound = Callable[[Record, Row | None], bool]


def apply_stage_sizes(job: Job, records: Sequence[Record]) -> None:
    """Make or change the sizes of stages, of those that the school's type teaches."""

    def is_taught(record: Record, _stored: Row | None) -> bool:
        stage = record.get("stage")
        school_type = job.schools[record.get("school")]["school_type"]
        taught = statistics.stages(school_type)
        if stage in taught:
            return True
        item = statistics.SCHOOL_TYPES.find(school_type)
        name = school_type if item is None else f"{school_type} {item.zh}"
        problem = (
            message("import.row.stage_not_taught", got=stage, school_type=name, taught=taught)
            if taught
            else message("import.row.no_stages", got=stage, school_type=name)
        )
        job.refuse(record, "学段", problem)
        return False

    table = tables.StageSize
    _apply(job, records, table, table.school_id, ("stage",), ("classes", "pupils"), {}, is_taught)


def apply_declarations(job: Job, records: Sequence[Record]) -> None:
    """Make or change declarations; a confirmation holds when and by whom."""
    fields = ("value", "declared_by", "note", "confirmed_on", "confirmed_by")

    def is_sound(record: Record, stored: Row | None) -> bool:
        when, who = _after(record, stored, "confirmed_on"), _after(record, stored, "confirmed_by")
        if (when is None) != (who is None):
            column = "核实日期" if when is None else "核实人"
            job.refuse(record, column, message("import.row.half_confirmation"))
            return False
        return is_span(job, record, "declared_on", "confirmed_on", "核实日期")

    table = tables.Declaration
    keys, needed = ("item", "declared_on"), {"value": "数值"}
    saved = _apply(job, records, table, table.school_id, keys, fields, needed, is_sound)
    _refuse_impossible(job, saved)


PART_OF = {
    "new_books": "library_books",
    "rooms_with_wifi": "main_rooms",
    "rooms_opened_after_class": "main_rooms",
    "kindergarten_items_present": "kindergarten_items_listed",
    "experiments_group_done": "experiments_group_due",
    "desk_light_ok_rooms": "desk_light_measured_rooms",
}
"""Declared items that are a part of another, and cannot be more."""
HOURS_OF_A_WEEK = 168
MOST = {
    "chemical_controls_met": 5,
    "library_hours_week": HOURS_OF_A_WEEK,
    "display_hours_week": HOURS_OF_A_WEEK,
}
"""The most that there can be of an item."""


def _refuse_impossible(job: Job, saved: Sequence[tuple[Record, Row]]) -> None:
    """Refuse a part that is more than its whole, of the newest declarations of a school."""
    table = tables.Declaration
    schools = {row["school_id"] for _, row in saved}
    rows = [*job.rows(table, table.school_id, schools), *(row for _, row in saved)]
    newest: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["school_id"], row["item"])
        if key not in newest or row["declared_on"] >= newest[key]["declared_on"]:
            newest[key] = row
    records = {(row["school_id"], row["item"], row["declared_on"]): record for record, row in saved}
    for record, row in saved:
        most = MOST.get(row["item"])
        if most is not None and row["value"] > most:
            problem = message("import.row.more_than_most", got=row["value"], most=most)
            job.refuse(record, "数值", problem)
    for school in sorted(schools):
        for part_item, whole_item in PART_OF.items():
            part, whole = newest.get((school, part_item)), newest.get((school, whole_item))
            if part is None or whole is None or part["value"] <= whole["value"]:
                continue
            for row in (part, whole):
                refused = records.get((school, row["item"], row["declared_on"]))
                if refused is not None:
                    problem = message(
                        "import.row.more_than_whole",
                        part_item=_item(part_item),
                        part=part["value"],
                        whole_item=_item(whole_item),
                        whole=whole["value"],
                    )
                    job.refuse(refused, "数值", problem)
                    break


def _item(code: str) -> LocalizedText:
    item = own.DECLARED_ITEMS.find(code)
    return LocalizedText(code, code) if item is None else LocalizedText(item.zh, item.en)


_MOMENTS = {
    "reported_at": "报修时间",
    "accepted_at": "受理时间",
    "closed_at": "完成时间",
    "verified_at": "验收时间",
}


def apply_tickets(job: Job, records: Sequence[Record]) -> None:
    """Make or change repair tickets, of assets in the ledger, with their moments in order."""
    records = [record for record in records if job.knows_school(record)]
    assets = assets_of(job, {record.get("school") for record in records})

    def is_sound(record: Record, stored: Row | None) -> bool:
        number = record.get("asset_no")
        if "asset_no" in record.values:
            record.values["asset_id"] = None if number is None else the_asset(job, record, assets)
        earlier: tuple[str, dt.datetime] | None = None
        for key, title in _MOMENTS.items():
            moment = _after(record, stored, key)
            if moment is None:
                continue
            if earlier is not None and moment < earlier[1]:
                before, column = earlier
                problem = message(
                    "import.row.moment_before",
                    moment=f"{moment:%Y-%m-%d %H:%M}",
                    column=before,
                    earlier=f"{column:%Y-%m-%d %H:%M}",
                )
                job.refuse(record, title, problem)
            earlier = (title, moment)
        return not record.is_broken

    table = tables.Ticket
    fields = ("asset_id", "origin", *_MOMENTS, "is_fault")
    needed = {"origin": "来源", "reported_at": "报修时间"}
    _apply(job, records, table, table.school_id, ("ticket_no",), fields, needed, is_sound)


def apply_stocktakes(job: Job, records: Sequence[Record]) -> None:
    """Make or change what counts found; only what is surplus is outside the ledger."""
    records = [record for record in records if job.knows_school(record)]
    assets = assets_of(job, {record.get("school") for record in records})

    def is_sound(record: Record, stored: Row | None) -> bool:
        number, result = record.get("asset_no"), _after(record, stored, "result")
        numbers = assets.get(record.get("school"), {})
        if result == "surplus" and number in numbers:
            job.refuse(record, "盘点结果", message("import.row.surplus_in_ledger"))
        elif result != "surplus" and number not in numbers:
            hint = nearest(number, numbers, message("import.hint.surplus"))
            problem = message("import.row.unknown_asset", got=number, hint=hint)
            job.refuse(record, "资产编号", problem)
        return not record.is_broken

    table = tables.Stocktake
    keys, needed = ("asset_no", "counted_on"), {"result": "盘点结果"}
    _apply(job, records, table, table.school_id, keys, ("result", "counted_by"), needed, is_sound)


def apply_disposals(job: Job, records: Sequence[Record]) -> None:
    """Make or change disposals; the asset may have left the ledger long ago."""
    table = tables.Disposal
    keys, fields = ("asset_no", "disposed_on"), ("method", "approval_no", "record_no")
    _apply(job, records, table, table.school_id, keys, fields, {}, _always)


def apply_chemicals(job: Job, records: Sequence[Record]) -> None:
    """Make or change batches of chemicals; a count holds how much and when."""

    def is_sound(record: Record, stored: Row | None) -> bool:
        count, day = (
            _after(record, stored, "counted_quantity"),
            _after(record, stored, "counted_on"),
        )
        if (count is None) != (day is None):
            column = "清点数量" if count is None else "清点日期"
            job.refuse(record, column, message("import.row.half_count"))
        return not record.is_broken

    table = tables.Chemical
    fields = ("name", "book_quantity", "counted_quantity", "unit", "counted_on")
    needed = {"name": "品名", "book_quantity": "账面数量"}
    _apply(job, records, table, table.school_id, ("batch_no",), fields, needed, is_sound)


def _apply(
    job: Job,
    records: Sequence[Record],
    table: type[tables.Table],
    owner: InstrumentedAttribute[str],
    keys: tuple[str, ...],
    fields: tuple[str, ...],
    needed: Mapping[str, str],
    is_sound: Sound,
) -> list[tuple[Record, Row]]:
    """Make or change rows that a school and `keys` name; return them with their records."""
    records = [record for record in records if not record.is_broken and job.knows_school(record)]
    schools = {record.get("school") for record in records}
    stored = {
        (row["school_id"], *(row[key] for key in keys)): row
        for row in job.rows(table, owner, schools)
    }
    saved = []
    may_repeat = table is not tables.Chemical  # two equal lines may be two bottles of a batch
    for record in once(job, records, ["school", *keys], may_repeat=may_repeat):
        key = (record.get("school"), *(record.get(name) for name in keys))
        stored_row = stored.get(key)
        lacks = lacks_needed(job, record, needed, is_new=stored_row is None)
        if not lacks and is_sound(record, stored_row):
            named = dict(zip(("school_id", *keys), key, strict=True))
            row = job.save(table, stored_row, {**named, **stated(record, fields)})
            saved.append((record, row))
    return saved


def _after(record: Record, stored: Row | None, key: str) -> Any:
    """Return a value as it will be: from the file, or as stored where the file has none."""
    if key in record.values or stored is None:
        return record.get(key)
    return stored[key]


def _always(_record: Record, _stored: Row | None) -> bool:
    return True
