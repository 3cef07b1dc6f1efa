"""How far a long work has come: a bar on a terminal, a line now and then elsewhere."""

import sys
from typing import TextIO

_WIDTH = 30
_LINES = 4
"""How many lines a step leaves where there is no terminal."""


class Progress:
    """Tells of one step after the other, on stderr."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._told = ""

    def __call__(self, step: str, done: int, of: int) -> None:
        """Tell that so much of a step is done."""
        is_done = done >= of
        if self._is_terminal:
            filled = _WIDTH * done // max(of, 1)
            bar = "#" * filled + "." * (_WIDTH - filled)
            end = "\n" if is_done else ""
            self._stream.write(f"\r{step:<12} [{bar}] {100 * done // max(of, 1):3d} %{end}")
        else:
            share = _LINES * done // max(of, 1)
            told = f"{step}: {100 * share // _LINES} %"
            if told == self._told or share == 0:
                return
            self._told = told
            self._stream.write(f"{told}\n")
        self._stream.flush()
