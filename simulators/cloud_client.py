"""The cloud as a client over HTTP sees it: one way to ask, and one to write line protocol."""

import gzip
import json
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Any, Self

import httpx

from device_profiles import points
from simulators.errors import SimulatorError
from simulators.progress import Progress, no_progress

BATCH_LINES = 10_000
_WRITES_AT_ONCE = 2
_WRITE_QUERY = {"org": "school", "bucket": "campus", "precision": "s"}


class CloudClient:
    """A connection to one cloud; every refusal or silence is a SimulatorError in one sentence."""

    def __init__(self, url: str, token: str | None = None, *, timeout_s: float = 300.0) -> None:
        self.url = url
        headers = {} if token is None else {"Authorization": f"Token {token}"}
        self._client = httpx.Client(
            base_url=url, headers=headers, timeout=timeout_s, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON that a path below `/api/v1` answers."""
        return self.content(path, **query).json()

    def content(self, path: str, **query: str) -> httpx.Response:
        """Return the answer of a path below `/api/v1`."""
        return self.checked(self.request("GET", f"/api/v1{path}", params=query))

    def rows(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a path below `/api/v1` that answers with JSON lines, as they come."""
        try:
            with self._client.stream("GET", f"/api/v1{path}", params=query) as answer:
                if not answer.is_success:
                    answer.read()
                    self.checked(answer)
                for line in answer.iter_lines():
                    if line:
                        yield json.loads(line)
        except httpx.HTTPError as error:
            raise self._no_answer(error) from error

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return the answer, whatever its status."""
        try:
            return self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise self._no_answer(error) from error

    def checked(self, answer: httpx.Response) -> httpx.Response:
        """Return an answer that is a success; raises SimulatorError for any other."""
        if not answer.is_success:
            raise SimulatorError(
                f"{answer.url}: refused with {answer.status_code}: {answer.text[:300]}"
            )
        return answer

    def write_lines(self, lines: Iterator[str], progress: Progress = no_progress) -> int:
        """Write lines (seconds) over the write API and return how many.

        Some bodies are on their way at once: the next is made while the cloud stores the last.
        """
        total = 0
        on_their_way: deque[Future[None]] = deque()
        with ThreadPoolExecutor(_WRITES_AT_ONCE) as pool:
            while batch := list(islice(lines, BATCH_LINES)):
                if len(on_their_way) == _WRITES_AT_ONCE:
                    on_their_way.popleft().result()
                on_their_way.append(pool.submit(self._write, batch))
                total += len(batch)
                progress(total, None)
            for future in on_their_way:
                future.result()
        return total

    def _no_answer(self, error: httpx.HTTPError) -> SimulatorError:
        return SimulatorError(f"{self.url}: no answer: {error}; is the cloud running?")

    def _write(self, batch: list[str]) -> None:
        body = gzip.compress("\n".join(batch).encode(), compresslevel=1)
        answer = self.request(
            "POST",
            "/api/v2/write",
            params=_WRITE_QUERY,
            content=body,
            headers={"Content-Encoding": "gzip"},
        )
        self.checked(answer)


def line_head(measurement: str, tags: Mapping[str, str]) -> str:
    """Return a line of line protocol up to its fields."""
    return points.line(measurement, tags, {"x": 0.0}, 0).rsplit(" x=", 1)[0]
