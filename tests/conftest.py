"""What every test may use."""

import atexit
import os
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from typing import Any

import httpx
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG  # the one default that all of httpx shares
from hypothesis import HealthCheck, settings
from playwright.sync_api import expect
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no types

from tests._parts.patience import PATIENCE_MS, PATIENCE_S

# What a command prints is in English here, whatever the language of the machine.
os.environ["LC_ALL"] = "C.UTF-8"
# Nor do settings of this machine's own cloud hold in a test.
for _name in [name for name in os.environ if name.startswith("CAMPUS_CLOUD_")]:
    del os.environ[_name]

_SKIP_NOTHING = os.environ.get("CAMPUS_SKIP_NOTHING") == "1"
_ELSEWHERE = {
    "benchmark": "benchmarks (make bench)",
    "slow": "slow proofs (make test-all)",
    "faults": "power cuts in nine more workloads (make faults)",
}
_TOGETHER = ("tests/cloud/truth/", "tests/firmware_stubs/")
"""Folders whose tests share what is slow to make, and so run in one process."""
_LONG = (*_TOGETHER, "tests/e2e/")
_left_out: Counter[str] = Counter()


def pytest_configure() -> None:
    """Give the libraries that wait in our tests our limit instead of their own short ones."""
    patient = httpx.Timeout(PATIENCE_S)
    for phase in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, phase, getattr(patient, phase))
    expect.set_options(timeout=PATIENCE_MS)
    settings.register_profile(
        "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("patient")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: half of the tests wait for others most of their time."""
    return min(8, (os.cpu_count() or 1) + 1)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """A file's tests run in one process, for what they share is made once a file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in _TOGETHER if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Give each process the tests of one file after another, in the order they were put in."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process works alone at the end."""
    items.sort(
        key=lambda item: not (item.get_closest_marker("slow") or item.nodeid.startswith(_LONG))
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything has to run, a skipped test is a failed one."""
    report = yield
    if _SKIP_NOTHING and report.skipped and not hasattr(report, "wasxfail"):
        reason: Any = report.longrepr
        if isinstance(reason, tuple):
            reason = reason[2]
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not be skipped here: {reason}"
    return report


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count what the run leaves out, by the marker that names where it runs."""
    for item in items:
        _left_out.update([next((name for name in _ELSEWHERE if item.get_closest_marker(name)), "")])


def pytest_testnodedown(node: Any) -> None:
    """Take over what a process left out; all processes leave out the same."""
    _left_out.update(Counter(node.workeroutput.get("left_out", {})) - _left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name in one line what was left out and what could not be started."""
    skipped = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    parts = [
        f"left out: {_left_out[name]} {what}"
        for name, what in _ELSEWHERE.items()
        if _left_out[name]
    ]
    parts += [
        f"not started: {count} ({reason.removeprefix('Skipped: ')})"
        for reason, count in skipped.most_common()
    ]
    if parts:
        terminalreporter.write_line("; ".join(parts))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leave without tearing the interpreter down.

    DuckDB's binding prints dozens of lines of leak warnings there when Hypothesis is loaded too,
    and the summary would not be the last thing one reads.
    """
    getattr(session.config, "workeroutput", {})["left_out"] = dict(_left_out)
    atexit.register(_leave, int(exitstatus))


def _leave(exitstatus: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exitstatus)
