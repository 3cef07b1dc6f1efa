"""The two servers that take our line protocol: a real InfluxDB 2 and the cloud itself.

Both are started as processes on a free port of loopback, can be killed and started again on the
same data, and answer what they have stored in one form.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import httpx

from device_profiles.points import to_ns
from device_profiles.reading import Value
from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port

ORG = "school"
BUCKET = "campus"
SCHOOL = "2133100001"


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored field: its asset, point, time (nanoseconds) and value."""

    asset: str
    point: str
    time_ns: int
    value: Value


class WriteServer(Protocol):
    """Something that answers `/api/v2/write`."""

    name: str
    url: str
    token: str

    def start(self) -> None:
        """Start, on what was stored before, and return once it answers."""

    def kill(self) -> None:
        """Kill -9."""

    def stop(self) -> None:
        """Stop in peace."""

    def readings(self) -> list[Stored]:
        """Return every stored field of measurement `reading`, ordered by asset, point, time."""


def find_influxd() -> str | None:
    """Return an InfluxDB 2 daemon: named by CAMPUS_INFLUXD, on PATH, or built into the cache."""
    named = os.environ.get("CAMPUS_INFLUXD")
    if named:
        return named
    cache = Path(
        os.environ.get("CAMPUS_CACHE")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smart-campus"
    )
    built = sorted(cache.glob("influxd-2.*/influxd"))
    on_path = shutil.which("influxd")
    for candidate in [*map(str, built), *([on_path] if on_path else [])]:
        answer = subprocess.run(
            [candidate, "version"], capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
        if "InfluxDB v1" not in answer.stdout and "InfluxDB 1" not in answer.stdout:
            return candidate
    return None


class _Process:
    """A server process with its log next to its data."""

    def __init__(self, command: list[str], log: Path, answers: str) -> None:
        self._command = command
        self._log = log
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(self._answers, timeout=PATIENCE_S).status_code < 500:
                    return
            time.sleep(0.05)
        tail = self._log.read_text(errors="replace")[-2000:]
        self.end(signal.SIGKILL)
        raise AssertionError(f"{self._command[0]} did not start: {tail}")

    def end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class InfluxServer:
    """A real InfluxDB 2."""

    name = "influxdb"

    def __init__(self, binary: str, folder: Path) -> None:
        self.token = "a-token-of-the-tests"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._is_set_up = False
        self._process = _Process(
            [
                binary,
                f"--bolt-path={folder / 'influxd.bolt'}",
                f"--engine-path={folder / 'engine'}",
                f"--sqlite-path={folder / 'influxd.sqlite'}",
                f"--http-bind-address=127.0.0.1:{port}",
                "--reporting-disabled",
            ],
            folder / "influxd.log",
            f"{self.url}/health",
        )

    def start(self) -> None:
        self._process.start()
        if not self._is_set_up:
            answer = httpx.post(
                f"{self.url}/api/v2/setup",
                json={
                    "username": "tests",
                    "password": "a-password-of-the-tests",
                    "org": ORG,
                    "bucket": BUCKET,
                    "token": self.token,
                },
                timeout=PATIENCE_S,
            )
            assert answer.status_code == 201, answer.text
            self._is_set_up = True

    def kill(self) -> None:
        self._process.end(signal.SIGKILL)

    def stop(self) -> None:
        self._process.end(signal.SIGTERM)

    def readings(self) -> list[Stored]:
        answer = httpx.get(
            f"{self.url}/query",
            params={"db": BUCKET, "epoch": "ns", "q": "SELECT * FROM reading GROUP BY *"},
            headers={"Authorization": f"Token {self.token}"},
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 200, answer.text
        fields = []
        for series in answer.json()["results"][0].get("series", ()):
            for row in series["values"]:
                cells = dict(zip(series["columns"], row, strict=True))
                moment = cells.pop("time")
                fields += [
                    Stored(series["tags"]["asset"], point, moment, _plain(value))
                    for point, value in cells.items()
                    if value is not None
                ]
        return sorted(fields, key=lambda s: (s.asset, s.point, s.time_ns))


class CloudServer:
    """The cloud with its embedded store."""

    name = "cloud"

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        self.token = "a-token-of-the-tests"
        (folder / "token-file").write_text(self.token)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = _Process(
            [
                str(Path(sys.executable).with_name("campus-cloud")),
                "serve",
                f"--data={data or folder / 'data'}",
                "--host=127.0.0.1",
                f"--port={port}",
                f"--token-file={folder / 'token-file'}",
            ],
            folder / "cloud.log",
            f"{self.url}/health",
        )

    def start(self) -> None:
        self._process.start()

    def kill(self) -> None:
        self._process.end(signal.SIGKILL)

    def stop(self) -> None:
        self._process.end(signal.SIGTERM)

    def readings(self) -> list[Stored]:
        answer = httpx.get(
            f"{self.url}/api/v1/export/readings", params={"school": SCHOOL}, timeout=PATIENCE_S
        )
        assert answer.status_code == 200, answer.text
        readings = []
        for text in answer.text.splitlines():
            row = json.loads(text)
            moment = _nanoseconds(row["observed_at"])
            readings.append(Stored(row["asset"], row["point"], moment, _plain(row["value"])))
        return sorted(readings, key=lambda s: (s.asset, s.point, s.time_ns))


@contextlib.contextmanager
def running(server: WriteServer) -> Iterator[WriteServer]:
    """Start a server and stop it, whatever happens."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _plain(value: Any) -> Value:
    """Return a JSON value as a reading holds it: whole numbers are floats."""
    plain: Value = value if isinstance(value, bool | str) else float(value)
    return plain


def _nanoseconds(moment: str) -> int:
    return to_ns(datetime.fromisoformat(moment))
