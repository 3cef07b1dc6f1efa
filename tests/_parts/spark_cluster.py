"""Spark's standalone cluster as processes on loopback: a master and its workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port

STEP_S = 0.1
_HOST = "127.0.0.1"


class Cluster:
    """A master, its workers, and its state as the master reports it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.web_port = free_port()
        self.url = f"spark://{_HOST}:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, workers: int) -> None:
        """Start the master and so many workers of one core each."""
        self._run(
            "master",
            "org.apache.spark.deploy.master.Master",
            *("--host", _HOST, "--port", str(self.port), "--webui-port", str(self.web_port)),
        )
        self.wait(lambda: self.state()["status"] == "ALIVE", "the master is not alive")
        for number in range(workers):
            self._run(
                f"worker-{number}",
                "org.apache.spark.deploy.worker.Worker",
                *("--host", _HOST, "--webui-port", "0", "--cores", "1", "--memory", "1g"),
                *("--work-dir", str(self.folder / f"work-{number}"), self.url),
            )
        self.wait(lambda: self.alive() == workers, "the workers did not register")

    def state(self) -> dict[str, Any]:
        """Return the state that the master reports."""
        answer = httpx.get(f"http://{_HOST}:{self.web_port}/json/", timeout=PATIENCE_S)
        state: dict[str, Any] = answer.json()
        return state

    def alive(self) -> int:
        """Return how many workers the master counts on."""
        return sum(worker["state"] == "ALIVE" for worker in self.state()["workers"])

    def kill(self, name: str) -> None:
        """End a process and what it started, as a power cut would."""
        process = self.processes[name]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End whatever still runs."""
        for name, process in reversed(self.processes.items()):
            if process.poll() is None:
                self.kill(name)

    def wait(self, is_so: Any, otherwise: str) -> None:
        """Wait until a condition holds; a request that fails counts as not yet."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                if is_so():
                    return
            except (httpx.HTTPError, ValueError):
                pass
            for name, process in self.processes.items():
                assert process.poll() is None, (self.folder / f"{name}.log").read_text()[-2000:]
            time.sleep(STEP_S)
        raise AssertionError(otherwise)

    def _run(self, name: str, what: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [str(spark_home() / "bin" / "spark-class"), what, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ
                | {
                    "SPARK_HOME": str(spark_home()),
                    "SPARK_LOCAL_IP": _HOST,
                    "PYSPARK_PYTHON": sys.executable,
                },
            )


def spark_home() -> Path:
    """Return the folder of pyspark, which ships all of Spark."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@contextmanager
def spark_cluster(folder: Path, *, workers: int) -> Iterator[Cluster]:
    """Run a cluster for the length of a block."""
    cluster = Cluster(folder)
    try:
        cluster.start(workers)
        yield cluster
    finally:
        cluster.stop()
