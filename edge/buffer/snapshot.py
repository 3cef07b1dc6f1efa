"""The buffer's file as its last commit left it: its pages, with those of the log over them.

Nothing is written, and SQLite is not needed: the file may be damaged, or a gateway may run on it.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.buffer import pages, write_ahead_log


class Snapshot:
    """The pages of a buffer; a `with` closes its file.

    Raises OSError where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            log = write_ahead_log.read(write_ahead_log.path_of(path))
            self.flipped_in_log = log.flipped
            """Bits that had flipped in the log, and were put right in what is read here."""
            self._over = log.pages
            size = os.fstat(self._file.fileno()).st_size // pages.PAGE_BYTES
            self.count = log.page_count or size
            """Pages of the file."""
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def page(self, number: int) -> bytes:
        """Return a page, the first of which is 1. Raises IndexError where there is none."""
        if number in self._over:
            return self._over[number]
        if not 1 <= number <= self.count:
            raise IndexError(number)
        data = os.pread(self._file.fileno(), pages.PAGE_BYTES, (number - 1) * pages.PAGE_BYTES)
        if len(data) < pages.PAGE_BYTES:
            raise IndexError(number)
        return data

    def used_pages(self) -> Iterator[tuple[int, bytes]]:
        """Yield the pages that are in use, without the first one and those of the pointer map."""
        for number in range(3, self.count + 1):
            if pages.is_map(number):
                continue
            with contextlib.suppress(IndexError):
                if not pages.is_free(number, self.page):
                    yield number, self.page(number)

    def write(self, path: Path) -> None:
        """Write the pages to another file; where one is missing, zeros."""
        with path.open("wb") as file:
            for number in range(1, self.count + 1):
                try:
                    file.write(self.page(number))
                except IndexError:
                    file.write(bytes(pages.PAGE_BYTES))


@contextlib.contextmanager
def read_lock(path: Path) -> Iterator[None]:
    """Keep a running gateway from moving pages out of the log while a snapshot is read.

    A file that no process has open has no shared memory (`-shm`), and is left alone: SQLite would
    create that with the rights of this process, and the gateway could not open it.
    """
    if not path.with_name(f"{path.name}-shm").exists():
        yield
        return
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        with contextlib.suppress(sqlite3.DatabaseError):  # a damaged file is read all the same
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield
