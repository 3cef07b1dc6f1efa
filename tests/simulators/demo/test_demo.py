import socket
import sys
from pathlib import Path

import psutil
import pytest

from simulators.cli import main
from simulators.demo.demo import MARKER
from simulators.demo.processes import Process, watch
from simulators.errors import SimulatorError
from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port


def test_a_folder_that_is_not_ours_is_never_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "thesis.txt"
    kept.write_text("precious")
    assert main(["demo", "--data", str(tmp_path), "--port", str(free_port())]) == 1
    assert kept.read_text() == "precious"
    assert not (tmp_path / MARKER).exists()
    assert "was not made by `campus-sim demo`" in capsys.readouterr().err


def test_a_stated_port_that_is_taken_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["demo", "--data", str(tmp_path / "d"), "--port", str(port)]) == 1
    assert f"port {port} is taken" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_a_process_that_dies_is_named_with_its_last_line(tmp_path: Path) -> None:
    script = "import sys; print('first'); print('no disk left'); sys.exit(3)"
    process = Process("gateway", [sys.executable, "-c", script], tmp_path / "gateway.log")
    with pytest.raises(SimulatorError, match="gateway ended with 3: no disk left") as raised:
        watch([process], None)
    assert str(raised.value).endswith("before that:\n    first")


def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(600)"
    process = Process("deaf", [sys.executable, "-c", script], tmp_path / "deaf.log")
    process.wait_until(lambda: "up" in process.output(), "starting")
    assert process.peak_mb() > 1
    assert not process.stop(timeout_s=0.2)
    assert not process.is_running


def test_what_a_killed_process_started_ends_with_it(tmp_path: Path) -> None:
    child = "import time; print('child up', flush=True); time.sleep(600)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = Process("parent", [sys.executable, "-c", script], tmp_path / "parent.log")
    process.wait_until(lambda: "child up" in process.output(), "starting")
    (started,) = psutil.Process(process.pid).children()
    process.kill()
    psutil.wait_procs([started], timeout=PATIENCE_S)
    assert not started.is_running()


def test_a_process_that_dies_while_another_starts_is_reported(tmp_path: Path) -> None:
    dying = Process("broker", [sys.executable, "-c", "raise SystemExit('gone')"], tmp_path / "b")
    alive = Process("cloud", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "c")
    try:
        with pytest.raises(SimulatorError, match="broker ended with 1: gone"):
            alive.wait_until(lambda: False, "starting", others=[dying])
    finally:
        alive.kill()


def test_a_process_that_works_is_waited_for_and_one_that_is_stuck_is_not(tmp_path: Path) -> None:
    """It works three times as long as a stuck one is given, then sleeps."""
    script = (
        "import time\n"
        "end = time.process_time() + 0.9\n"
        "while time.process_time() < end: pass\n"
        "print('worked', flush=True)\n"
        "time.sleep(600)\n"
    )
    process = Process("cloud", [sys.executable, "-c", script], tmp_path / "cloud.log")
    try:
        with pytest.raises(SimulatorError, match=r"cloud: starting: stuck for 0.3 s"):
            process.wait_until(lambda: False, "starting", stuck_s=0.3)
        assert process.output() == "worked\n"
    finally:
        process.kill()


def test_no_wait_is_endless(tmp_path: Path) -> None:
    script = "while True: pass"
    process = Process("cloud", [sys.executable, "-c", script], tmp_path / "cloud.log")
    try:
        with pytest.raises(SimulatorError, match=r"cloud: starting: not done after 0.2 s"):
            process.wait_until(lambda: False, "starting", limit_s=0.2)
    finally:
        process.kill()


def test_a_port_of_another_program_is_not_taken_for_its_own(tmp_path: Path) -> None:
    script = (
        "import socket, sys, time\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "time.sleep(600)\n"
    )
    process = Process("cloud", [sys.executable, "-c", script], tmp_path / "cloud.log")
    try:
        process.wait_until(lambda: process.output().endswith("\n"), "starting")
        with socket.create_server(("127.0.0.1", 0)) as other:
            assert not process.is_listening(other.getsockname()[1])
        assert process.is_listening(int(process.output()))
    finally:
        process.kill()
