"""Read truth logs back: what devices reported, their true states, ends of Modbus connections."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulators.errors import SimulatorError


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a connection to a bus, and whether the school itself ended it."""

    at: datetime
    is_by_school: bool


@dataclass(frozen=True, slots=True)
class TruthLines:
    """The lines of all truth logs, those of each kind in the order of time."""

    reports: tuple[Mapping[str, Any], ...]
    states: tuple[Mapping[str, Any], ...]
    closings: Mapping[str, tuple[Closing, ...]] = field(default_factory=dict)
    """Bus -> ends of the connections to it."""
    faults: Mapping[str, int] = field(default_factory=dict)
    """Asset -> number of faults that it was given."""


def read_truth(paths: Iterable[Path]) -> TruthLines:
    """Return what the truth logs hold; a line that was cut off at the end is left out.

    Raises SimulatorError where a file cannot be read or another line is not one of a truth log.
    """
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise SimulatorError(f"{path}: cannot be read: {error.strerror}") from error
        for number, text in enumerate(lines, 1):
            try:
                line = json.loads(text)
            except ValueError:
                if number == len(lines):
                    continue
                raise SimulatorError(f"{path}:{number}: not a line of a truth log") from None
            kinds[line["kind"]].append(line)
    closings: dict[str, list[Closing]] = defaultdict(list)
    for line in kinds["connection"]:
        if not line.get("open", True):
            closings[line["bus"]].append(Closing(moment(line["at"]), line.get("by") == "school"))
    return TruthLines(
        tuple(sorted(kinds["reported"], key=lambda line: str(line["at"]))),
        tuple(sorted(kinds["state"], key=lambda line: str(line["at"]))),
        {bus: tuple(sorted(ends, key=lambda end: end.at)) for bus, ends in closings.items()},
        Counter(line["asset"] for line in kinds["fault"]),
    )


def moment(text: str) -> datetime:
    """Return an ISO 8601 moment as aware UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
