"""The processes that share one run of the tests (pytest-xdist), and what they share."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

NAME: Final = os.environ.get("PYTEST_XDIST_WORKER", "")
"""This process's name, "gw0" for example; empty where one process runs all tests."""


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that the first process that wants it fills; the others wait for it.

    It is never written to afterwards.
    """
    run = factory.getbasetemp().parent if NAME else factory.getbasetemp()
    folder, made = run / name, run / f"{name}.made"
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder.mkdir()
            make(folder)
            made.touch()
    return folder
