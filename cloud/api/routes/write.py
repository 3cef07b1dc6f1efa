"""The InfluxDB v2 write API: `/api/v2/write`, with InfluxDB's own codes and error shapes.

204 means durable. 400 names the first line that cannot be parsed, and nothing of the batch is
stored. 422 names the first field that changed type, and the rest is stored.
"""

import asyncio
import zlib
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from cloud.api.deps import WRITE, ServicesDep
from cloud.errors import BadRequest, NotFound, TooLarge, Unprocessable
from cloud.services import Services
from cloud.telemetry.line_protocol import PRECISIONS, Batch
from device_profiles.points import to_ns

router = APIRouter(tags=["influxdb"])
_SMALL_BODY = 64_000


@router.post(
    "/api/v2/write",
    status_code=204,
    summary="Write line protocol, as to InfluxDB 2",
    dependencies=[WRITE],
)
async def write_points(
    request: Request,
    services: ServicesDep,
    org: Annotated[str, Query(description="The organisation's name.")] = "",
    bucket: Annotated[str, Query(description="The bucket's name.")] = "",
    precision: Annotated[str, Query(description="ns, us, ms or s")] = "ns",
    orgID: Annotated[str, Query(description="The organisation's name, too.")] = "",  # noqa: N803  InfluxDB's spelling
) -> Response:
    """Store points; answer once they are durable."""
    _check_target(services, org or orgID, bucket, precision)
    body = await _body(request, int(services.settings.max_write_mb * 1_000_000))
    result = await services.store.write(await _parse(services, body, precision))
    if result.conflict:
        raise Unprocessable(
            "failure writing points to database: partial write: field type conflict: "
            f"{result.conflict} dropped={result.dropped}"
        )
    return Response(status_code=204)


def _check_target(services: Services, org: str, bucket: str, precision: str) -> None:
    if org not in {"", services.settings.org}:
        raise NotFound(f'organization name "{org}" not found')
    if not bucket:
        raise NotFound("bucket not found; name it as in ?bucket=" + services.settings.bucket)
    if bucket != services.settings.bucket:
        raise NotFound(f'bucket "{bucket}" not found')
    if precision not in PRECISIONS:
        raise BadRequest(f"invalid precision {precision!r}; use one of {', '.join(PRECISIONS)}")


async def _parse(services: Services, body: bytes, precision: str) -> Batch:
    """Parse on the loop what is small, elsewhere what would hold it up."""
    at = to_ns(services.clock.now())
    if len(body) < _SMALL_BODY:
        return services.parser.parse(body, precision=precision, now_ns=at)
    return await asyncio.to_thread(services.parser.parse, body, precision=precision, now_ns=at)


async def _body(request: Request, limit: int) -> bytes:
    """Return the body, unpacked; stop as soon as it grows beyond the limit."""
    encoding: str = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise BadRequest(f"content encoding {encoding!r} is not known; use gzip or none")
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            part = unpack.decompress(chunk, limit - size + 1) if unpack else chunk
            size += len(part)
            if size > limit:
                raise TooLarge(f"the body is larger than {limit} bytes; write fewer lines at once")
            parts.append(part)
    except zlib.error as error:
        raise BadRequest(f"the body is not valid gzip: {error}") from None
    if unpack and size and not unpack.eof:
        raise BadRequest("the gzip body ends too early")
    return b"".join(parts)
