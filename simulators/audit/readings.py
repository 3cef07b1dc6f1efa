"""What simulated devices said against what the cloud holds: lost, doubled, and usage.

Readings. For each (asset, point) the values said and the values stored are laid side by side in
the order of time, so that as many as possible agree. A pair agrees when the values are equal and
the stored moment is the one the device stated, or, where it stated none, lies between shortly
before it was said and `arrival_s` after.
- lost: said for certain, owed, and not stored
- doubled: stored since the first word of the run, and said by nobody (or said once, stored twice)
- within_deadband: said, not stored, and so near to the last one stored that the gateway need not
  send it
- between_polls: a Modbus answer carries what lies between the points asked for too; where the
  readings before and after are one `poll_s` apart, nobody asked for those in between
- not owed: said in a window of grace that the caller names (before the gateway first listened;
  answers to a gateway that was killed before it could keep them), or in the last moment of a
  Modbus connection

Usage. See `simulators.audit.usage`.
"""

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from device_profiles.model import Point
from device_profiles.protocol import protocol_of
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile
from simulators.devices.protocol import simulators
from simulators.errors import SimulatorError

EARLY_S = 2.0
"""A gateway may have stamped a message before the broker told its sender that it was taken."""
_STATED_S = 0.0015
_LATE_POLL_S = 1.0
_EARLY_POLL_S = 0.5
_FEW = 20


@dataclass(frozen=True, slots=True)
class Grace:
    """A time in which what was said need not be stored; all protocols where none is named."""

    start: datetime
    end: datetime
    protocols: frozenset[str] = frozenset()

    def covers(self, protocol: str, at: datetime) -> bool:
        """Whether something said then is not owed."""
        return self.start <= at <= self.end and (not self.protocols or protocol in self.protocols)


@dataclass(frozen=True, slots=True)
class Said:
    """One value of one point, as a device said it."""

    at: datetime
    stated: datetime | None
    value: Value
    is_owed: bool

    @property
    def time(self) -> datetime:
        """The moment it should be stored under."""
        return self.stated or self.at


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored value of one point."""

    at: datetime
    value: Value


@dataclass(slots=True)
class ReadingAudit:
    """The figures, and the first few cases of each fault in words."""

    said: int = 0
    stored: int = 0
    matched: int = 0
    lost: int = 0
    doubled: int = 0
    within_deadband: int = 0
    between_polls: int = 0
    not_owed: int = 0
    devices: dict[str, int] = field(default_factory=dict)
    """Protocol -> devices of which at least one reading is stored."""
    examples: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Keep a case, unless there are many already."""
        if len(self.examples) < _FEW:
            self.examples.append(text)


@dataclass(frozen=True, slots=True)
class TruthLines:
    """The lines of all truth logs, those of each kind in the order of time."""

    said: tuple[Mapping[str, Any], ...]
    states: tuple[Mapping[str, Any], ...]
    closed: Mapping[str, tuple[datetime, ...]]
    """Bus -> when connections to it ended."""


def read_truth(paths: Iterable[Path]) -> TruthLines:
    """Return what the truth logs hold; a line that was cut off at the end is left out."""
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
    closed: dict[str, list[datetime]] = defaultdict(list)
    for line in kinds["connection"]:
        if not line.get("open", True):
            closed[line["bus"]].append(moment(line["at"]))
    return TruthLines(
        tuple(sorted(kinds["said"], key=lambda line: str(line["at"]))),
        tuple(sorted(kinds["state"], key=lambda line: str(line["at"]))),
        {bus: tuple(sorted(times)) for bus, times in closed.items()},
    )


def moment(text: str) -> datetime:
    """Return an ISO 8601 moment as aware UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def audit_readings(
    truth: TruthLines,
    stored_rows: Iterable[Mapping[str, Any]],
    profiles: Mapping[str, DeviceProfile],
    *,
    heartbeats: Mapping[str, float],
    buses: Mapping[str, str] | None = None,
    grace: Sequence[Grace] = (),
    arrival_s: float = 10.0,
    closing_s: float = 1.0,
) -> ReadingAudit:
    """Compare all readings.

    `profiles`, `heartbeats` (half of the rule's `max_gap_s`) and `buses` go by the asset's name in
    telemetry.
    """
    audit = ReadingAudit()
    said: dict[tuple[str, str], list[Said]] = defaultdict(list)
    protocols: dict[str, str] = {}
    for line in truth.said:
        asset, protocol, at = line["asset"], line["protocol"], moment(line["at"])
        protocols[asset] = protocol
        stated = moment(line["observed_at"]) if line.get("observed_at") else None
        is_owed = line.get("certain", True) and not any(g.covers(protocol, at) for g in grace)
        if is_owed and buses and asset in buses:
            is_owed = not _was_closing(truth.closed.get(buses[asset], ()), at, closing_s)
        for point, value in line["values"].items():
            said[asset, point].append(Said(at, stated, value, is_owed))
    stored: dict[tuple[str, str], list[Stored]] = defaultdict(list)
    for row in stored_rows:
        if not row["point"].endswith("_quality"):
            at = moment(row["observed_at"])
            stored[row["asset"], row["point"]].append(Stored(at, row["value"]))
    for key in sorted({*said, *stored}):
        asset, point = key
        profile = profiles.get(asset)
        known = profile.points.get(point) if profile is not None else None
        _audit_series(
            audit,
            f"{asset} {point}",
            sorted(said[key], key=lambda one: one.time),
            sorted(stored[key], key=lambda one: one.at),
            deadband=known.deadband if known is not None else 0.0,
            heartbeat_s=heartbeats.get(asset, 300.0),
            poll_s=_poll_s(profile, known),
            arrival_s=arrival_s,
        )
    seen = {asset for (asset, _), rows in stored.items() if rows}
    for protocol in (name for kind in simulators().values() for name in kind.transports):
        audit.devices[protocol] = sum(
            1 for a, p in protocols.items() if p == protocol and a in seen
        )
    return audit


def _poll_s(profile: DeviceProfile | None, point: Point | None) -> float:
    """Return the seconds between two polls; 0 where the device sends of its own accord."""
    if profile is None or point is None or not protocol_of(profile).is_polled:
        return 0.0
    return protocol_of(profile).period_s(profile, point) or 0.0


def _was_closing(closed: Sequence[datetime], at: datetime, closing_s: float) -> bool:
    following = bisect_left(closed, at)
    return following < len(closed) and closed[following] - at <= timedelta(seconds=closing_s)


def _audit_series(
    audit: ReadingAudit,
    name: str,
    said: list[Said],
    stored: list[Stored],
    *,
    deadband: float,
    heartbeat_s: float,
    poll_s: float,
    arrival_s: float,
) -> None:
    pairs = _align(said, stored, arrival_s)
    matched = {i for i, _ in pairs}
    explained = {j for _, j in pairs}
    audit.said += len(said)
    audit.stored += len(stored)
    audit.matched += len(pairs)
    for j, row in enumerate(stored):
        if j not in explained:
            audit.doubled += 1
            audit.tell(f"doubled: {name} = {row.value!r} at {row.at.isoformat()}")
    near = _alike(said, {i: stored[j].at for i, j in pairs}, deadband, heartbeat_s)
    asked = [said[i].time for i in sorted(matched | near)]
    for i, one in enumerate(said):
        if i in matched:
            continue
        if not one.is_owed:
            audit.not_owed += 1
        elif i in near:
            audit.within_deadband += 1
        elif poll_s and _was_passed_over(one.time, asked, poll_s):
            audit.between_polls += 1
        else:
            audit.lost += 1
            audit.tell(f"lost: {name} = {one.value!r} said at {one.at.isoformat()}")


def _alike(
    said: list[Said], stored_at: Mapping[int, datetime], deadband: float, heartbeat_s: float
) -> set[int]:
    """Return which of those not stored are too near to the last one stored to be sent.

    `stored_at` is when each of those that are stored was stored, by its place in `said`.
    """
    last: Stored | None = None
    near: set[int] = set()
    for i, one in enumerate(said):
        if i in stored_at:
            last = Stored(stored_at[i], one.value)
        elif last is not None and _is_alike(one, last, deadband, heartbeat_s):
            near.add(i)
    return near


def _was_passed_over(at: datetime, asked: Sequence[datetime], poll_s: float) -> bool:
    """Whether the readings before and after are no further apart than one poll.

    Before the first and after the last one, whether that is nearer than one poll.
    """
    following = bisect_left(asked, at)
    before = asked[following - 1] if following else None
    after = asked[following] if following < len(asked) else None
    if before is None and after is None:
        return False
    if before is not None and after is not None:
        return (after - before).total_seconds() <= poll_s + _LATE_POLL_S
    near_s = abs((after or before or at) - at).total_seconds()
    return near_s < poll_s - _EARLY_POLL_S


def _is_alike(one: Said, last: Stored, deadband: float, heartbeat_s: float) -> bool:
    if isinstance(one.value, bool | str) or isinstance(last.value, bool | str):
        return False
    age_s = (one.time - last.at).total_seconds()
    return abs(one.value - last.value) < deadband and age_s < heartbeat_s + EARLY_S


def _agree(one: Said, row: Stored, arrival_s: float) -> bool:
    if not _is_same(one.value, row.value):
        return False
    late_s = (row.at - one.time).total_seconds()
    if one.stated is not None:
        return -_STATED_S <= late_s <= _STATED_S
    return -EARLY_S <= late_s <= arrival_s


def _is_same(said: Value, stored: Value) -> bool:
    if isinstance(said, str) or isinstance(stored, str):
        return said == stored
    if isinstance(said, bool) != isinstance(stored, bool):
        return False
    return abs(said - stored) <= 1e-9 * max(1.0, abs(said))


def _align(said: list[Said], stored: list[Stored], arrival_s: float) -> list[tuple[int, int]]:
    """Return the most pairs (said, stored) in the order of time that agree.

    Both ends are paired at once as far as there is no doubt; what is left between them is
    searched, by the longest common subsequence.
    """
    shorter = min(len(said), len(stored))
    first = 0
    while first < shorter and _is_certain(said, first, stored[first], arrival_s):
        first += 1
    last = 0
    while last < shorter - first and _is_certain(
        said, len(said) - 1 - last, stored[-1 - last], arrival_s
    ):
        last += 1
    pairs = [(i, i) for i in range(first)]
    left, right = said[first : len(said) - last], stored[first : len(stored) - last]
    pairs.extend((i + first, j + first) for i, j in _common(left, right, arrival_s))
    pairs.extend((len(said) - n, len(stored) - n) for n in range(last, 0, -1))
    return pairs


def _is_certain(said: list[Said], i: int, row: Stored, arrival_s: float) -> bool:
    """Whether a stored value is this one's, and no neighbour's that said the same."""
    one = said[i]
    if not one.is_owed or not _agree(one, row, arrival_s):
        return False
    off = abs(row.at - one.time)
    return all(2 * off < abs(said[n].time - one.time) for n in (i - 1, i + 1) if 0 <= n < len(said))


def _weight(one: Said, row: Stored, arrival_s: float) -> float:
    """Return what a pair is worth: any pair 1, a little more what is owed and what is near."""
    if not _agree(one, row, arrival_s):
        return 0.0
    off_s = abs((row.at - one.time).total_seconds())
    return 1.0 + (0.002 if one.is_owed else 0.0) + 0.001 / (1.0 + off_s)


def _common(said: list[Said], stored: list[Stored], arrival_s: float) -> Iterator[tuple[int, int]]:
    if not said or not stored:
        return
    width = len(stored) + 1
    best = [[0.0] * width for _ in range(len(said) + 1)]
    for i in range(len(said) - 1, -1, -1):
        row, below, one = best[i], best[i + 1], said[i]
        for j in range(len(stored) - 1, -1, -1):
            weight = _weight(one, stored[j], arrival_s)
            paired = below[j + 1] + weight if weight else 0.0
            row[j] = max(paired, below[j], row[j + 1])
    i = j = 0
    while i < len(said) and j < len(stored):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1
