"""Further commands of `campus-cloud`: a file each, with a function `add(commands)`.

A command imports what is heavy only when it runs, so that `--help` stays quick.
"""

import argparse
from datetime import date
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  it has no other name


def day(text: str) -> date:
    """Return the day that an argument names, for `type=`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD") from None


def add_all(commands: Commands) -> None:
    """Add every command found in this folder, by name."""
    for module in sorted(iter_modules(__path__), key=lambda one: one.name):
        import_module(f"{__name__}.{module.name}").add(commands)
