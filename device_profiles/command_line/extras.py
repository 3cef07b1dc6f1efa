"""Extras of the distribution: which one a missing library belongs to, and whether it is there."""

import re
import sys
from collections.abc import Mapping
from importlib import metadata

from device_profiles.version import DISTRIBUTION

OURS = {"cloud", "device_profiles", "edge", "simulators"}


class MissingExtra(Exception):
    """A command needs a library of an extra that is not installed."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(f"{module} of the extra {extra} is not installed")
        self.extra = extra
        self.module = module


def missing_extra(
    error: ModuleNotFoundError, extra: str | None, extras: Mapping[str, str]
) -> MissingExtra | None:
    """Return which extra holds a module that was not found; None where the fault is our own.

    `extra` holds the libraries of the command, `extras` names the extra of further modules.
    """
    module = (error.name or "").split(".")[0]
    holder = extras.get(module, extra)
    if holder is None or module in OURS or module in sys.stdlib_module_names:
        return None
    return MissingExtra(holder, module)


def require(*extras: str) -> None:
    """Raise MissingExtra where a distribution that an extra names is not installed."""
    for requirement in metadata.requires(DISTRIBUTION) or ():
        names = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        if names is None or extra is None or extra[1] not in extras:
            continue
        try:
            metadata.distribution(names[0])
        except metadata.PackageNotFoundError:
            raise MissingExtra(extra[1], names[0]) from None
