"""An invented protocol is added by its own files, and a reading comes through.

`new_protocol/` holds the files. They are copied into a copy of the packages; nothing else in that
copy is changed. Programs run from the copy as from an installation.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port
from tests._parts.uplink_server import UplinkServer, uplink_server

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
PACKAGES = ("device_profiles", "edge", "simulators")
OWN_FILES = Path(__file__).with_name("new_protocol")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages, with the files of the new protocol among them."""
    folder = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    before = {path for path in folder.rglob("*") if path.is_file()}
    for source in sorted(path for path in OWN_FILES.rglob("*") if path.suffix in {".py", ".yaml"}):
        target = folder / source.relative_to(OWN_FILES)
        assert target not in before, "the protocol brings new files and changes none"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return folder


def run(tree: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tree)},
        cwd=tree,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def uplink() -> Iterator[UplinkServer]:
    """A server that states the time, without which a gateway holds its readings."""
    with uplink_server() as server:
        yield server


@pytest.fixture
def plan(tree: Path, tmp_path: Path, uplink: UplinkServer) -> Path:
    """A school of one echo device, and the gateway that reaches it."""
    del tree
    port = free_port()
    device = {"id": "echo-1", "profile": "acme-echo1", "echo": {"port": port}}
    common = {"school": "2133100001", "devices": [device]}
    to_cloud = {"url": uplink.url, "token": "none"}
    for name, content in {
        "school.yaml": {**common, "lively": True},
        "gateway.yaml": {**common, "gateway": "gw-1", "uplink": to_cloud},
    }.items():
        (tmp_path / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return tmp_path


class Program:
    """A program of the copy that runs until it is stopped."""

    def __init__(self, tree: Path, log: Path, *command: str) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdout=output,
                stderr=output,
                env=os.environ | {"PYTHONPATH": str(tree), "PYTHONUNBUFFERED": "1"},
                cwd=tree,
            )

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(PATIENCE_S) == 0, self._log.read_text(encoding="utf-8")

    async def until(self, path: Path, text: str) -> None:
        """Wait until the file holds the text; a program that ends before is a failure."""
        async with asyncio.timeout(PATIENCE_S):
            while not path.exists() or text not in path.read_text(encoding="utf-8"):  # noqa: ASYNC240
                assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
                await asyncio.sleep(0.05)


async def test_a_reading_comes_through(tree: Path, plan: Path, uplink: UplinkServer) -> None:
    school = Program(tree, plan / "school.log", "simulators.cli", "school", str(plan))
    await school.until(plan / "school.log", "ready")
    gateway = Program(tree, plan / "gateway.log", "edge.cli", "run", str(plan / "gateway.yaml"))
    start = "reading,asset=echo-1,category=meter"
    assert await asyncio.to_thread(
        uplink.until, lambda: any(line.startswith(start) for line in uplink.stored)
    ), (plan / "gateway.log").read_text()
    gateway.stop()
    school.stop()
    readings = [line for line in uplink.stored if line.startswith(start)]
    assert readings
    assert all("profile=acme-echo1" in line and " active_power=" in line for line in readings)
    truth_lines = [json.loads(line) for line in (plan / "truth.jsonl").read_text().splitlines()]
    assert {line["protocol"] for line in truth_lines if line["kind"] == "reported"} == {"echo"}


def test_the_profile_is_checked_and_played(tree: Path) -> None:
    checked = run(tree, "device_profiles.cli", "check", "--play")
    assert checked.endswith("profiles, no errors; each was played\n")
    listed = json.loads(run(tree, "device_profiles.cli", "list", "--protocol", "echo", "--json"))
    assert [profile["id"] for profile in listed] == ["acme-echo1"]


def test_schema_pages_and_the_plan_of_the_demo_know_the_protocol(
    tree: Path, tmp_path: Path
) -> None:
    assert "EchoPoint" in json.loads(run(tree, "device_profiles.cli", "schema"))["$defs"]
    run(tree, "device_profiles.cli", "docs", "--out", str(tmp_path / "profiles"))
    keys = (tmp_path / "profile-schema.md").read_text(encoding="utf-8")
    assert "## Profile, Echo\n" in keys
    assert "| `word` | text |  | The line that asks for it. |" in keys
    assert "`line power`" in (tmp_path / "profiles" / "acme-echo1.md").read_text(encoding="utf-8")
    token = tmp_path / "token"
    token.write_text("t", encoding="utf-8")
    school = tmp_path / "school"
    run(tree, "simulators.cli", "plan", str(school), "--token-file", str(token))
    run(tree, "edge.cli", "check", str(school / "gateway.yaml"))


def test_a_wrong_address_is_one_sentence(tree: Path, plan: Path) -> None:
    path = plan / "gateway.yaml"
    path.write_text(path.read_text().replace("echo:", "mqtt:").replace("port: ", "device: d"))
    with pytest.raises(AssertionError, match=r"give echo: \{port: \.\.\.\}"):
        run(tree, "edge.cli", "check", str(path))
