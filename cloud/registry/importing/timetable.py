"""Records of terms, periods, timetables and holidays -> rows of the tables.

As in `ledger`, nothing is committed here.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cloud.messages import message
from cloud.registry import tables
from cloud.registry.importing.import_job import (
    Job,
    Row,
    is_span,
    lacks_needed,
    nearest,
    once,
    rooms_of,
    stated,
    the_room,
)
from cloud.registry.importing.table_reader import Record

Terms = Mapping[tuple[str, str], Row]


def apply_terms(job: Job, records: Sequence[Record]) -> None:
    """Make or change terms; two terms of a school may not overlap."""
    records = [record for record in records if job.knows_school(record)]
    terms = _terms(job, records)
    needed = {"starts": "开始日期", "ends": "结束日期"}
    rows: dict[tuple[str, str], Record] = {}
    for record in once(job, records, ["school", "term"]):
        key = (record.get("school"), record.get("term"))
        if lacks_needed(job, record, needed, is_new=key not in terms):
            continue
        if not is_span(job, record, "starts", "ends", "结束日期"):
            continue
        values = {"school_id": key[0], "name": key[1], **stated(record, needed)}
        terms[key] = job.save(tables.Term, terms.get(key), values)
        rows[key] = record
    by_school: dict[str, list[Row]] = defaultdict(list)
    for term in terms.values():
        by_school[term["school_id"]].append(term)
    for school, school_terms in by_school.items():
        ordered = sorted(school_terms, key=lambda term: term["starts"])
        for earlier, later in pairwise(ordered):
            row = rows.get((school, later["name"])) or rows.get((school, earlier["name"]))
            if later["starts"] <= earlier["ends"] and row is not None:
                problem = message(
                    "import.row.terms_overlap",
                    later=later["name"],
                    starts=later["starts"],
                    earlier=earlier["name"],
                    ends=earlier["ends"],
                )
                job.refuse(row, "开始日期", problem)


def apply_periods(job: Job, records: Sequence[Record]) -> None:
    """Replace the periods of the terms named."""
    terms = _terms(job, records)
    records = [
        record for record in records if job.knows_school(record) and _term(job, record, terms)
    ]
    named = {terms[record.get("school"), record.get("term")]["id"] for record in records}
    stored = {
        (period["term_id"], period["number"]): period
        for period in job.rows(tables.Period, tables.Period.term_id, named)
    }
    needed = {"starts": "开始时间", "ends": "结束时间"}
    by_term: dict[int, list[tuple[dt.time, dt.time, Record]]] = defaultdict(list)
    for record in once(job, records, ["school", "term", "number"]):
        term = terms[record.get("school"), record.get("term")]
        number = record.get("number")
        period = stored.pop((term["id"], number), None)
        if lacks_needed(job, record, needed, is_new=period is None):
            continue
        values = {"term_id": term["id"], "number": number, **stated(record, needed)}
        if "name" in record.values or period is None:
            values["name"] = record.get("name") or f"第{number}节"
        if number < 1:
            job.refuse(record, "节次", message("import.row.period_number", got=number))
            continue
        saved = _save(job, tables.Period, period, values, term)
        starts, ends = saved["starts"], saved["ends"]
        if starts >= ends:
            problem = message(
                "import.row.period_ends", ends=f"{ends:%H:%M}", starts=f"{starts:%H:%M}"
            )
            job.refuse(record, "结束时间", problem)
        by_term[term["id"]].append((starts, ends, record))
    for periods in by_term.values():
        _refuse_overlaps(job, periods)
    _remove_rest(job, tables.Period, stored.values(), terms)


def _refuse_overlaps(job: Job, periods: list[tuple[dt.time, dt.time, Record]]) -> None:
    ordered = sorted(periods, key=lambda period: period[:2])
    for (_, ends, earlier), (starts, _, later) in pairwise(ordered):
        if starts < ends:
            problem = message(
                "import.row.periods_overlap",
                later=later.get("number"),
                starts=f"{starts:%H:%M}",
                earlier=earlier.get("number"),
                ends=f"{ends:%H:%M}",
            )
            job.refuse(later, "开始时间", problem)


def apply_timetable(job: Job, records: Sequence[Record]) -> None:
    """Replace the timetables of the terms named."""
    terms = _terms(job, records)
    records = [
        record for record in records if job.knows_school(record) and _term(job, record, terms)
    ]
    rooms = rooms_of(job, {record.get("school") for record in records})
    named = {terms[record.get("school"), record.get("term")]["id"] for record in records}
    stored = {
        (lesson["term_id"], lesson["weekday"], lesson["period"], lesson["room_id"]): lesson
        for lesson in job.rows(tables.Lesson, tables.Lesson.term_id, named)
    }
    periods: dict[int, set[int]] = defaultdict(set)
    for period in job.rows(tables.Period, tables.Period.term_id, named):
        periods[period["term_id"]].add(period["number"])
    room_ids = {
        record.row: the_room(job, record, rooms[record.get("school")], "房间编号")
        for record in records
    }
    records = [record for record in records if not record.is_broken]
    for record in once(job, records, ["school", "term", "weekday", "period", "room"]):
        term = terms[record.get("school"), record.get("term")]
        room = room_ids[record.row]
        if record.get("period") not in periods[term["id"]]:
            values = {"term": term["name"], "got": record.get("period")}
            known = sorted(periods[term["id"]])
            problem = (
                message("import.row.unknown_period", **values, known=known)
                if known
                else message("import.row.no_periods", **values)
            )
            job.refuse(record, "节次", problem)
            continue
        key = (term["id"], record.get("weekday"), record.get("period"), room)
        values = dict(zip(("term_id", "weekday", "period", "room_id"), key, strict=True))
        values |= stated(record, ("class_name", "subject"))
        _save(job, tables.Lesson, stored.pop(key, None), values, term)
    _remove_rest(job, tables.Lesson, stored.values(), terms)


def apply_holidays(job: Job, records: Sequence[Record]) -> None:
    """Make, change or take back closed days and make-up days."""
    days = {record.get("day") for record in records}
    stored = {
        (holiday["school_id"], holiday["day"]): holiday
        for holiday in job.rows(tables.Holiday, tables.Holiday.day, days)
    }
    for record in once(job, records, ["school", "day"]):
        school, day, kind = record.get("school"), record.get("day"), record.get("kind")
        if school is not None and not job.knows_school(record):
            continue
        holiday = stored.get((school, day))
        before = job.unchanged
        if kind == "cancelled":
            if holiday is not None:
                job.remove(tables.Holiday, holiday, school)
            else:
                job.unchanged += 1
        elif _agrees(job, record):
            values = {"school_id": school, "day": day, "follows": record.get("follows")}
            values |= stated(record, ("name",))
            job.save(tables.Holiday, holiday, values)
        job.touches_all = job.touches_all or (school is None and job.unchanged == before)


def _agrees(job: Job, record: Record) -> bool:
    """Whether a make-up day names the weekday it follows, and a closed day does not."""
    if record.get("kind") == "makeup" and record.get("follows") is None:
        job.refuse(record, "补星期", message("import.row.makeup_weekday"))
        return False
    if record.get("kind") == "closed" and record.get("follows") is not None:
        job.refuse(record, "补星期", message("import.row.closed_weekday"))
        return False
    return True


def _terms(job: Job, records: Iterable[Record]) -> dict[tuple[str, str], Row]:
    schools = {record.get("school") for record in records}
    terms = job.rows(tables.Term, tables.Term.school_id, schools)
    return {(term["school_id"], term["name"]): term for term in terms}


def _term(job: Job, record: Record, terms: Terms) -> bool:
    """Whether the record's term is known; a problem is noted where it is not."""
    school, name = record.get("school"), record.get("term")
    if (school, name) in terms:
        return True
    hint = nearest(name, [term for owner, term in terms if owner == school])
    job.refuse(record, "学期", message("import.row.unknown_term", got=name, hint=hint))
    return False


def _save(
    job: Job,
    table: type[tables.Table],
    stored: Row | None,
    values: Mapping[str, Any],
    term: Row,
) -> Row:
    before = job.unchanged
    saved = job.save(table, stored, values)
    if job.unchanged == before:
        job.touch(term["school_id"])
    return saved


def _remove_rest(job: Job, table: type[tables.Table], left: Iterable[Row], terms: Terms) -> None:
    owner = {term["id"]: term["school_id"] for term in terms.values()}
    for row in () if job.is_partial else left:
        job.remove(table, row, owner[row["term_id"]])
