"""The score of a school, from the whole down to each piece of evidence."""

from datetime import date, datetime
from functools import cache
from typing import Annotated, NamedTuple

import polars as pl
from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from cloud.api.deps import READ, ServicesDep
from cloud.api.presenters.assets import span, today
from cloud.api.presenters.finding import dimension_shape, finding_shape, standard_line
from cloud.api.presenters.schools import registered
from cloud.api.presenters.text import localized_text
from cloud.api.schemas.score import Finding, Score, StandardLine
from cloud.errors import NotFound
from cloud.messages import message
from cloud.scoring.engine import result as results
from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.school_table import evidence_table, inputs_digest
from cloud.scoring.evidence.collect import gather
from cloud.scoring.evidence.computed import evidence_digest
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.standard import standard
from cloud.scoring.standard.standard import Standard
from cloud.services import Services

DEFAULT = "taizhou-smart-management"
router = APIRouter(prefix="/api/v1", tags=["score"], dependencies=[READ])

Start = Annotated[
    date | None, Query(description="First day, school-local; default the term's first.")
]
End = Annotated[date | None, Query(description="Last day, included; default today.")]
Name = Annotated[str, Query(alias="standard", description="The standard's id.")]


class _Scored(NamedTuple):
    standard: Standard
    result: results.Result
    inputs: str
    """Digest of the standard and of what it reads of the evidence."""


class _Collected(NamedTuple):
    standard: Standard
    evidence: Evidence
    digest: bytes
    """Of the evidence."""


@router.get("/standards", summary="Every edition of every standard")
def list_standards() -> list[StandardLine]:
    """Return the editions shipped, by id and date."""
    return [standard_line(edition) for edition in _editions()]


@router.get("/schools/{school}/score", summary="A school against a standard")
async def get_score(
    school: str, services: ServicesDep, start: Start = None, end: End = None, name: Name = DEFAULT
) -> Score:
    """Return the score with every finding; `value` is null where coverage is too low."""
    collected = await _collected(services, school, start, end, name)

    now = services.clock.now()

    def shown() -> Score:
        shape = services.computed.result(
            ("score shown", collected.standard.edition),
            collected.digest,
            lambda: _shape(_scored(services, collected, school), collected, now),
        )
        return shape.model_copy(update={"computed_at": now})

    return await run_in_threadpool(shown)


@router.get("/schools/{school}/findings/{clause}", summary="One finding with all its evidence")
async def get_finding(
    school: str,
    clause: str,
    services: ServicesDep,
    start: Start = None,
    end: End = None,
    name: Name = DEFAULT,
) -> Finding:
    """Return a finding down to each row that its figure is the sum of."""
    collected = await _collected(services, school, start, end, name)
    scored = await run_in_threadpool(_scored, services, collected, school)
    finding = next(
        (finding for finding in scored.result.findings if finding.clause.id == clause), None
    )
    if finding is None:
        raise NotFound(
            message("api.unknown_clause", standard=scored.standard.edition, clause=clause)
        )
    rows = await run_in_threadpool(_rows, finding, collected.evidence)
    return finding_shape(finding, rows, scored.result.stages, first=None)


@cache
def _editions() -> tuple[Standard, ...]:
    return tuple(standard.editions())


async def _collected(
    services: Services, school: str, start: date | None, end: date | None, name: str
) -> _Collected:
    await run_in_threadpool(registered, services.registry, school)
    first, last = await run_in_threadpool(_span, services, school, start, end)
    chosen = standard.in_force(_editions(), name, last)
    if chosen is None:
        known = sorted({edition.edition for edition in _editions()})
        raise NotFound(message("api.not_in_force", standard=name, day=last, known=known))
    await services.rollups.settled()
    facts = await gather(services.store, services.registry, school, first, last)
    return _Collected(chosen, facts, await run_in_threadpool(evidence_digest, facts))


def _scored(services: Services, collected: _Collected, school: str) -> _Scored:
    chosen = collected.standard

    def compute() -> _Scored:
        scores = score_table(chosen, evidence_table(chosen, collected.evidence))
        inputs = inputs_digest(chosen, scores.table)
        return _Scored(chosen, results.result(scores, school), inputs)

    return services.computed.result(("score", chosen.edition), collected.digest, compute)


def _span(
    services: Services, school: str, start: date | None, end: date | None
) -> tuple[date, date]:
    """Return the span, cut off at today: nothing is known of tomorrow."""
    last = min(end or date.max, today(services, school))
    if start is None:
        term = services.registry.term_on(school, last)
        start = term.starts if term else None
    return span(services, school, start, last)


def _shape(scored: _Scored, collected: _Collected, computed_at: datetime) -> Score:
    result, evidence = scored.result, collected.evidence
    return Score(
        school=result.school,
        standard=scored.standard.edition,
        standard_title=localized_text(scored.standard.title),
        start=evidence.start,
        end=evidence.end,
        value=result.value,
        coverage=result.coverage,
        min_coverage=scored.standard.min_coverage,
        dimensions=[dimension_shape(dimension) for dimension in result.dimensions],
        findings=[
            finding_shape(finding, _rows(finding, evidence), result.stages)
            for finding in result.findings
        ],
        inputs_digest=scored.inputs,
        computed_at=computed_at,
    )


def _rows(finding: results.Finding, evidence: Evidence) -> pl.DataFrame:
    rows = results.evidence_rows(finding.clause, evidence)
    return rows.clear() if finding.outcome == "not_applicable" else rows
