"""What every test may use."""

import atexit
import os
import sys
from collections.abc import Generator
from typing import Any

import pytest

# What a command prints is in English here, whatever the language of the machine.
os.environ["LC_ALL"] = "C.UTF-8"

_SKIP_NOTHING = os.environ.get("CAMPUS_SKIP_NOTHING") == "1"


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


def pytest_sessionfinish(exitstatus: int) -> None:
    """Leave without tearing the interpreter down.

    DuckDB's binding prints dozens of lines of leak warnings there when Hypothesis is loaded too,
    and the summary would not be the last thing one reads.
    """
    atexit.register(_leave, int(exitstatus))


def _leave(exitstatus: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exitstatus)
