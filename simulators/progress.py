"""News of long work: what functions report, and lines that are written at once.

What a person sees of it is `device_profiles.command_line.progress`.
"""

import sys
from collections.abc import Callable

Progress = Callable[[int, int | None], None]
"""Receives how many units are done, and of how many where that is known."""


def no_progress(_done: int, _total: int | None = None) -> None:
    """Report nothing."""


def write_line(text: str) -> None:
    """Write a line to standard output at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
