"""Make an assessment of many schools: a batch of schools at a time, so memory stays bounded."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime

import polars as pl

from cloud.assessments.assessment import Assessment, Filed, FiledFinding, assessed
from cloud.errors import NotFound, Unprocessable
from cloud.integrity.collect import Inspections, gather_facts
from cloud.integrity.inputs import Facts
from cloud.integrity.results import as_filed, run_checks
from cloud.messages import message
from cloud.registry.rows import SchoolRow
from cloud.registry.store import Registry
from cloud.scoring.engine.school_table import evidence_table
from cloud.scoring.evidence.collect import gather
from cloud.scoring.evidence.computed import ComputedFromEvidence, evidence_digest
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.standard.standard import Standard, parse_standard
from cloud.telemetry.store import TelemetryStore

Progress = Callable[[int, int], None]
"""Called with how many schools are done, and of how many."""
BATCH = 25
MOST_DAYS = 3 * 366


async def assess(
    store: TelemetryStore,
    registry: Registry,
    standard_yaml: str,
    *,
    start: date,
    end: date,
    created_at: datetime,
    schools: Sequence[str] | None = None,
    inspections: Inspections | None = None,
    progress: Progress | None = None,
) -> Filed:
    """Return the assessment of some schools, or of all, and file it where it is not filed yet.

    `inspections` are days that schools knew of before, which the integrity checks look at.
    """
    if start > end:
        raise Unprocessable(message("api.days_reversed", start=start, end=end))
    if (end - start).days > MOST_DAYS:
        raise Unprocessable(message("api.span_too_long", start=start, end=end, years=3))
    rows = await asyncio.to_thread(_chosen, registry, schools)
    standard = parse_standard(standard_yaml, "the standard")
    tables: list[pl.DataFrame] = []
    integrity: list[FiledFinding] = []
    for at in range(0, len(rows), BATCH):
        batch = rows[at : at + BATCH]
        facts = await _gathered(store, registry, batch, start, end)
        tables.append(await asyncio.to_thread(_table, standard, facts, batch))
        inputs = await gather_facts(store, registry, facts, inspections)
        integrity += await asyncio.to_thread(_findings, inputs)
        if progress is not None:
            progress(min(at + BATCH, len(rows)), len(rows))
    filed = await asyncio.to_thread(
        assessed,
        standard_yaml,
        pl.concat(tables, how="vertical"),
        start=start,
        end=end,
        integrity=integrity,
        created_at=created_at,
    )
    await asyncio.to_thread(
        registry.assessment_log.file_assessment, filed.row, filed.evidence, filed.integrity
    )
    return filed


async def evidence_now(
    store: TelemetryStore,
    registry: Registry,
    computed: ComputedFromEvidence,
    assessment: Assessment,
    school: SchoolRow,
) -> pl.DataFrame:
    """Return the evidence table of one school of an assessment as it is now."""
    filed = assessment.row
    facts = await _gathered(store, registry, [school], filed.starts, filed.ends)

    def table() -> pl.DataFrame:
        return computed.result(
            ("evidence table", filed.id),
            evidence_digest(facts),
            lambda: evidence_table(assessment.standard, facts),
        )

    return _named(await asyncio.to_thread(table), [school])


def _chosen(registry: Registry, schools: Sequence[str] | None) -> list[SchoolRow]:
    rows = registry.schools()
    if schools is not None:
        strange = sorted(set(schools) - {row.id for row in rows})
        if strange:
            raise NotFound(message("api.unknown_school", school=strange[0]))
        rows = [row for row in rows if row.id in set(schools)]
    if not rows:
        raise Unprocessable(message("api.no_schools"))
    return rows


async def _gathered(
    store: TelemetryStore,
    registry: Registry,
    schools: Sequence[SchoolRow],
    start: date,
    end: date,
) -> Evidence:
    return await gather(store, registry, [school.id for school in schools], start, end)


def _table(standard: Standard, facts: Evidence, schools: Sequence[SchoolRow]) -> pl.DataFrame:
    return _named(evidence_table(standard, facts), schools)


def _findings(facts: Facts) -> Sequence[FiledFinding]:
    return as_filed(run_checks(facts))


def _named(table: pl.DataFrame, schools: Sequence[SchoolRow]) -> pl.DataFrame:
    """Return the table with the schools' columns of the register."""
    known = pl.DataFrame(
        {
            "id": [row.id for row in schools],
            "name": [row.name for row in schools],
            "division": [row.division for row in schools],
            "urban_rural": [row.urban_rural for row in schools],
        },
        schema=dict.fromkeys(("id", "name", "division", "urban_rural"), pl.String),
    )
    return table.update(known, on="id")
