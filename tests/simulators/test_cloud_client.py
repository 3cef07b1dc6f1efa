"""The client against a server of this process with one answer for everything."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from simulators.cloud_client import BATCH_LINES, CloudClient
from simulators.errors import SimulatorError
from tests._parts.ports import free_port


@contextmanager
def server(status: int, body: bytes = b"") -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """Serve one answer for everything; yield the address and (path, token, body) of requests."""
    requests: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, received: bytes) -> None:
            if self.headers.get("Content-Encoding") == "gzip":
                received = gzip.decompress(received)
            requests.append((self.path, self.headers.get("Authorization", ""), received))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = Thread(target=http.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}", requests
        finally:
            http.shutdown()
            thread.join()


def test_lines_are_written_in_batches_and_each_line_once() -> None:
    counted: list[int] = []
    number = 2 * BATCH_LINES + 5
    with server(204) as (url, requests), CloudClient(url, "secret") as client:
        total = client.write_lines(
            (f"usage,asset=a active_s={n} {n}" for n in range(number)),
            lambda done, _total: counted.append(done),
        )
    assert total == number
    assert counted == [BATCH_LINES, 2 * BATCH_LINES, number]
    assert {path.partition("?")[0] for path, _, _ in requests} == {"/api/v2/write"}
    assert {token for _, token, _ in requests} == {"Token secret"}
    lines = [line for _, _, body in requests for line in body.decode().splitlines()]
    assert len(lines) == len(set(lines)) == number


def test_a_refused_batch_ends_the_writing() -> None:
    with (
        server(422, b"too old") as (url, _),
        CloudClient(url) as client,
        pytest.raises(SimulatorError, match="refused with 422: too old"),
    ):
        client.write_lines(iter(["usage,asset=a active_s=1 1"]))


def test_an_answer_is_read_as_json() -> None:
    with server(200, b'{"schools": 3}') as (url, requests), CloudClient(url) as client:
        assert client.get("/overview", start="2026-11-01") == {"schools": 3}
    assert requests[0][0] == "/api/v1/overview?start=2026-11-01"


def test_rows_are_read_line_by_line() -> None:
    body = b'{"asset": "A"}\n\n{"asset": "B"}\n'
    with server(200, body) as (url, requests), CloudClient(url) as client:
        rows = list(client.rows("/export/usage", school="1"))
    assert rows == [{"asset": "A"}, {"asset": "B"}]
    assert requests[0][0] == "/api/v1/export/usage?school=1"


def test_rows_that_are_refused_are_one_sentence() -> None:
    with (
        server(403, b"not yours") as (url, _),
        CloudClient(url) as client,
        pytest.raises(SimulatorError, match="refused with 403: not yours"),
    ):
        list(client.rows("/export/usage"))


def test_a_cloud_that_is_not_there_is_one_sentence() -> None:
    with (
        CloudClient(f"http://127.0.0.1:{free_port()}") as client,
        pytest.raises(SimulatorError, match=r"no answer: .*; is the cloud running"),
    ):
        client.get("/overview")
