"""The power is cut at every write of a workload; the product opens what the disk may then hold.

It must hold exactly what it held after some step between the last one that was acknowledged and
the one that was under way: nothing acknowledged is lost, nothing is there twice, nothing is there
in part, and no file is unreadable.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from edge.buffer.sqlite import SqliteBuffer
from tests.edge.buffer.power_cut import workloads
from tests.edge.buffer.power_cut.disk import Disk, State
from tests.edge.buffer.power_cut.system_calls import TRACED, Mark, events
from tests.edge.buffer.power_cut.workloads import FILE, MARKS, StoppedClock, content

ROOT = Path(__file__).parents[4]
MOST_STATES = 4000
_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a replay need not survive


@dataclass
class Verdict:
    """How many states were opened, and what was wrong with which.

    `like_bit_rot` counts states that hold what they should and were reported as a flipped bit: a
    sector that was not written may differ in one bit from what should be there.
    """

    states: int = 0
    like_bit_rot: int = 0
    bad: list[str] = field(default_factory=list)


def traced(name: str, folder: Path, *more: str) -> Path:
    """Run a workload under strace; return the trace."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trace = folder.with_name("trace")
    folder.mkdir()
    paths = [folder, *(folder / f for f in (FILE, f"{FILE}-wal", MARKS))]
    program = [sys.executable, "-m", workloads.__name__, name, str(folder), *more]
    watch = ["strace", "-f", "-qq", "-xx", "-y", "-s", "8388608", "-e", "signal=none"]
    only = [part for path in paths for part in ("-P", str(path))]
    subprocess.run(
        [*watch, "-e", f"trace={TRACED}", *only, "-o", str(trace), *program], check=True, cwd=ROOT
    )
    return trace


def cuts(trace: Path, folder: Path, most: int) -> Iterator[tuple[int, int, State]]:
    """Give (last step that ended, last that began, state) for distinct states after each event."""
    every = [*events(trace, folder, MARKS)]
    spread = max(1, len(every) * 7 // most)
    disk, random = Disk(), Random(1)
    began, ended = 0, -1
    seen: set[bytes] = set()
    for number, event in enumerate(every):
        disk.do(event)
        if isinstance(event, Mark):
            began = event.step if event.word == "begin" else began
            ended = event.step if event.word == "end" else ended
        if number % spread:
            continue
        for state in disk.cuts(random):
            known = hashlib.blake2b(repr((ended, began)).encode())
            for name in sorted(state):
                known.update(name.encode() + b"\0" + state[name])
            if known.digest() not in seen:
                seen.add(known.digest())
                yield ended, began, state


async def replay(
    name: str, tmp_path: Path, patch: pytest.MonkeyPatch, *more: str, most: int = MOST_STATES
) -> Verdict:
    """Open every state with the product and compare it with what may be there."""
    trace = traced(name, tmp_path / "traced", *more)
    (tmp_path / "plain").mkdir()
    steps = await workloads.contents(name, tmp_path / "plain", patch)
    verdict = Verdict()
    folder = Path(tempfile.mkdtemp(dir=_IN_MEMORY)) / "cut"
    for ended, began, state in cuts(trace, tmp_path / "traced", most):
        folder.mkdir()
        for file, data in state.items():
            (folder / file).write_bytes(data)
        async with SqliteBuffer(folder / FILE, clock=StoppedClock()) as buffer:
            recovered = content(folder)
            if recovered not in [steps[max(ended, 0)][-1], *steps[began]]:
                known = [i for i, held in enumerate(steps) if recovered in held]
                verdict.bad.append(f"between step {ended} and {began}: as after {known or 'none'}")
            elif ["1 flipped bits were found" in text for text in buffer.accidents] == [True]:
                verdict.like_bit_rot += 1
            elif buffer.accidents:
                verdict.bad.append(f"step {began}: {buffer.accidents}")
        verdict.states += 1
        shutil.rmtree(folder)
    folder.parent.rmdir()
    return verdict


async def test_power_cut_at_every_write_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = await replay("mixed", tmp_path, monkeypatch)
    assert verdict.bad == []
    assert verdict.states >= 1000
    assert verdict.like_bit_rot <= verdict.states // 500


async def test_a_buffer_that_does_not_wait_for_the_disk_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the harness sees what `synchronous=NORMAL` loses."""
    verdict = await replay("appends", tmp_path, monkeypatch, "lazy", most=400)
    lost = [b for b in verdict.bad if "as after [" in b]
    assert len(lost) > verdict.states // 10


@pytest.mark.faults
@pytest.mark.parametrize("name", [n for n in workloads.NAMES if n != "mixed"])
async def test_power_cut_in_other_workloads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = await replay(name, tmp_path, monkeypatch)
    assert verdict.bad == []
    assert verdict.states >= 500
    assert verdict.like_bit_rot <= verdict.states // 500
