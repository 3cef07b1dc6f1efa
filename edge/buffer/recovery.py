"""What can still be read of a damaged buffer goes into a new one.

The pages that hold rows are read one by one, whatever leads to them: a damaged page hides its own
rows and no others. Each row has a checksum, so that nothing false is taken over. Pages that the
pointer map calls free are left out: they hold lines that the server has.
"""

import logging
import sqlite3
from pathlib import Path

from edge.buffer import pages, schema
from edge.buffer.entry import Recovered
from edge.buffer.snapshot import Snapshot

_log = logging.getLogger(__name__)


def recover(broken: Path, into: sqlite3.Connection) -> Recovered:
    """Copy the sound rows of a damaged file, in one transaction; return what was and was not.

    The damaged file stays as it is. Without room for the rows nothing is taken.
    """
    try:
        with Snapshot(broken) as snapshot:
            return copy_rows(snapshot, into)
    except (sqlite3.DatabaseError, OSError) as error:
        _log.error("%s: nothing of it can be read: %s", broken, error)
        return Recovered()


def copy_rows(snapshot: Snapshot, into: sqlite3.Connection) -> Recovered:
    """Copy the sound rows of a snapshot into the tables of a new buffer.

    Raises sqlite3.DatabaseError where they cannot be written; then none is.
    """
    recovered = Recovered()
    (counts,) = into.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = ?", (schema.COUNTS.name,)
    ).fetchone()
    into.execute("BEGIN IMMEDIATE")
    try:
        for number, page in snapshot.used_pages():
            sound = _sound(number, page, recovered)
            if sound is None:
                continue
            for row in pages.rows(sound, snapshot.page):
                if row is None:
                    recovered.damaged.append(f"page {number}")
                elif number == counts:
                    _take_count(row, into)
                elif not _take(row, into, recovered):
                    recovered.damaged.append(f"page {number}{_name(row)}")
        into.execute("COMMIT")
    except BaseException:
        into.execute("ROLLBACK")
        raise
    return recovered


def _sound(number: int, page: bytes, recovered: Recovered) -> bytes | None:
    """Return a page that holds rows, mended where it does not add up; None where it holds none."""
    if pages.is_tree(page) and pages.adds_up(page):
        return page if pages.has_rows(page) else None
    if page[0] == 0:  # an overflow page, or one of the list of free pages
        return None
    recovered.pages.append(number)
    mended = pages.repaired(page, schema.is_right)
    if mended is None:
        recovered.hidden = recovered.hidden or not pages.is_tree(page)
        mended = page
    return mended if pages.has_rows(mended) else None


def _take(row: pages.Row, into: sqlite3.Connection, recovered: Recovered) -> bool:
    """Copy a row where it is sound; return whether it is, or is none of a table (of an index)."""
    if schema.is_set_aside(row):
        _insert(schema.SET_ASIDE, (row.number, *row.columns[1:]), into)
        return True
    for table in schema.CHECKED_TABLES:
        values = table.row(row)
        if values is not None and table.is_right(values):
            _insert(table, values, into)
            recovered.lines += table is schema.LINES
            return True
    return schema.is_right(row)


def _name(row: pages.Row) -> str:
    """Return the table and number of a damaged row, nothing where its form is of none."""
    tables = [table.name for table in schema.CHECKED_TABLES if table.row(row) is not None]
    number = "" if row.number is None else f" {row.number}"
    return f", {tables[0]}{number}" if tables else ""


def _take_count(row: pages.Row, into: sqlite3.Connection) -> None:
    if list(map(type, row.columns)) == [str, int]:
        _insert(schema.COUNTS, row.columns, into)


def _insert(table: schema.Table, values: tuple[pages.Value, ...], into: sqlite3.Connection) -> None:
    places = ", ".join("?" * len(values))
    into.execute(
        f"INSERT OR REPLACE INTO {table.name} ({', '.join(table.stored)}) VALUES ({places})",  # noqa: S608 - names of ours
        values,
    )
