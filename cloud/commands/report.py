"""`campus-cloud report`: what was assessed as Excel, PDF and evidence bundle, without a server."""

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import print_json
from cloud.errors import BadRequest, SettingsError
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    from cloud.assessments.repository import AssessmentRepository
    from cloud.registry.store import Registry
    from cloud.reports.filed import Filed
    from cloud.scoring.evidence.evidence import Evidence
    from cloud.telemetry.store import TelemetryStore

FORMS = ("pdf", "xlsx", "json")
NO_SELECTION = "none"
_File = tuple[str, bytes]


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    report = commands.add(
        "report",
        _report,
        examples=(
            "report --city --out reports",
            "report --county 331002 --out reports --forms pdf,xlsx",
            "report --school 2133100001 --out reports --forms pdf",
        ),
    )
    report.add_argument("--data", type=Path, metavar="DIR", help=text("data"))
    report.add_argument(
        "--assessment", default="latest", metavar="ID", help=text("report.assessment")
    )
    report.add_argument("--selection", metavar="ID", help=text("report.selection"))
    area = report.add_mutually_exclusive_group(required=True)
    area.add_argument("--school", action="append", metavar="CODE", help=text("report.school"))
    area.add_argument("--county", metavar="CODE", help=text("report.county"))
    area.add_argument("--city", action="store_true", help=text("report.city"))
    report.add_argument(
        "--forms", default=",".join(FORMS), metavar="pdf,xlsx,json", help=text("report.forms")
    )
    report.add_argument("--out", type=Path, required=True, metavar="DIR", help=text("report.out"))
    add_json(report)


def _report(arguments: argparse.Namespace) -> int:
    from cloud.bulk.offline import registry_of

    text: Texts = arguments.text
    forms = arguments.forms.split(",")
    unknown = [form for form in forms if form not in FORMS]
    if unknown:
        arguments.refuse(text("report.unknown_form", form=unknown[0], forms=", ".join(FORMS)))
    files = []
    with registry_of(arguments.data) as registry:
        filed = _filed(registry, arguments)
        contents = _area(filed, registry, arguments, forms)
        if arguments.school:
            contents = _schools(filed, arguments.data, arguments.school, forms)
        for name, content in contents:
            path = arguments.out / name
            _write(path, content, text)
            files.append({"file": path, "bytes": len(content)})
            if not arguments.json:
                print(text("report.done", **files[-1]))
    if arguments.json:
        print_json(files)
    return 0


def _filed(registry: "Registry", arguments: argparse.Namespace) -> "Filed":
    from cloud.assessments.repository import AssessmentRepository
    from cloud.reports.filed import filed

    repository = AssessmentRepository(registry.assessment_log)
    assessment = repository.assessment(arguments.assessment)
    name = _selection(repository, assessment.row.id, arguments.selection)
    if name is None:
        return filed(assessment)
    selection = repository.selection(name)
    if selection.row.assessment_id != assessment.row.id:
        raise BadRequest(
            arguments.text(
                "report.other_assessment",
                selection=name,
                assessment=selection.row.assessment_id,
                wanted=assessment.row.id,
            )
        )
    return filed(assessment, selection, repository.last(name))


def _selection(repository: "AssessmentRepository", assessment: str, name: str | None) -> str | None:
    if name == NO_SELECTION:
        return None
    return name or repository.standing(assessment)


def _schools(
    filed: "Filed", data: Path | None, schools: list[str], forms: list[str]
) -> Iterator[_File]:
    from cloud.reports.filed import FILE_FORMS, bundle_of, file_of, of_school

    for school in schools:
        of_school(filed, school)
    file_forms = [form for form in FILE_FORMS if form in forms]
    evidence = _evidence(filed, data, schools) if file_forms else {}
    for school in schools:
        report = of_school(filed, school, evidence=evidence.get(school))
        for form in file_forms:
            yield f"{school}.{form}", file_of(report, form)
        if "json" in forms:
            yield f"{school}.bundle.json", bundle_of(filed.assessment, [school]).encode()


def _evidence(filed: "Filed", data: Path | None, schools: list[str]) -> "dict[str, Evidence]":
    """Return the rows of evidence of some schools, as they are now."""
    from cloud.bulk.offline import offline

    with offline(data, make=True) as (store, registry):
        return asyncio.run(_gathered(filed, store, registry, schools))


async def _gathered(
    filed: "Filed", store: "TelemetryStore", registry: "Registry", schools: list[str]
) -> "dict[str, Evidence]":
    from cloud.clock import SystemClock
    from cloud.scoring.evidence.collect import gather
    from cloud.utilization.refresh import Rollups

    row = filed.assessment.row
    await Rollups(store, registry, SystemClock()).prepare()
    return {
        school: await gather(store, registry, school, row.starts, row.ends) for school in schools
    }


def _area(
    filed: "Filed", registry: "Registry", arguments: argparse.Namespace, forms: list[str]
) -> Iterator[_File]:
    from cloud.assessments.sensitivity_report import sensitivity_of
    from cloud.reports.filed import (
        FILE_FORMS,
        bundle_of,
        file_of,
        of_area,
        of_notice,
        publication,
        schools_of,
    )

    name = arguments.county or "city"
    matters = None
    if arguments.county is None and filed.chosen is not None and {"pdf", "xlsx"} & set(forms):
        matters = sensitivity_of(filed.assessment, filed.chosen)
    report = of_area(filed, arguments.county, matters=matters)
    steps = registry.assessment_log.steps(round=filed.assessment.row.round)
    notice = None
    if filed.chosen is not None:
        published = publication(steps, filed.chosen.row.id)
        notice = of_notice(filed, arguments.county, published=published)
    for form in [form for form in FILE_FORMS if form in forms]:
        yield f"{name}.{form}", file_of(report, form)
        if notice is not None:
            yield f"{name}.notice.{form}", file_of(notice, form)
    if "json" in forms:
        schools = schools_of(filed, arguments.county) if arguments.county else None
        yield f"{name}.bundle.json", bundle_of(filed.assessment, schools).encode()


def _write(path: Path, content: bytes, text: Texts) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise SettingsError(text("cannot_write", path=path, reason=error.strerror)) from None
