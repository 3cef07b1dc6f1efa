"""Keeps the roll-up up to date, as slots arrive, time passes and records change.

Invariants:

- Every (school, asset, day) touched by a committed write of slots is recomputed after that commit;
  late slots are like any others. A new sender is recomputed on all days.
- Rows are computed from one state of the store and written later. A slot that arrives between the
  two marks its day again, and recomputations never overlap, so the last write is always right.
- Time alone makes rows too: once in a slot's length the current day of every connected school is
  recomputed, so that a silent device becomes unobserved.
- What is stale is noted in the store (`cloud.telemetry.rollup_store`). A restart recomputes what
  was noted and what came after, and no more; a city that is interrupted goes on where it was.

Schools are recomputed in batches, days in chunks: memory does not grow with their number.
"""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cloud.clock import Clock
from cloud.registry.queries.rollup_queries import book_tables
from cloud.registry.store import Registry
from cloud.telemetry.store import Sender, TelemetryStore, UsageWritten
from cloud.utilization.arrow_inputs import DayCuts, School, SchoolDays, inputs
from cloud.utilization.due_slots import days_between
from cloud.utilization.periods import slot_start
from cloud.utilization.reference_rollup import GRACE, LessonRule
from cloud.utilization.rollup_plan import rollup_plan
from cloud.utilization.school_inputs import ledgers
from device_profiles.usage import SLOT_S

log = logging.getLogger(__name__)

REACH = timedelta(days=400)
"""How far back slots are rolled up; what claims to be older, or of a later day, is not."""

_SCHOOLS_AT_ONCE = 100
_SCHOOL_DAYS_AT_ONCE = 500
_RETRY_S = 5
_RECEIPT_MARGIN = timedelta(hours=1)

Progress = Callable[[int, int], None]
"""Called with how many days of schools are rolled up, and of how many."""
Days = dict[date, set[str] | None]
"""Days to be recomputed for some assets, or (None) for all."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Days of a school to be recomputed for every asset; None is as far as there is data."""

    school: str
    start: date | None
    end: date | None


class Rollups:
    """The roll-up's tables, kept true: `prepare()` once, then `run()` for good."""

    def __init__(
        self,
        store: TelemetryStore,
        registry: Registry,
        clock: Clock,
        *,
        rule: LessonRule | None = None,
        coalesce_s: float = 0.5,
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._rollups = store.rollups
        self._plan = rollup_plan(rule or LessonRule())
        self._coalesce_s = coalesce_s
        self._lock = threading.Lock()
        self._written: list[UsageWritten] = []
        self._spans: set[_Span] = set()
        self._senders: dict[str, dict[str, Sender]] = {}
        self._ticked: datetime | None = None
        self._working = asyncio.Lock()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        store.on_usage(self._on_usage)
        registry.on_change(self._on_change)

    @property
    def horizon(self) -> datetime:
        """Return the moment before which a slot that is not there is missing."""
        return self._clock.now() - GRACE

    @property
    def _reach(self) -> datetime:
        """Return the moment before which a slot's time is a wrong clock's, and not rolled up."""
        return self._clock.now() - REACH

    async def prepare(self) -> None:
        """Make the tables where they are missing, and mark whatever is stale."""
        self._loop = asyncio.get_running_loop()
        await self._rollups.prepare()
        self._senders = await self._store.senders(self._reach)
        written, spans = await self._stale()
        with self._lock:
            self._written.extend(written)
            self._spans.update(spans)

    async def run(self) -> None:
        """Recompute what is marked, soon after it was marked, until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            try:
                await self._work_off()
            except Exception:
                log.exception("the roll-up could not be kept up; trying again in %d s", _RETRY_S)
                await asyncio.sleep(_RETRY_S)
                continue
            try:
                async with asyncio.timeout(SLOT_S / 2):
                    await self._wake.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(self._coalesce_s)

    async def settled(self, progress: Progress | None = None) -> None:
        """Return once everything written and imported so far is rolled up."""
        await self._store.flush()
        await self._work_off(progress)

    async def rebuild(
        self, school: str, start: date | None = None, end: date | None = None
    ) -> None:
        """Recompute a span of days of a school, by default everything it has."""
        with self._lock:
            self._spans.add(_Span(school, start, end))
        await self.settled()

    def mark(self, schools: Iterable[str]) -> None:
        """Mark all days of schools, whose slots were archived."""
        with self._lock:
            self._spans.update(_Span(school, None, None) for school in schools)
        self._rouse()

    def _on_usage(self, written: Sequence[UsageWritten]) -> None:
        with self._lock:
            self._written.extend(written)
        self._rouse()

    def _on_change(self, _kind: str, schools: frozenset[str]) -> None:
        # The note first: what is marked may be worked off at once, and the note must be there then.
        self._rollups.note_stale(schools)
        self.mark(schools)

    def _rouse(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake.set)

    async def _work_off(self, progress: Progress | None = None) -> None:
        async with self._working:
            self._wake.clear()
            self._tick()
            while True:
                with self._lock:
                    written, self._written = self._written, []
                    spans, self._spans = self._spans, set()
                if not written and not spans:
                    break
                try:
                    await self._recompute_all(written, spans, progress)
                except BaseException:
                    with self._lock:
                        self._written.extend(written)
                        self._spans.update(spans)
                    raise

    def _tick(self) -> None:
        """Mark the days since the last time, of every connected school, once in a slot's length."""
        tick = slot_start(self.horizon)
        if self._ticked == tick:
            return
        since = min(self._ticked or tick, tick) - timedelta(seconds=SLOT_S)
        self._ticked = tick
        with self._lock:
            self._spans.update(self._since(school, since) for school in self._senders)

    def _since(self, school: str, moment: datetime) -> _Span:
        """Return the days from a moment on, wherever in the world the school is."""
        return _Span(school, (moment - timedelta(hours=12)).date(), None)

    async def _recompute_all(
        self, written: Sequence[UsageWritten], spans: Iterable[_Span], progress: Progress | None
    ) -> None:
        by_school: dict[str, tuple[list[UsageWritten], list[_Span]]] = defaultdict(lambda: ([], []))
        for slots in written:
            by_school[slots.school][0].append(slots)
        for span in spans:
            by_school[span.school][1].append(span)
        names = sorted(by_school)
        for at in range(0, len(names), _SCHOOLS_AT_ONCE):
            batch = names[at : at + _SCHOOLS_AT_ONCE]
            marked = {school: by_school[school] for school in batch}

            def report(share: float, at: int = at, size: int = len(batch)) -> None:
                if progress is not None:
                    progress(round(100 * (at + share * size)), 100 * len(names))

            await self._recompute(marked, report)
        await self._rollups.note_progress(self.horizon, self._is_complete)

    async def _recompute(
        self,
        marked: dict[str, tuple[list[UsageWritten], list[_Span]]],
        progress: Callable[[float], None],
    ) -> None:
        """Recompute what is marked of a batch of schools."""
        before = {school: self._senders.get(school, {}) for school in marked}
        await self._meet(marked)
        schools = await asyncio.to_thread(self._schools, sorted(marked))
        purged = await self._purged(schools, marked)
        wanted: dict[str, Days] = {}
        for name, (written, spans) in marked.items():
            wanted[name] = self._wanted(
                schools[name], before[name], written, spans, is_purged=name in purged
            )
        whole = [name for name, (_, spans) in marked.items() if any(s.start is None for s in spans)]
        if whole:
            noted = [
                (name, day)
                for name in whole
                for day, assets in wanted[name].items()
                if assets is None
            ]
            await self._rollups.note_stale_days(whole, noted)
        chunks = list(_chunks(wanted))
        cut = DayCuts(self.horizon)
        for number, chunk in enumerate(chunks, 1):
            await self._recompute_chunk(schools, chunk, cut)
            progress(number / len(chunks))

    def _wanted(
        self,
        school: School,
        before: dict[str, Sender],
        written: Iterable[UsageWritten],
        spans: Iterable[_Span],
        *,
        is_purged: bool,
    ) -> Days:
        """Return the days to be recomputed: of single assets, or whole."""
        books = school.books
        days: Days = {}
        if books.connected is None:
            return days
        today = books.day_of(self.horizon)
        reach = books.day_of(self._reach), today + timedelta(days=1)
        # Of the first day that has slots, a purge may have taken some.
        first = books.connected + timedelta(days=1) if is_purged else books.connected
        for slots in written:
            is_new = slots.asset not in before
            start = first if is_new else max(books.day_of(slots.first), reach[0])
            end = min(books.day_of(slots.last), reach[1])
            for day in days_between(start, max(end, today) if is_new else end):
                assets = days.setdefault(day, set())
                assert assets is not None  # noqa: S101  no day is whole as yet
                assets.add(slots.asset)
        whole = [(max(span.start or first, first), span.end or today) for span in spans]
        connected = min((sender.first for sender in before.values()), default=None)
        if connected is None or books.day_of(connected) > books.connected:
            whole.append((books.connected, books.day_of(connected) if connected else today))
        for start, end in whole:
            days |= dict.fromkeys(days_between(start, min(end, today)))
        return days

    async def _recompute_chunk(
        self, schools: dict[str, School], chunk: Sequence[SchoolDays], cut: DayCuts
    ) -> None:
        made = await asyncio.to_thread(inputs, schools, chunk, cut)
        rows = await self._rollups.compute(self._plan, made)
        whole = [
            (school_days.school, day)
            for school_days in chunk
            for day, assets in school_days.days.items()
            if assets is None
        ]
        await self._rollups.replace(whole, made.targets, rows)

    def _schools(self, names: Sequence[str]) -> dict[str, School]:
        records = ledgers(book_tables(self._registry, names), names)
        return {name: School.of(records[name], self._senders.get(name, {})) for name in names}

    async def _purged(
        self,
        schools: dict[str, School],
        marked: dict[str, tuple[list[UsageWritten], list[_Span]]],
    ) -> set[str]:
        """Return the schools that have rows of days whose slots are gone."""
        connected = {name: school.books.connected for name, school in schools.items()}
        in_question = [
            name
            for name, first in connected.items()
            if first is not None
            and any(span.start is None or span.start <= first for span in marked[name][1])
        ]
        if not in_question:
            return set()
        first_days = await self._rollups.first_days(in_question)
        return {
            name
            for name in in_question
            if name in first_days and first_days[name] < (connected[name] or date.min)
        }

    async def _meet(self, marked: dict[str, tuple[list[UsageWritten], list[_Span]]]) -> None:
        """Learn who sends: from the tables, or from the write where every name is known."""
        afresh = []
        for school, (written, spans) in marked.items():
            known = self._senders.get(school)
            if (
                known is None
                or any(span.start is None for span in spans)
                or any(slots.asset not in known for slots in written)
            ):
                afresh.append(school)
                continue
            for slots in written:
                sender = known[slots.asset]
                if slots.first < sender.first:
                    first = max(slots.first, self._reach)
                    # A new dictionary: what was known before is compared with it.
                    known = known | {slots.asset: Sender(first, sender.room, sender.category)}
            self._senders[school] = known
        if afresh:
            self._senders |= await self._store.senders(self._reach, afresh)

    def _is_complete(self) -> bool:
        """Whether nothing is marked; asked where no write of slots can come between."""
        with self._lock:
            return not self._written and not self._spans

    async def _stale(self) -> tuple[list[UsageWritten], list[_Span]]:
        """Return the slots received since everything was rolled up, and the days since then."""
        spans = [_Span(school, day, day) for school, day in await self._rollups.stale_days()]
        progress = await self._rollups.progress()
        if progress.received_until is None or progress.rolled_until is None:
            schools = await self._store.slot_schools()
            return [], [*spans, *(_Span(school, None, None) for school in schools)]
        written = await self._store.slots_received_since(progress.received_until - _RECEIPT_MARGIN)
        since = [self._since(school, progress.rolled_until) for school in self._senders]
        return written, [*spans, *since]


def _chunks(wanted: dict[str, Days]) -> Iterator[list[SchoolDays]]:
    """Yield the days of schools in the order of days, so many at once."""
    pairs = sorted((day, school) for school, days in wanted.items() for day in days)
    for at in range(0, len(pairs), _SCHOOL_DAYS_AT_ONCE):
        chunk: dict[str, dict[date, frozenset[str] | None]] = {}
        for day, school in pairs[at : at + _SCHOOL_DAYS_AT_ONCE]:
            assets = wanted[school][day]
            chunk.setdefault(school, {})[day] = None if assets is None else frozenset(assets)
        yield [SchoolDays(school, days) for school, days in chunk.items()]
