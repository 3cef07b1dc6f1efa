"""A reviewer's decision on a declared figure: confirmed, or corrected.

What was declared stays as it was declared: a correction is a declaration of its own day, confirmed
by the reviewer, and the newest declaration is the one that counts.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, NotFound
from cloud.localized_text import LocalizedText
from cloud.messages import message
from cloud.registry import tables
from cloud.registry.codes.own import DECLARED_ITEMS
from cloud.registry.importing.import_job import nearest


def confirm(
    session: Session, school: str, item: str, declared_on: dt.date | None, by: str, today: dt.date
) -> Mapping[str, Any]:
    """Confirm a declaration, the newest one by default; return its contents."""
    row = _declared(session, school, item, declared_on)
    if row.confirmed_on is not None:
        raise Conflict(
            message(
                "declaration.is_confirmed",
                item=_name_of(item),
                school=school,
                declared_on=row.declared_on,
                confirmed_on=row.confirmed_on,
                by=row.confirmed_by,
            )
        )
    row.confirmed_on, row.confirmed_by = today, by
    return {"item": item, "value": row.value, "declared_on": row.declared_on.isoformat()}


def correct(
    session: Session, school: str, item: str, value: float, reason: str, by: str, today: dt.date
) -> Mapping[str, Any]:
    """Declare another figure in the reviewer's name; return the figures before and now."""
    row = _declared(session, school, item, None)
    was = {"item": item, "before": row.value, "before_declared_on": row.declared_on.isoformat()}
    if row.declared_on >= today:
        row.value, row.note = value, reason
    else:
        row = tables.Declaration(
            school_id=school, item=item, value=value, declared_on=today, declared_by=by, note=reason
        )
        session.add(row)
    row.confirmed_on, row.confirmed_by = today, by
    return {**was, "value": value, "declared_on": row.declared_on.isoformat()}


def _name_of(item: str) -> LocalizedText:
    known = DECLARED_ITEMS.find(item)
    return LocalizedText(item if known is None else known.zh, item)


def _declared(
    session: Session, school: str, item: str, declared_on: dt.date | None
) -> tables.Declaration:
    query = (
        select(tables.Declaration)
        .where(tables.Declaration.school_id == school)
        .order_by(tables.Declaration.declared_on)
    )
    rows = list(session.scalars(query))
    matches = [
        row
        for row in rows
        if row.item == item and (declared_on is None or row.declared_on == declared_on)
    ]
    if not matches:
        values = {
            "school": school,
            "item": _name_of(item),
            "hint": nearest(item, {row.item for row in rows}),
        }
        if declared_on is None:
            raise NotFound(message("declaration.none", **values))
        raise NotFound(message("declaration.none_on_day", **values, day=declared_on))
    return matches[-1]
