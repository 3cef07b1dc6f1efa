"""A whole city into the cloud's files: records, slots, readings, events, and the roll-up of them.

Invariants:

- A file counts whole or not at all. That it is loaded is noted in the same commit (of slots), or
  right after (of books and readings: loading these again changes nothing). So a load that was
  killed goes on where it was, and the same folder twice changes nothing.
- What a file makes stale is noted in the same commit; the roll-up at the end works off the notes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from cloud.bulk.folder import BookFile, CityFolder
from cloud.clock import Clock
from cloud.errors import LoadError
from cloud.registry.importing.importer import Report, import_file
from cloud.registry.store import Registry
from cloud.telemetry.bulk_files import digest_of, slot_file
from cloud.telemetry.store import BulkStore
from cloud.utilization.refresh import REACH, Rollups

Progress = Callable[[str, int, int], None]
"""Called with a step, how much of it is done, and of how much."""
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; files that were loaded before count as unchanged."""

    book_files: int
    book_rows: int
    slot_files: int
    slots: int
    reading_files: int
    readings: int
    event_files: int
    events: int
    unchanged_files: int


class Load:
    """One load of a folder into a store and a registry that no other process has open."""

    def __init__(
        self,
        folder: CityFolder,
        store: BulkStore,
        registry: Registry,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._folder = folder
        self._store = store
        self._registry = registry
        self._clock = clock
        self._progress = progress
        self._unchanged = 0

    async def run(self) -> Loaded:
        """Load what was not loaded yet, and roll it up."""
        rollups = Rollups(self._store, self._registry, self._clock)
        await rollups.prepare()
        book_files, book_rows = await self._books()
        slot_files, slots = await self._slots(rollups)
        reading_files, readings = await self._points(
            "readings", self._folder.readings, self._store.load_readings
        )
        event_files, events = await self._points(
            "events", self._folder.events, self._store.load_events
        )
        await rollups.settled(lambda done, total: self._progress("roll-up", done, total))
        return Loaded(
            book_files=book_files,
            book_rows=book_rows,
            slot_files=slot_files,
            slots=slots,
            reading_files=reading_files,
            readings=readings,
            event_files=event_files,
            events=events,
            unchanged_files=self._unchanged,
        )

    async def _books(self) -> tuple[int, int]:
        files = rows = 0
        # A registry that was begun anew knows nothing of what was loaded into the old one.
        is_new = not await asyncio.to_thread(self._registry.schools)
        for number, file in enumerate(self._folder.books, 1):
            name = self._folder.name(file.path)
            digest = await asyncio.to_thread(digest_of, file.path)
            if is_new or not await self._store.is_loaded(name, digest):
                report = await asyncio.to_thread(self._import, file)
                await self._store.note_loaded({name: digest})
                files, rows = files + 1, rows + report.rows
            else:
                self._unchanged += 1
            self._progress("books", number, len(self._folder.books))
        return files, rows

    def _import(self, file: BookFile) -> Report:
        report = import_file(
            self._registry, file.kind, file.path.read_bytes(), self._folder.name(file.path)
        )
        if not report.applied:
            problems = "; ".join(
                f"row {problem.row} {problem.column or ''}: {problem.problem}"
                for problem in report.problems[:_SHOWN_PROBLEMS]
            )
            raise LoadError(f"{file.path}: {report.problems_total} problems: {problems}")
        return report

    async def _slots(self, rollups: Rollups) -> tuple[int, int]:
        files = slots = 0
        pairs = [(path, day) for day, paths in self._folder.slots.items() for path in paths]
        for day in self._folder.slots:
            self._in_reach(day)
        try:
            for number, (path, day) in enumerate(pairs, 1):
                file = await asyncio.to_thread(slot_file, path, day)
                schools = await self._store.load_slots(file)
                if schools:
                    rollups.mark(schools)
                    files, slots = files + 1, slots + file.rows
                else:
                    self._unchanged += 1
                self._progress("slots", number, len(pairs))
        finally:
            await self._store.finish_slots()
        return files, slots

    def _in_reach(self, day: date) -> None:
        now = self._clock.now()
        if not (now - REACH).date() < day <= (now + timedelta(days=1)).date():
            raise LoadError(
                f"{self._folder.root}: slots of {day}, expected days of the last {REACH.days} days"
            )

    async def _points(
        self,
        step: str,
        days: Mapping[date, Sequence[Path]],
        put: Callable[[Sequence[Path]], Awaitable[int]],
    ) -> tuple[int, int]:
        """Load files of readings or events, a day at a time."""
        files = rows = 0
        for number, paths in enumerate(days.values(), 1):
            names = {self._folder.name(path): digest_of(path) for path in paths}
            fresh = [
                path
                for path, (name, digest) in zip(paths, names.items(), strict=True)
                if not await self._store.is_loaded(name, digest)
            ]
            self._unchanged += len(paths) - len(fresh)
            if fresh:
                rows += await put(fresh)
                files += len(fresh)
                await self._store.note_loaded(names)
            self._progress(step, number, len(days))
        return files, rows
