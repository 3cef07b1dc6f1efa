"""Use of assets, rooms, categories and the school, in the spans a manager asks for."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from cloud.api.deps import READ, ServicesDep
from cloud.api.parameters import End, Start
from cloud.api.presenters.assets import span
from cloud.api.presenters.schools import registered
from cloud.api.schemas.utilization import UtilizationRow
from cloud.registry.store import Registry
from cloud.utilization import summary

router = APIRouter(prefix="/api/v1", tags=["utilization"], dependencies=[READ])


@router.get("/schools/{school}/utilization", summary="Use, with how much of it was seen")
async def list_utilization(
    school: str,
    services: ServicesDep,
    by: Annotated[summary.By, Query(description="What a row sums up.")] = "asset",
    span_: Annotated[
        summary.Span, Query(alias="span", description="One row per key, or per key and this.")
    ] = "none",
    start: Start = None,
    end: End = None,
    category: Annotated[str | None, Query(description="Only assets of this category.")] = None,
) -> list[UtilizationRow]:
    """Return use per key and span, ordered by both; keys nothing is known of have no row."""
    await run_in_threadpool(registered, services.registry, school)
    first, last = await run_in_threadpool(span, services, school, start, end)
    rows = await summary.use(
        services.store,
        school,
        first,
        last,
        by=by,
        span=span_,
        category=category,
        marks=await run_in_threadpool(_marks, services.registry, school),
    )
    titles = await run_in_threadpool(_titles, services.registry, school, by)
    return [
        UtilizationRow(
            key=row.key,
            title=titles.get(row.key, row.key),
            span=row.span,
            assets=row.assets,
            use=row.summary,
        )
        for row in rows
    ]


def _marks(registry: Registry, school: str) -> summary.LedgerMarks:
    return summary.LedgerMarks.of(registry.asset_rows(school))


def _titles(registry: Registry, school: str, by: summary.By) -> dict[str, str]:
    if by == "asset":
        return {str(row.id): f"{row.asset_no} {row.name}" for row in registry.asset_rows(school)}
    if by == "room":
        return {row.number: row.name or row.number for row in registry.rooms(school)}
    if by == "school":
        return {school: registered(registry, school).name}
    return {}
