"""`campus-cloud report`: what was assessed as Excel, PDF and evidence bundle, without a server."""

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import Commands
from cloud.errors import BadRequest, SettingsError

if TYPE_CHECKING:
    from cloud.assessments.repository import AssessmentRepository
    from cloud.registry.store import Registry
    from cloud.reports.filed import Filed
    from cloud.scoring.evidence.evidence import Evidence
    from cloud.telemetry.duckdb import DuckDBStore

FORMS = ("pdf", "xlsx", "json")
NO_SELECTION = "none"
_File = tuple[str, bytes]


def add(commands: Commands) -> None:
    """Add the command."""
    report = commands.add_parser(
        "report",
        help="write the reports of an assessment: Excel, PDF, evidence bundle",
        description="Write the report of schools, a county or the city, each as PDF, as Excel and "
        "as an evidence bundle that `campus-cloud score --bundle` scores again. Stop a running "
        "cloud before you ask for schools: their rows of evidence are in the telemetry file.",
    )
    report.add_argument("--data", type=Path, help="folder of `campus-cloud serve` (cloud-data)")
    report.add_argument("--assessment", default="latest", metavar="ID", help="which one (latest)")
    report.add_argument(
        "--selection", metavar="ID", help="which one, or none; default the newest that stands"
    )
    whose = report.add_mutually_exclusive_group(required=True)
    whose.add_argument("--school", action="append", metavar="CODE", help="may stand more than once")
    whose.add_argument("--county", metavar="CODE", help="such as 331002")
    whose.add_argument("--city", action="store_true", help="all schools, with the notice")
    report.add_argument(
        "--forms", default=",".join(FORMS), metavar="pdf,xlsx,json", help="which files (all)"
    )
    report.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to")
    report.set_defaults(run=_report, refuse=report.error)


def _report(arguments: argparse.Namespace) -> int:
    from cloud.bulk.offline import settings_of
    from cloud.registry.store import Registry

    forms = arguments.forms.split(",")
    strange = [form for form in forms if form not in FORMS]
    if strange:
        arguments.refuse(f"--forms: {strange[0]!r} is not known; use {', '.join(FORMS)}")
    settings = settings_of(arguments.data)
    if settings.database_url is None and not (settings.data / "registry.sqlite").exists():
        raise SettingsError(f"{settings.data}: holds no registry; give the folder of the cloud")
    registry = Registry.open(settings.registry_url)
    try:
        found = _filed(registry, arguments)
        wanted = _area(found, registry, arguments, forms)
        if arguments.school:
            wanted = _schools(found, arguments.data, arguments.school, forms)
        for name, content in wanted:
            _write(arguments.out / name, content)
    finally:
        registry.close()
    return 0


def _filed(registry: "Registry", arguments: argparse.Namespace) -> "Filed":
    from cloud.assessments.repository import AssessmentRepository
    from cloud.reports.filed import filed

    repository = AssessmentRepository(registry.assessment_log)
    assessment = repository.assessment(arguments.assessment)
    name = _selection(repository, assessment.row.id, arguments.selection)
    if name is None:
        return filed(assessment)
    chosen = repository.selection(name)
    if chosen.row.assessment_id != assessment.row.id:
        raise BadRequest(
            f"selection {name} is one of assessment {chosen.row.assessment_id}, "
            f"not of {assessment.row.id}"
        )
    return filed(assessment, chosen, repository.last(name))


def _selection(
    repository: "AssessmentRepository", assessment: str, asked: str | None
) -> str | None:
    if asked == NO_SELECTION:
        return None
    return asked or repository.standing(assessment)


def _schools(
    found: "Filed", data: Path | None, schools: list[str], forms: list[str]
) -> Iterator[_File]:
    from cloud.reports.filed import PAPERS, bundle_of, file_of, of_school

    for school in schools:
        of_school(found, school)
    people = [form for form in PAPERS if form in forms]
    evidence = _evidence(found, data, schools) if people else {}
    for school in schools:
        report = of_school(found, school, evidence=evidence.get(school))
        for form in people:
            yield f"{school}.{form}", file_of(report, form)
        if "json" in forms:
            yield f"{school}.bundle.json", bundle_of(found.assessment, [school]).encode()


def _evidence(found: "Filed", data: Path | None, schools: list[str]) -> "dict[str, Evidence]":
    """Return the rows of evidence of some schools, as they are now."""
    from cloud.bulk.offline import offline

    with offline(data, make=True) as (store, registry):
        return asyncio.run(_gathered(found, store, registry, schools))


async def _gathered(
    found: "Filed", store: "DuckDBStore", registry: "Registry", schools: list[str]
) -> "dict[str, Evidence]":
    from cloud.clock import SystemClock
    from cloud.scoring.evidence.collect import gather
    from cloud.utilization.refresh import Rollups

    row = found.assessment.row
    await Rollups(store, registry, SystemClock()).prepare()
    return {
        school: await gather(store, registry, school, row.starts, row.ends) for school in schools
    }


def _area(
    found: "Filed", registry: "Registry", arguments: argparse.Namespace, forms: list[str]
) -> Iterator[_File]:
    from cloud.assessments.sensitivity_report import influences
    from cloud.reports.filed import (
        PAPERS,
        bundle_of,
        file_of,
        of_area,
        of_notice,
        publication,
        schools_of,
    )

    name = arguments.county or "city"
    matters = None
    if arguments.county is None and found.chosen is not None and {"pdf", "xlsx"} & set(forms):
        matters = influences(found.assessment, found.chosen)
    report = of_area(found, arguments.county, matters=matters)
    steps = registry.assessment_log.steps(round=found.assessment.row.round)
    told = None
    if found.chosen is not None:
        published = publication(steps, found.chosen.row.id)
        told = of_notice(found, arguments.county, published=published)
    for form in [one for one in PAPERS if one in forms]:
        yield f"{name}.{form}", file_of(report, form)
        if told is not None:
            yield f"{name}.notice.{form}", file_of(told, form)
    if "json" in forms:
        own = schools_of(found, arguments.county) if arguments.county else None
        yield f"{name}.bundle.json", bundle_of(found.assessment, own).encode()


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror}") from None
    print(f"{path}: {len(content):,} bytes")
