"""What can still be read of a damaged buffer goes into a new one.

A damaged page hides its own rows. Rows before it are read from the front, rows behind it from the
back, and those on it one by one. Each row has a checksum, so that nothing false is taken over.
"""

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from edge.buffer import schema
from edge.buffer.checksum import checksum
from edge.buffer.entry import Recovered

_log = logging.getLogger(__name__)

_MOST_LOOKUPS = 10_000
_PAGE_COUNT = slice(28, 32)
_FREE_PAGES = slice(32, 40)
_CHANGES = slice(24, 28)

_Row = tuple[object, ...]


def recover(broken: Path, into: sqlite3.Connection) -> Recovered:
    """Copy the sound rows of a damaged file, in one transaction; return what was and was not.

    The damaged file stays as it is: a copy of it is read. Without room for that nothing is taken.
    """
    recovered = Recovered()
    copy = broken.with_name(f"{broken.name}.read")
    try:
        for suffix in ("", "-wal"):
            if Path(f"{broken}{suffix}").exists():
                shutil.copyfile(f"{broken}{suffix}", f"{copy}{suffix}")
        with closing(_open(copy)) as damaged:
            into.execute("BEGIN IMMEDIATE")
            for table in schema.TABLES:
                _copy(table, damaged, into, recovered)
            into.execute("COMMIT")
    except (sqlite3.DatabaseError, OSError) as error:
        _log.error("%s: nothing of it can be read: %s", broken, error)
        if into.in_transaction:
            into.execute("ROLLBACK")
        return Recovered()
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
    return recovered


def _open(broken: Path) -> sqlite3.Connection:
    """Open a damaged file; where its first page is unreadable, with the one of a new buffer."""
    connection = schema.plain(broken)
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'")
        if tables.fetchone()[0] > len(schema.TABLES) - 1:
            for table in schema.TABLES:
                connection.execute(f"SELECT {table.columns} FROM {table.name} LIMIT 0")  # noqa: S608 - names of ours
            return connection
    except sqlite3.DatabaseError:
        pass
    connection.close()
    _replace_first_page(broken)
    return schema.plain(broken)


def _replace_first_page(broken: Path) -> None:
    """Give a file the first page of a new buffer: its tables begin at the same pages."""
    new_file = broken.with_name(f"{broken.name}.first-page")
    with closing(schema.connect(new_file)) as new:
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = bytearray(new_file.read_bytes()[: schema.PAGE_BYTES])
    for suffix in ("", "-wal", "-shm"):
        Path(f"{new_file}{suffix}").unlink(missing_ok=True)
    page[_PAGE_COUNT] = (broken.stat().st_size // schema.PAGE_BYTES).to_bytes(4)
    page[_FREE_PAGES] = bytes(8)
    page[_CHANGES] = bytes(4)  # not what "valid for" holds: the file's size counts
    with broken.open("r+b") as file:
        file.write(page)


def _copy(
    table: schema.Table,
    damaged: sqlite3.Connection,
    into: sqlite3.Connection,
    recovered: Recovered,
) -> None:
    names = f"{table.columns}, crc" if table.has_checksum else table.columns
    places = ", ".join("?" * (names.count(",") + 1))
    insert = f"INSERT OR REPLACE INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608 - names of ours
    for row in _rows(damaged, table, names, recovered):
        if table.has_checksum and row[-1] != checksum(*row[table.first_checked : -1]):
            recovered.damaged += 1
            continue
        into.execute(insert, row)
        recovered.lines += table.name == "lines"


def _rows(
    damaged: sqlite3.Connection, table: schema.Table, names: str, recovered: Recovered
) -> Iterator[_Row]:
    """Read a table from the front, from the back, and between them row by row."""
    select = f"SELECT {names} FROM {table.name}"  # noqa: S608 - names of ours
    front: _Row | None = None
    try:
        for row in damaged.execute(f"{select} ORDER BY {table.order}"):
            yield row
            front = row
    except sqlite3.DatabaseError:
        pass
    else:
        return
    back: _Row | None = None
    with suppress(sqlite3.DatabaseError):
        for row in damaged.execute(f"{select} ORDER BY {table.order_back}"):
            if row == front:
                return
            yield row
            back = row
    if not table.is_numbered:
        recovered.hidden = True
        return
    first = int(str(front[0])) + 1 if front else 1
    last = int(str(back[0])) if back else first + _MOST_LOOKUPS
    for number in range(first, min(last, first + _MOST_LOOKUPS)):
        try:
            yield from damaged.execute(f"{select} WHERE {table.order} = ?", (number,))
        except sqlite3.DatabaseError:
            recovered.hidden = True
