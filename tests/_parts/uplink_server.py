"""A real HTTP server on loopback that stores what it receives and fails on request."""

import gzip
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests._parts.patience import PATIENCE_S

Answer = tuple[int, dict[str, str], str]
OK: Answer = (204, {}, "")


def problem(status: int, code: str, message: str, **headers: str) -> Answer:
    """Return an answer in InfluxDB's form."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return status, named, json.dumps({"code": code, "message": message})


class UplinkServer:
    """What was posted, what is stored, and how the next requests are answered."""

    def __init__(self) -> None:
        self.url = ""
        self.stored: list[str] = []
        """Lines in the order in which they were stored; lines sent twice are here twice."""
        self.requests: list[tuple[dict[str, str], str, list[str]]] = []
        self.answer: Callable[[list[str]], Answer | None] = lambda _: OK
        """Lines -> answer; None drops the connection without one."""
        self.black_hole = threading.Event()
        """While set, requests are read and never answered."""
        self.states_time = True
        """Whether responses have a Date."""
        self.changed = threading.Condition()

    def until(self, condition: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
        """Wait, in a worker thread, for the condition to hold."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def take_in(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """Judge a request."""
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        lines = body.decode().split("\n")
        with self.changed:
            self.requests.append((headers, path, lines))
            answer = self.answer(lines)
            if answer is not None and answer[0] == 204:
                self.stored.extend(lines)
            self.changed.notify_all()
        return answer


@contextmanager
def uplink_server(  # noqa: C901  a server is its handlers
    tls: ssl.SSLContext | None = None,
    port: int = 0,
) -> Iterator[UplinkServer]:
    """Run a server for the length of a block, over TLS where a context is given."""
    end = UplinkServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            while end.black_hole.is_set():
                time.sleep(0.01)
                if server.is_over:
                    return
            headers = {key.lower(): value for key, value in self.headers.items()}
            answer = end.take_in(self.path, headers, body)
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, extra, text = answer
            self.send_response(status)
            for key, value in extra.items():
                self.send_header(key, value)
            if status != 204:
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
            self.end_headers()
            if status != 204:
                self.wfile.write(text.encode())

        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("content-length", "0")
            self.end_headers()

        def send_header(self, keyword: str, value: str) -> None:
            if end.states_time or keyword != "Date":
                super().send_header(keyword, value)

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        is_over = False

        def handle_error(self, *_: Any) -> None:
            """Print nothing: a client that goes away is part of the tests."""

    server = Server(("127.0.0.1", port), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    end.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield end
    finally:
        server.is_over = True
        server.shutdown()
        server.server_close()
        thread.join()
