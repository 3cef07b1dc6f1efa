"""Post line protocol with influxdb-client, and put its many ways to fail into our few.

What the far end's answers mean (InfluxDB 2.7):
- 204: all of it is stored
- 400: a line cannot be parsed; nothing of the batch is stored
- 413: the batch is too large
- 422: a field's type conflicts; the rest of the batch is stored, so sending it again is harmless
- 401, 403, 404: token or bucket is wrong
- 429, 503: wait as long as Retry-After says
"""

import importlib
import json
import sys
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3

from edge.clock import Clock
from edge.errors import BatchRejected, UplinkRefused, UplinkUnavailable

LONGEST_RETRY_AFTER_S = 600.0
_REJECTED = {400, 413, 422}
_WAIT = {408, 425, 429}


class InfluxWriter:
    """Writes batches to one bucket. Blocking: call it on a worker thread."""

    def __init__(
        self, *, url: str, org: str, bucket: str, token: str, timeout_s: float, clock: Clock
    ) -> None:
        client = _import_client()
        self._url = url
        self._org = org
        self._bucket = bucket
        self._clock = clock
        self._api_error: type[Exception] = client.rest.ApiException
        self._client = client.InfluxDBClient(
            url=url,
            token=token,
            org=org,
            enable_gzip=True,
            timeout=(min(timeout_s, 5.0) * 1000, timeout_s * 1000),
            # One attempt per call: when to try again is the drain's decision, which knows the
            # whole backlog.
            retries=urllib3.Retry(0),
        )
        self._api = self._client.write_api(write_options=client.client.write_api.SYNCHRONOUS)

    def write(self, body: bytes) -> None:
        """Return once the far end has stored every line.

        Raises BatchRejected, UplinkRefused or UplinkUnavailable.
        """
        try:
            self._api.write(bucket=self._bucket, org=self._org, record=body, write_precision="ns")
        except self._api_error as error:
            raise self._judged(error) from error
        except (urllib3.exceptions.HTTPError, OSError, UnicodeDecodeError) as error:
            raise UplinkUnavailable(f"{self._url}: {_reason(error)}") from error

    def close(self) -> None:
        """Close the connections."""
        self._api.close()
        self._client.close()

    def _judged(self, error: Any) -> Exception:
        status = int(error.status or 0)
        said = _problem(error.body)
        if status in _REJECTED and said is not None:
            return BatchRejected(status, said)
        if status in {401, 403}:
            return UplinkRefused(
                f"{self._url} refuses the token ({status}); "
                "give the right one in uplink.token or uplink.token_file",
                status=status,
            )
        if status == 404:
            return UplinkRefused(
                f"{self._url} knows no bucket {self._bucket!r} of org {self._org!r} "
                f"({said or 'not found'}); check uplink.url, uplink.org and uplink.bucket",
                status=status,
            )
        if status >= 500 or status in _WAIT or status == 0:
            return UplinkUnavailable(
                f"{self._url} answers {status or 'nothing useful'}: {said or error.reason or ''}",
                retry_after_s=self._retry_after_s(error),
            )
        return UplinkRefused(
            f"{self._url} answers {status}, not as InfluxDB does; check uplink.url", status=status
        )

    def _retry_after_s(self, error: Any) -> float | None:
        text = (error.headers or {}).get("Retry-After")
        if text is None:
            return None
        with suppress(ValueError):
            return min(max(float(text), 0.0), LONGEST_RETRY_AFTER_S)
        with suppress(ValueError, TypeError):
            wait = (parsedate_to_datetime(text) - self._clock.now()).total_seconds()
            return min(max(wait, 0.0), LONGEST_RETRY_AFTER_S)
        return None


def _import_client() -> Any:
    """Import influxdb-client without numpy, which it would load (12 MB) for data frames only."""
    absent = "numpy" not in sys.modules
    if absent:
        sys.modules["numpy"] = None  # type: ignore[assignment]  # import then fails, as documented
    try:
        client = importlib.import_module("influxdb_client")
        importlib.import_module("influxdb_client.rest")
    finally:
        if absent:
            del sys.modules["numpy"]
    return client


def _problem(body: object) -> str | None:
    """Return what an InfluxDB says in an error's body; None where it is not InfluxDB's."""
    if isinstance(body, bytes):
        body = body.decode(errors="replace")
    if not isinstance(body, str):
        return None
    with suppress(ValueError):
        tree = json.loads(body)
        if isinstance(tree, dict):
            text = tree.get("message") or tree.get("error")
            return str(text)[:500] if text else None
    return None


def _reason(error: BaseException) -> str:
    """Return the innermost cause in one line."""
    cause: Any = getattr(error, "reason", None) or error
    text = str(cause).rsplit(": ", 1)[-1].strip(" '\")(")
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__
