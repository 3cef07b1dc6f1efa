"""Write line protocol with influxdb-client, and map its errors to the few of the gateway.

What the responses of an InfluxDB 2.7 mean:
- 204: all of it is stored
- 400: a line cannot be parsed; nothing of the batch is stored
- 413: the batch is too large; where a proxy refuses it, with any page or none
- 422: a field's type conflicts; the rest of the batch is stored, so sending it again is harmless
- 401, 403, 404: token or bucket is wrong
- 429, 503: wait as long as Retry-After gives

influxdb-client loads numpy where it finds it, for data frames that the gateway never makes. The
extra `edge` does not bring numpy, so a gateway's installation does not pay for it (13 MB); an
environment with the extras of a developer does.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from edge.clock import Clock
from edge.errors import BatchRejected, UplinkRefused, UplinkUnavailable

LONGEST_RETRY_AFTER_S = 600.0
_REJECTED = {400, 413, 422}
_WAIT = {408, 425, 429}


class InfluxWriter:
    """Writes batches to one bucket. Blocking: call it on a worker thread."""

    def __init__(
        self,
        *,
        url: str,
        org: str,
        bucket: str,
        token: str,
        timeout_s: float,
        clock: Clock,
        ca_file: Path | None = None,
        proxy: str | None = None,
        on_time: Callable[[datetime | None], None] | None = None,
    ) -> None:
        self._url = url
        self._org = org
        self._bucket = bucket
        self._clock = clock
        self._on_time = on_time
        self._client = InfluxDBClient(
            url=url,
            token=token,
            org=org,
            enable_gzip=True,
            timeout=(min(timeout_s, 5.0) * 1000, timeout_s * 1000),
            # One attempt per call: the drain, which knows the backlog, decides when to retry.
            retries=urllib3.Retry(0),
            ssl_ca_cert=None if ca_file is None else str(ca_file),
            proxy=proxy,
            proxy_headers=_proxy_headers(proxy),
        )
        self._api = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, body: bytes) -> None:
        """Return once the server has stored every line.

        Raises BatchRejected, UplinkRefused or UplinkUnavailable.
        """
        try:
            self._api.write(
                bucket=self._bucket,
                org=self._org,
                record=body,
                write_precision=WritePrecision.NS,  # type: ignore[arg-type]  # typed as its own class
            )
        except ApiException as error:
            self._note_time(error.headers)
            raise self._mapped(error) from error
        except (urllib3.exceptions.HTTPError, OSError, UnicodeDecodeError) as error:
            is_cut = isinstance(error, urllib3.exceptions.ProtocolError)
            raise UplinkUnavailable(f"{self._url}: {_reason(error)}", is_cut=is_cut) from error
        self._note_time(self._client.api_client.last_response.getheaders())

    def ask_time(self) -> None:
        """Ask for nothing but a response, whose time is reported like that of every other."""
        client = self._client.api_client
        try:
            client.call_api("/ping", "GET", _preload_content=False)  # type: ignore[no-untyped-call]  # as above
        except ApiException as error:
            self._note_time(error.headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UplinkUnavailable(f"{self._url}: {_reason(error)}") from error
        else:
            self._note_time(client.last_response.headers)

    def _note_time(self, headers: Any) -> None:
        """Report the time that a response states; it is that of the server, or of a proxy."""
        if self._on_time is None:
            return
        moment = None
        with suppress(ValueError, TypeError):
            moment = parsedate_to_datetime(str((headers or {}).get("Date")))
        self._on_time(moment if moment is not None and moment.tzinfo is not None else None)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()  # type: ignore[no-untyped-call]  # the client ships few types
        self._client.close()  # type: ignore[no-untyped-call]  # as above

    def _mapped(self, error: Any) -> Exception:
        status = int(error.status or 0)
        problem = _problem(error.body)
        if status == 413:
            return BatchRejected(status, problem or "the request is too large")
        if status in _REJECTED and problem is not None:
            return BatchRejected(status, problem)
        if status in {401, 403}:
            return UplinkRefused(
                f"{self._url} refuses the token ({status}); "
                "give the right one in uplink.token or uplink.token_file",
                status=status,
            )
        if status == 404:
            return UplinkRefused(
                f"{self._url} knows no bucket {self._bucket!r} of org {self._org!r} "
                f"({problem or 'not found'}); check uplink.url, uplink.org and uplink.bucket",
                status=status,
            )
        if status >= 500 or status in _WAIT or status == 0:
            return UplinkUnavailable(
                f"{self._url} answers {status or 'nothing useful'}: "
                f"{problem or error.reason or ''}",
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


def _proxy_headers(proxy: str | None) -> dict[str, str] | None:
    """Return the headers that carry the user and the password in a proxy's address."""
    parts = urlsplit(proxy or "")
    if parts.username is None:
        return None
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return dict(urllib3.make_headers(proxy_basic_auth=login))


def _problem(body: object) -> str | None:
    """Return the problem that an InfluxDB names in an error's body; None for any other body."""
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
