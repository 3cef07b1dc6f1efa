"""`campus-cloud assess`: score every school of a folder and file it, without a server."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import Commands, day
from cloud.errors import NotFound, SettingsError

if TYPE_CHECKING:
    from cloud.assessments.assessment import Filed
    from cloud.clock import Clock
    from cloud.registry.store import Registry
    from cloud.telemetry.duckdb import DuckDBStore

DEFAULT = "taizhou-smart-management"
MEMORY_MB = 2000


def add(commands: Commands) -> None:
    """Add the command."""
    assess = commands.add_parser(
        "assess",
        help="assess the schools of a folder against a standard",
        description="Score every school over a span of days and file the assessment: the same "
        "inputs always make the same one. Stop a running cloud first: the telemetry file belongs "
        "to one process; or ask the running one (POST /api/v1/assessments). With --evidence no "
        "telemetry is touched, and clouds that share the registry may go on.",
    )
    assess.add_argument("--data", type=Path, help="folder of `campus-cloud serve` (cloud-data)")
    assess.add_argument("--start", type=day, required=True, help="first day, YYYY-MM-DD")
    assess.add_argument("--end", type=day, required=True, help="last day, included")
    assess.add_argument(
        "--standard",
        default=DEFAULT,
        metavar="ID|FILE",
        help=f"an id (its edition in force on the last day), id@date, or a file ({DEFAULT})",
    )
    assess.add_argument("--school", action="append", metavar="CODE", help="only these; repeatable")
    assess.add_argument(
        "--division",
        action="append",
        metavar="CODE",
        help="only schools of a county, or of all that begin with so many digits; repeatable",
    )
    assess.add_argument(
        "--evidence", type=Path, metavar="DIR", help="use from what `rollup` wrote, not from --data"
    )
    assess.add_argument(
        "--readings", type=Path, metavar="DIR", help="of sensors, as Parquet; with --evidence"
    )
    assess.add_argument(
        "--memory-mb", type=int, default=MEMORY_MB, help=f"for --evidence ({MEMORY_MB})"
    )
    assess.add_argument(
        "--inspections",
        type=Path,
        metavar="FILE",
        help="announced inspections as JSON: a day or a list of days by county or school code "
        "(a city.json will do)",
    )
    assess.set_defaults(run=_assess, refuse=assess.error)


def _assess(arguments: argparse.Namespace) -> int:
    from cloud.assessments.editions import text_in_force, text_of
    from cloud.assessments.repository import AssessmentRepository

    if arguments.readings is not None and arguments.evidence is None:
        arguments.refuse("--readings needs --evidence")
    path = Path(arguments.standard)
    is_file = path.suffix in {".yaml", ".yml"}
    text = text_of(path) if is_file else text_in_force(arguments.standard, arguments.end)
    inspections = _inspections(arguments.inspections) if arguments.inspections else {}
    with _registry(arguments) as (store, registry):
        before = {row.id: row.created_at for row in registry.assessment_log.assessments()}
        made = asyncio.run(_made(store, registry, text, arguments, inspections))
        found = AssessmentRepository(registry.assessment_log).assessment(made.row.id)
    totals = found.scores.totals
    rated = totals["value"].count()
    print(
        f"assessment {made.row.id}{_filed(before.get(made.row.id))}: {made.row.edition}, "
        f"{made.row.starts} to {made.row.ends}"
    )
    print(
        f"  {made.row.schools} schools: {rated} rated, {totals['passed'].sum()} pass, "
        f"{made.row.schools - rated} with too little evidence"
    )
    print(f"  {len(found.integrity)} integrity findings; inputs {made.row.inputs}")
    return 0


@contextmanager
def _registry(
    arguments: argparse.Namespace,
) -> "Iterator[tuple[DuckDBStore | None, Registry]]":
    """Open the registry, and the telemetry file where the use is to come from it."""
    from cloud.bulk.offline import offline, registry_of

    if arguments.evidence is None:
        with offline(arguments.data) as both:
            yield both
    else:
        with registry_of(arguments.data) as registry:
            yield None, registry


async def _made(
    store: "DuckDBStore | None",
    registry: "Registry",
    text: str,
    arguments: argparse.Namespace,
    inspections: dict[str, list[date]],
) -> "Filed":
    from cloud.assessments.create import assess
    from cloud.clock import SystemClock

    clock = SystemClock()
    schools = _schools(registry, arguments)
    async with _evidence(store, registry, schools, arguments, clock) as gathered:
        return await assess(
            gathered,
            registry,
            text,
            start=arguments.start,
            end=arguments.end,
            created_at=clock.now(),
            schools=schools,
            inspections=inspections,
            progress=_told if sys.stderr.isatty() else None,
        )


@asynccontextmanager
async def _evidence(
    store: "DuckDBStore | None",
    registry: "Registry",
    schools: list[str] | None,
    arguments: argparse.Namespace,
    clock: "Clock",
) -> "AsyncIterator[DuckDBStore]":
    """Yield a store in which everything is rolled up."""
    from cloud.bulk.evidence_files import evidence_store
    from cloud.bulk.offline import settings_of
    from cloud.utilization.refresh import Rollups

    if store is not None:
        rollups = Rollups(store, registry, clock)
        await rollups.prepare()
        await rollups.settled()
        yield store
        return
    settings = settings_of(arguments.data)
    async with evidence_store(
        arguments.evidence,
        arguments.readings,
        schools=[row.id for row in registry.schools()] if schools is None else schools,
        end=arguments.end,
        memory_mb=arguments.memory_mb,
        threads=settings.duckdb_threads,
    ) as made:
        yield made


def _schools(registry: "Registry", arguments: argparse.Namespace) -> list[str] | None:
    """Return the schools asked for, None for all."""
    asked: list[str] | None = arguments.school
    divisions: list[str] = arguments.division or []
    if not divisions:
        return asked
    found = set(asked or ())
    for code in divisions:
        own = {row.id for row in registry.schools() if row.division.startswith(code)}
        if not own:
            raise NotFound(f"division {code}: no school of it is registered")
        found |= own
    return sorted(found)


def _inspections(path: Path) -> dict[str, list[date]]:
    """Return the days in a file; raises SettingsError where it is wrong."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        days = tree.get("inspections", tree)
        return {
            code: [date.fromisoformat(day) for day in ([one] if isinstance(one, str) else one)]
            for code, one in days.items()
        }
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f'{path.name}: expected days by code, such as {{"331002": ["2026-11-20"]}}: {error}'
        ) from None


def _told(done: int, of: int) -> None:
    print(f"\r{done} of {of} schools", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _filed(before: datetime | None) -> str:
    return "" if before is None else f" (filed on {before:%Y-%m-%d %H:%M} UTC)"
