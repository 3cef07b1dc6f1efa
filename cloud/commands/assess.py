"""`campus-cloud assess`: score every school of a folder and file it, without a server."""

import argparse
import asyncio
import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import Commands
from cloud.errors import SettingsError

if TYPE_CHECKING:
    from cloud.assessments.assessment import Filed
    from cloud.registry.store import Registry
    from cloud.telemetry.duckdb import DuckDBStore

DEFAULT = "taizhou-smart-management"


def add(commands: Commands) -> None:
    """Add the command."""
    assess = commands.add_parser(
        "assess",
        help="assess the schools of a folder against a standard",
        description="Score every school over a span of days and file the assessment: the same "
        "inputs always make the same one. Stop a running cloud first: the telemetry file belongs "
        "to one process; or ask the running one (POST /api/v1/assessments).",
    )
    assess.add_argument("--data", type=Path, help="folder of `campus-cloud serve` (cloud-data)")
    assess.add_argument("--start", type=_day, required=True, help="first day, YYYY-MM-DD")
    assess.add_argument("--end", type=_day, required=True, help="last day, included")
    assess.add_argument(
        "--standard",
        default=DEFAULT,
        metavar="ID|FILE",
        help=f"an id (its edition in force on the last day), id@date, or a file ({DEFAULT})",
    )
    assess.add_argument("--school", action="append", metavar="CODE", help="only these; repeatable")
    assess.add_argument(
        "--inspections",
        type=Path,
        metavar="FILE",
        help="announced inspections as JSON: a day or a list of days by county or school code "
        "(a city.json will do)",
    )
    assess.set_defaults(run=_assess)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD") from None


def _assess(arguments: argparse.Namespace) -> int:
    from cloud.assessments.edition import text_in_force, text_of
    from cloud.assessments.shelf import Shelf
    from cloud.bulk.offline import offline

    path = Path(arguments.standard)
    is_file = path.suffix in {".yaml", ".yml"}
    text = text_of(path) if is_file else text_in_force(arguments.standard, arguments.end)
    inspections = _inspections(arguments.inspections) if arguments.inspections else {}
    with offline(arguments.data) as (store, registry):
        before = {row.id: row.created_at for row in registry.proceedings.assessments()}
        made = asyncio.run(_made(store, registry, text, arguments, inspections))
        found = Shelf(registry.proceedings).assessment(made.row.id)
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


async def _made(
    store: "DuckDBStore",
    registry: "Registry",
    text: str,
    arguments: argparse.Namespace,
    inspections: dict[str, list[date]],
) -> "Filed":
    from cloud.assessments.gathering import assess
    from cloud.clock import SystemClock
    from cloud.utilization.refresh import Rollups

    clock = SystemClock()
    rollups = Rollups(store, registry, clock)
    await rollups.prepare()
    await rollups.settled()
    return await assess(
        store,
        registry,
        text,
        start=arguments.start,
        end=arguments.end,
        created_at=clock.now(),
        schools=arguments.school,
        inspections=inspections,
        progress=_told if sys.stderr.isatty() else None,
    )


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
