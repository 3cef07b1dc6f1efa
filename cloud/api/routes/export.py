"""Everything stored, as NDJSON streams: one row a line, in constant memory."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from cloud.api.deps import READ, StoreDep
from cloud.api.schemas.assets import ReadingRow, SlotRow
from cloud.telemetry.store import TelemetryStore

router = APIRouter(prefix="/api/v1/export", tags=["export"], dependencies=[READ])

School = Annotated[str, Query(description="The school's identification code.")]
From = Annotated[AwareDatetime | None, Query(alias="from", description="From this moment on.")]
To = Annotated[AwareDatetime | None, Query(description="Up to, without, this moment.")]
_NDJSON = "application/x-ndjson"


@router.get(
    "/readings",
    summary="Every stored reading, by asset, point and time",
    response_class=StreamingResponse,
    responses={200: {"content": {_NDJSON: {"schema": {"type": "string"}}}}},
)
def export_readings(
    store: StoreDep, school: School, from_: From = None, to: To = None
) -> StreamingResponse:
    """Stream a ReadingRow a line."""
    return StreamingResponse(_readings(store, school, from_, to), media_type=_NDJSON)


@router.get(
    "/usage",
    summary="Every stored usage slot, by asset and time",
    response_class=StreamingResponse,
    responses={200: {"content": {_NDJSON: {"schema": {"type": "string"}}}}},
)
def export_usage(
    store: StoreDep, school: School, from_: From = None, to: To = None
) -> StreamingResponse:
    """Stream a SlotRow a line."""
    return StreamingResponse(_usage(store, school, from_, to), media_type=_NDJSON)


def _readings(
    store: TelemetryStore, school: str, start: datetime | None, end: datetime | None
) -> Iterator[str]:
    for chunk in store.export_readings(school, start, end):
        yield "".join(
            ReadingRow(
                asset=row.asset, point=row.point, observed_at=row.observed_at, value=row.value
            ).model_dump_json()
            + "\n"
            for row in chunk
        )


def _usage(
    store: TelemetryStore, school: str, start: datetime | None, end: datetime | None
) -> Iterator[str]:
    for chunk in store.export_slots(school, start, end):
        yield "".join(
            SlotRow(
                asset=slot.asset,
                start=slot.start,
                active_s=slot.active_s,
                standby_s=slot.standby_s,
                off_s=slot.off_s,
                unobserved_s=slot.unobserved_s,
                energy_wh=slot.energy_wh,
            ).model_dump_json()
            + "\n"
            for slot in chunk
        )
