"""The commands of `campus-cloud`: a file each, with a function `add(commands)`.

A command imports the libraries of its extra only when it runs, so that `--help` answers at once.
"""

import argparse
import json
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from cloud.errors import SettingsError
from device_profiles.command_line.parser import Commands
from device_profiles.command_line.texts import Texts

ORDER = ("serve", "import_file")
"""The modules whose commands are listed first."""


def add_all(commands: Commands) -> None:
    """Add every command found in this folder."""
    names = sorted(module.name for module in iter_modules(__path__))
    for name in [*ORDER, *(name for name in names if name not in ORDER)]:
        import_module(f"{__name__}.{name}").add(commands)


def day(text: Texts) -> Callable[[str], date]:
    """Return what reads a day from an argument, for `type=`."""

    def read(value: str) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise argparse.ArgumentTypeError(text("not_a_date", value=value)) from None

    return read


def token_of(path: Path, text: Texts) -> str:
    """Return the token in a file; raises SettingsError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(text("cannot_read", path=path, reason=error.strerror)) from None


def print_json(tree: Any) -> None:
    """Print a JSON document; what JSON does not know (a day, a path) is text."""
    print(json.dumps(tree, ensure_ascii=False, indent=2, default=str))
