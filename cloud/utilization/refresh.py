"""Keeps the roll-up up to date, as slots arrive, time passes and the books change.

Invariants:

- Every (school, asset, day) touched by a committed write of slots is recomputed after that commit;
  late slots are like any others.
- A row is computed on a reader and written on the writer. A slot that arrives between the two marks
  its day again, and recomputations never overlap, so the last word is always the right one.
- Time alone makes rows too: once in a slot's length the current day of every connected school is
  recomputed, so that a silent device becomes unobserved without saying anything.
- `usage_rollup_state` remembers up to which receipt everything is rolled up, and whether a change
  of the books was still to be followed. A restart recomputes what came after, and no more.
"""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from cloud.clock import Clock
from cloud.registry.store import Registry
from cloud.telemetry.store import TelemetryStore, UsageWritten
from cloud.utilization import rollup
from cloud.utilization.books import Books, Sender, days_between, school_days
from cloud.utilization.periods import cuts, slot_start
from cloud.utilization.use import Lesson, LessonRule
from device_profiles.usage import SLOT_S

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=10)
"""How long after its end a slot may take to arrive before its absence counts."""
REACH = timedelta(days=400)
"""How far back slots are rolled up; what claims to be older, or of a later day, is not."""

_BATCH_DAYS = 7
_RETRY_S = 5
_RECEIPT_MARGIN = timedelta(hours=1)


_SLOTS_OF_SPAN = """
with slots as (
    select * from usage_slots where school = ? and slot_start between ? and ?
)
select * from (
"""


@dataclass(frozen=True, slots=True)
class _Span:
    """Days of a school to be recomputed for every asset; None is as far as there is data."""

    school: str
    start: date | None
    end: date | None


@dataclass(slots=True)
class _Work:
    """What is to be recomputed for one school: single assets on days, and whole days."""

    pairs: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))
    whole: set[date] = field(default_factory=set)


class Rollups:
    """The table `usage_rollup`, kept true: `prepare()` once, then `run()` for good."""

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
        self._rule = rule or LessonRule()
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
        await asyncio.wrap_future(self._store.run_write(_make_tables))
        self._senders = await self._store.read(
            lambda con: {school: _senders(con, school, self._reach) for school in _schools(con)}
        )
        stale, spans = await self._store.read(self._stale)
        with self._lock:
            self._written.extend(stale)
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

    async def settled(self) -> None:
        """Return once everything written and imported so far is rolled up."""
        await asyncio.wrap_future(self._store.run_write(lambda _: None))
        await self._work_off()

    async def rebuild(
        self, school: str, start: date | None = None, end: date | None = None
    ) -> None:
        """Recompute a span of days of a school, by default everything it has."""
        with self._lock:
            self._spans.add(_Span(school, start, end))
        await self.settled()

    def _on_usage(self, written: Sequence[UsageWritten]) -> None:
        with self._lock:
            self._written.extend(written)
        self._rouse()

    def _on_change(self, _kind: str, schools: frozenset[str]) -> None:
        with self._lock:
            self._spans.update(_Span(school, None, None) for school in schools)
        self._store.run_write(_note_change)
        self._rouse()

    def _rouse(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake.set)

    async def _work_off(self) -> None:
        async with self._working:
            self._wake.clear()
            await self._tick()
            while True:
                with self._lock:
                    written, self._written = self._written, []
                    spans, self._spans = self._spans, set()
                if not written and not spans:
                    break
                try:
                    await self._recompute_all(written, spans)
                except BaseException:
                    with self._lock:
                        self._written.extend(written)
                        self._spans.update(spans)
                    raise

    async def _tick(self) -> None:
        """Mark the current day of every connected school, once in a slot's length."""
        tick = slot_start(self.horizon)
        if self._ticked == tick:
            return
        since = max(self._ticked or tick, tick - timedelta(days=1)) - timedelta(seconds=SLOT_S)
        self._ticked = tick
        for school in self._senders:
            zone = await asyncio.to_thread(self._registry.zone, school)
            span = _Span(school, since.astimezone(zone).date(), tick.astimezone(zone).date())
            with self._lock:
                self._spans.add(span)

    async def _recompute_all(self, written: Sequence[UsageWritten], spans: Iterable[_Span]) -> None:
        for school in sorted({w.school for w in written} | {s.school for s in spans}):
            await self._recompute(
                school,
                [w for w in written if w.school == school],
                [s for s in spans if s.school == school],
            )
        await asyncio.wrap_future(self._store.run_write(self._note_done))

    async def _recompute(
        self, school: str, written: Sequence[UsageWritten], spans: Sequence[_Span]
    ) -> None:
        connected = self._connected(school)
        await self._meet(school, written, afresh=bool(spans))
        books = await asyncio.to_thread(self._books, school)
        if books.connected is None:
            return
        work = _Work()
        today = books.day_of(self.horizon)
        reach = days_between(books.day_of(self._reach), today + timedelta(days=1))
        for one in written:
            for day in days_between(
                max(books.day_of(one.first), reach[0]), min(books.day_of(one.last), reach[-1])
            ):
                work.pairs[day].add(one.asset)
        whole = await self._first_whole(books)
        for span in spans:
            start = max(span.start or whole, whole)
            work.whole.update(days_between(start, min(span.end or today, today)))
        if connected is not None and self._connected(school) != connected:
            work.whole.update(days_between(books.connected, books.day_of(connected)))
        elif connected is None:
            work.whole.update(days_between(books.connected, today))
        dirty = sorted(work.whole | set(work.pairs))
        for _, group in groupby(enumerate(dirty), lambda item: item[0] // _BATCH_DAYS):
            await self._recompute_days(books, [day for _, day in group], work)

    async def _first_whole(self, books: Books) -> date:
        """Return the first day of which every slot is still there; a purge may cut into one."""
        connected = books.connected
        assert connected is not None  # noqa: S101  asked by the caller

        def is_cut(con: duckdb.DuckDBPyConnection) -> bool:
            query = "select 1 from usage_rollup where school = ? and day < ? limit 1"
            return con.execute(query, [books.school, connected]).fetchone() is not None

        return connected + timedelta(days=1) if await self._store.read(is_cut) else connected

    async def _recompute_days(self, books: Books, days: list[date], work: _Work) -> None:
        names = books.names
        targets = [
            books.target(asset, day)
            for day in days
            for asset in sorted(names if day in work.whole else work.pairs[day])
        ]
        calendar, lessons = await asyncio.to_thread(self._timetable, books.school, days)
        cut = [c for day in school_days(days, calendar, books.zone) for c in cuts(day)]
        tables = {
            "cuts": rollup.cuts_table(books.school, cut, self.horizon),
            "targets": rollup.targets_table(targets),
            "lessons": rollup.lessons_table(books.school, lessons),
        }
        span = (cut[0].slot_start, cut[-1].slot_start)
        fresh = await self._store.read(lambda con: self._compute(con, books.school, span, tables))
        whole = [day for day in days if day in work.whole]
        await asyncio.wrap_future(
            self._store.run_write(
                lambda con: _replace(con, books.school, tables["targets"], whole, fresh)
            )
        )

    def _compute(
        self,
        con: duckdb.DuckDBPyConnection,
        school: str,
        span: tuple[datetime, datetime],
        tables: dict[str, pa.Table],
    ) -> pa.Table:
        query = _SLOTS_OF_SPAN + rollup.sql("duckdb", self._rule) + ")"
        parameters = [school, rollup.naive_utc(span[0]), rollup.naive_utc(span[1])]
        with _registered(con, tables):
            return con.sql(query, params=parameters).to_arrow_table()

    def _timetable(self, school: str, days: Sequence[date]) -> tuple[Any, set[Lesson]]:
        calendar = self._registry.calendar(school, days[0], days[-1])
        lessons = self._registry.lessons(school, days[0], days[-1])
        return calendar, {Lesson(row.day, row.period, row.room) for row in lessons}

    def _connected(self, school: str) -> datetime | None:
        return min((s.first for s in self._senders.get(school, {}).values()), default=None)

    async def _meet(self, school: str, written: Iterable[UsageWritten], *, afresh: bool) -> None:
        """Learn who sends: from the table, or from the write where every name is known."""
        known = self._senders.get(school)
        if afresh or known is None or any(one.asset not in known for one in written):
            self._senders[school] = await self._store.read(
                lambda con: _senders(con, school, self._reach)
            )
            return
        for one in written:
            sender = known[one.asset]
            if one.first < sender.first:
                first = max(one.first, self._reach)
                known[one.asset] = Sender(first, sender.room, sender.category)

    def _books(self, school: str) -> Books:
        return Books(
            school,
            self._registry.zone(school),
            self._registry.asset_rows(school),
            self._registry.bindings(school),
            self._senders.get(school, {}),
        )

    def _note_done(self, con: duckdb.DuckDBPyConnection) -> None:
        """Note that all is rolled up; on the writer, where no write of slots can come between."""
        with self._lock:
            if self._written or self._spans:
                return
        con.execute(
            "update usage_rollup_state set books_changed = false, received_until = "
            "coalesce((select max(received_at) from usage_slots), timestamp '1970-01-01')"
        )

    def _stale(self, con: duckdb.DuckDBPyConnection) -> tuple[list[UsageWritten], list[_Span]]:
        """Return the slots received since everything was rolled up, and the days since then."""
        row = con.execute("select received_until, books_changed from usage_rollup_state").fetchone()
        until, changed = row or (None, True)
        if until is None or changed:
            return [], [_Span(school, None, None) for school in _schools(con)]
        found = con.execute(
            "select school, asset, min(slot_start), max(slot_start) from usage_slots "
            "where received_at > ? group by school, asset, cast(slot_start as date)",
            [until - _RECEIPT_MARGIN],
        ).fetchall()
        written = [
            UsageWritten(school, asset, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
            for school, asset, first, last in found
        ]
        day = until.date() - timedelta(days=1)
        return written, [_Span(school, day, None) for school in _schools(con)]


@contextmanager
def _registered(con: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table]) -> Iterator[None]:
    """Let a cursor name Arrow tables, for the length of a block."""
    for name, table in tables.items():
        con.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            con.unregister(name)


def _make_tables(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(rollup.DDL)
    con.execute(
        "create table if not exists usage_rollup_state "
        "(received_until timestamp, books_changed boolean)"
    )
    con.execute(
        "insert into usage_rollup_state "
        "select null, true where not exists (select 1 from usage_rollup_state)"
    )


def _note_change(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update usage_rollup_state set books_changed = true")


def _schools(con: duckdb.DuckDBPyConnection) -> list[str]:
    found = con.execute("select distinct school from usage_slots order by school").fetchall()
    return [school for (school,) in found]


def _senders(con: duckdb.DuckDBPyConnection, school: str, since: datetime) -> dict[str, Sender]:
    found = con.execute(
        "select asset, min(slot_start), arg_max(room, slot_start), arg_max(category, slot_start) "
        "from usage_slots where school = ? and slot_start >= ? group by asset",
        [school, rollup.naive_utc(since)],
    ).fetchall()
    return {
        asset: Sender(first.replace(tzinfo=UTC), room or None, category or None)
        for asset, first, room, category in found
    }


def _replace(
    con: duckdb.DuckDBPyConnection,
    school: str,
    targets: pa.Table,
    whole: Sequence[date],
    fresh: pa.Table,
) -> None:
    """Put the fresh rows in the place of the old ones, dropping those that are no more."""
    tables = {
        "targets": targets.select(["asset", "day"]),
        "whole_days": pa.table({"day": pa.array(whole, pa.date32())}),
        "fresh": fresh,
    }
    with _registered(con, tables):
        con.execute(
            """
            delete from usage_rollup where school = ?
            and ((asset, day) in (select asset, day from targets)
                 or day in (select day from whole_days))
            and (asset, day, period) not in (select asset, day, period from fresh)
            """,
            [school],
        )
        con.execute("insert or replace into usage_rollup select * from fresh")
