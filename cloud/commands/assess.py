"""`campus-cloud assess`: score every school of a folder and file it, without a server."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import day, print_json
from cloud.errors import NotFound, SettingsError
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.progress import Progress
from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    from cloud.assessments.assessment import Filed
    from cloud.clock import Clock
    from cloud.registry.store import Registry
    from cloud.telemetry.store import TelemetryStore

DEFAULT = "taizhou-smart-management"
MEMORY_MB = 2000


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    assess = commands.add(
        "assess",
        _assess,
        examples=(
            "assess --start 2026-09-01 --end 2026-11-20",
            "assess --start 2026-09-01 --end 2026-11-20 --division 3310 --inspections city.json",
            "assess --start 2026-09-01 --end 2026-11-20 --evidence evidence",
        ),
    )
    assess.add_argument("--data", type=Path, metavar="DIR", help=text("data"))
    assess.add_argument(
        "--start", type=day(text), metavar="DAY", required=True, help=text("first_day")
    )
    assess.add_argument(
        "--end", type=day(text), metavar="DAY", required=True, help=text("last_day")
    )
    assess.add_argument(
        "--standard",
        default=DEFAULT,
        metavar="ID|FILE",
        help=text("assess.standard", default=DEFAULT),
    )
    for name in ("school", "division"):
        assess.add_argument(
            f"--{name}", action="append", metavar="CODE", help=text(f"assess.{name}")
        )
    for name in ("evidence", "readings"):
        assess.add_argument(f"--{name}", type=Path, metavar="DIR", help=text(f"assess.{name}"))
    assess.add_argument(
        "--memory-mb",
        type=int,
        default=MEMORY_MB,
        metavar="MB",
        help=text("assess.memory_mb", number=MEMORY_MB),
    )
    assess.add_argument("--inspections", type=Path, metavar="FILE", help=text("assess.inspections"))
    add_json(assess)


def _assess(arguments: argparse.Namespace) -> int:
    from cloud.assessments.editions import text_in_force, text_of
    from cloud.assessments.repository import AssessmentRepository

    text: Texts = arguments.text
    if arguments.readings is not None and arguments.evidence is None:
        arguments.refuse(text("assess.readings_need_evidence"))
    path = Path(arguments.standard)
    is_file = path.suffix in {".yaml", ".yml"}
    standard = text_of(path) if is_file else text_in_force(arguments.standard, arguments.end)
    inspections = _inspections(arguments.inspections, text) if arguments.inspections else {}
    with _registry(arguments) as (store, registry):
        before = {row.id: row.created_at for row in registry.assessment_log.assessments()}
        made = asyncio.run(_made(store, registry, standard, arguments, inspections))
        assessment = AssessmentRepository(registry.assessment_log).assessment(made.row.id)
    totals = assessment.scores.totals
    rated = int(totals["value"].count())
    values = {
        "id": made.row.id,
        "edition": made.row.edition,
        "start": made.row.starts,
        "end": made.row.ends,
        "schools": made.row.schools,
        "rated": rated,
        "passed": int(totals["passed"].sum()),
        "unrated": made.row.schools - rated,
        "findings": len(assessment.integrity),
        "inputs": made.row.inputs,
        "filed": before.get(made.row.id),
    }
    if arguments.json:
        print_json(values)
        return 0
    print(text("assess.done" if values["filed"] is None else "assess.done_again", **values))
    print(text("assess.schools", **values))
    print(text("assess.findings", **values))
    return 0


@contextmanager
def _registry(
    arguments: argparse.Namespace,
) -> "Iterator[tuple[TelemetryStore | None, Registry]]":
    """Open the registry, and the telemetry file where the use is to come from it."""
    from cloud.bulk.offline import offline, registry_of

    if arguments.evidence is None:
        with offline(arguments.data) as both:
            yield both
    else:
        with registry_of(arguments.data) as registry:
            yield None, registry


async def _made(
    store: "TelemetryStore | None",
    registry: "Registry",
    text: str,
    arguments: argparse.Namespace,
    inspections: dict[str, list[date]],
) -> "Filed":
    from cloud.assessments.create import assess
    from cloud.clock import SystemClock

    clock = SystemClock()
    schools = _schools(registry, arguments)
    with Progress(arguments.text) as progress:
        async with _evidence(store, registry, schools, arguments, clock, progress) as rolled_up:
            return await assess(
                rolled_up,
                registry,
                text,
                start=arguments.start,
                end=arguments.end,
                created_at=clock.now(),
                schools=schools,
                inspections=inspections,
                progress=lambda done, total: progress("schools", done, total),
            )


@asynccontextmanager
async def _evidence(
    store: "TelemetryStore | None",
    registry: "Registry",
    schools: list[str] | None,
    arguments: argparse.Namespace,
    clock: "Clock",
    progress: Progress,
) -> "AsyncIterator[TelemetryStore]":
    """Yield a store in which everything is rolled up."""
    from cloud.bulk.evidence_files import evidence_store
    from cloud.bulk.offline import settings_of
    from cloud.utilization.refresh import Rollups

    if store is not None:
        rollups = Rollups(store, registry, clock)
        await rollups.prepare()
        await rollups.settled(lambda done, total: progress("roll-up", done, total))
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
    """Return the schools that the arguments name; None for all."""
    named: list[str] | None = arguments.school
    divisions: list[str] = arguments.division or []
    if not divisions:
        return named
    schools = set(named or ())
    for code in divisions:
        members = {row.id for row in registry.schools() if row.division.startswith(code)}
        if not members:
            raise NotFound(arguments.text("assess.no_school_of_division", code=code))
        schools |= members
    return sorted(schools)


def _inspections(path: Path, text: Texts) -> dict[str, list[date]]:
    """Return the days in a file; raises SettingsError where it is wrong."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        by_code = tree.get("inspections", tree)
        return {
            code: [date.fromisoformat(day) for day in ([days] if isinstance(days, str) else days)]
            for code, days in by_code.items()
        }
    except OSError as error:
        raise SettingsError(text("cannot_read", path=path, reason=error.strerror)) from None
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            text("assess.wrong_inspections", file=path.name, reason=error)
        ) from None
