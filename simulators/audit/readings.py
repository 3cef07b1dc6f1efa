"""What simulated devices reported against what the cloud holds: lost, doubled, not owed.

For each (asset, point) the values reported and the values stored are paired in the order of time,
so that as many as possible agree. A pair agrees when the values are equal and the stored moment is
the one the device stated, or, where it stated none, lies between shortly before the report and
`arrival_s` after.
- lost: reported, owed, and not stored
- doubled: stored since the first report of the run, and reported by no device (or reported once,
  stored twice)
- within_deadband: reported, not stored, and so near to the last one stored that the gateway need
  not send it
- not_owed: reported, not stored, and exempt (`simulators.audit.exemptions`): by kind, each with its
  limit; what is beyond the limit is lost

Not counted at all is what a Modbus answer carries between the points asked for: the gateway never
asked for it (`between_polls`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile
from simulators.audit.exemptions import KINDS, GatewayTimes, Kind, find_exemptions
from simulators.audit.truth_lines import TruthLines, moment
from simulators.devices.protocol import transports

EARLY_S = 2.0
"""A gateway may have stamped a message before the broker confirmed it to its sender."""
_STATED_S = 0.0015
_MOST_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Reported:
    """One value of one point, as a device reported it."""

    at: datetime
    stated: datetime | None
    value: Value
    line: int = 0
    """Its place in `TruthLines.reports`."""
    exemption: Kind | None = None

    @property
    def is_owed(self) -> bool:
        """Whether it has to be stored."""
        return self.exemption is None

    @property
    def time(self) -> datetime:
        """The moment under which it should be stored."""
        return self.stated or self.at


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored value of one point."""

    at: datetime
    value: Value


@dataclass(slots=True)
class Exempted:
    """How many values were exempt and not stored, and how many can be."""

    count: int = 0
    most: int = 0


@dataclass(slots=True)
class ReadingAudit:
    """The figures, and the first few cases of each fault as sentences."""

    reported: int = 0
    stored: int = 0
    matched: int = 0
    lost: int = 0
    doubled: int = 0
    within_deadband: int = 0
    between_polls: int = 0
    exempted: dict[Kind, Exempted] = field(
        default_factory=lambda: {kind: Exempted() for kind in KINDS}
    )
    devices: dict[str, int] = field(default_factory=dict)
    """Protocol -> devices of which at least one reading is stored."""
    not_received: set[tuple[int, str]] = field(default_factory=set)
    """(place of the line, point) of what was exempt and is not stored."""
    delay_s: dict[str, float] = field(default_factory=dict)
    """Asset -> the longest time between a report and the moment that the gateway gave it."""
    examples: list[str] = field(default_factory=list)

    @property
    def not_owed(self) -> int:
        """How many values were exempt and not stored."""
        return sum(exempted.count for exempted in self.exempted.values())

    def add_example(self, text: str) -> None:
        """Keep a case, unless there are many already."""
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(text)


def audit_readings(
    truth: TruthLines,
    stored_rows: Iterable[Mapping[str, Any]],
    profiles: Mapping[str, DeviceProfile],
    *,
    heartbeats: Mapping[str, float],
    buses: Mapping[str, str] | None = None,
    times: GatewayTimes | None = None,
    arrival_s: float = 10.0,
) -> ReadingAudit:
    """Compare all readings.

    `profiles`, `heartbeats` (half of the rule's `max_gap_s`) and `buses` go by the asset's name in
    telemetry.
    """
    audit = ReadingAudit()
    exemptions = find_exemptions(truth, times or GatewayTimes(), profiles, buses or {})
    for kind in KINDS:
        audit.exempted[kind].most = exemptions.most.get(kind, 0)
    reported: dict[tuple[str, str], list[Reported]] = defaultdict(list)
    protocols: dict[str, str] = {}
    for number, line in enumerate(truth.reports):
        asset = line["asset"]
        protocols[asset] = line["protocol"]
        audit.between_polls += len(line.get("not_requested", ()))
        stated = moment(line["observed_at"]) if line.get("observed_at") else None
        for point, value in line["values"].items():
            exemption = exemptions.kinds.get((number, point))
            reported[asset, point].append(
                Reported(moment(line["at"]), stated, value, number, exemption)
            )
    stored: dict[tuple[str, str], list[Stored]] = defaultdict(list)
    for row in stored_rows:
        if not row["point"].endswith("_quality"):
            at = moment(row["observed_at"])
            stored[row["asset"], row["point"]].append(Stored(at, row["value"]))
    for asset, point in sorted({*reported, *stored}):
        profile = profiles.get(asset)
        known = profile.points.get(point) if profile is not None else None
        _audit_series(
            audit,
            (asset, point),
            sorted(reported[asset, point], key=lambda value: value.time),
            sorted(stored[asset, point], key=lambda value: value.at),
            deadband=known.deadband if known is not None else 0.0,
            heartbeat_s=heartbeats.get(asset, 300.0),
            arrival_s=arrival_s,
        )
    _hold_limits(audit)
    seen = {asset for (asset, _), rows in stored.items() if rows}
    of_seen = Counter(protocol for asset, protocol in protocols.items() if asset in seen)
    audit.devices = {protocol: of_seen[protocol] for protocol in transports()}
    return audit


def _hold_limits(audit: ReadingAudit) -> None:
    """Count as lost what a kind of exemption has beyond its limit."""
    for kind, exempted in audit.exempted.items():
        beyond = exempted.count - exempted.most
        if beyond > 0:
            audit.lost += beyond
            audit.add_example(f"lost: {beyond} of {kind} beyond the limit of {exempted.most}")


def _audit_series(
    audit: ReadingAudit,
    series: tuple[str, str],
    reported: list[Reported],
    stored: list[Stored],
    *,
    deadband: float,
    heartbeat_s: float,
    arrival_s: float,
) -> None:
    asset, point = series
    pairs = _align(reported, stored, arrival_s)
    matched = {i for i, _ in pairs}
    explained = {j for _, j in pairs}
    audit.reported += len(reported)
    audit.stored += len(stored)
    audit.matched += len(pairs)
    for i, j in pairs:
        if reported[i].stated is None:
            delay_s = abs((stored[j].at - reported[i].at).total_seconds())
            audit.delay_s[asset] = max(audit.delay_s.get(asset, 0.0), delay_s)
    for j, row in enumerate(stored):
        if j not in explained:
            audit.doubled += 1
            audit.add_example(f"doubled: {asset} {point} = {row.value!r} at {row.at.isoformat()}")
    near = _within_deadband(reported, {i: stored[j].at for i, j in pairs}, deadband, heartbeat_s)
    first = min(matched, default=len(reported))
    for i, value in enumerate(reported):
        if i in matched:
            continue
        is_exempt = value.exemption is not None
        if value.exemption == "before_subscription":
            is_exempt = i < first  # a gateway that received one had subscribed
        if value.exemption is not None and is_exempt:
            audit.exempted[value.exemption].count += 1
            audit.not_received.add((value.line, point))
        elif i in near:
            audit.within_deadband += 1
        else:
            audit.lost += 1
            audit.add_example(
                f"lost: {asset} {point} = {value.value!r} reported at {value.at.isoformat()}"
            )


def _within_deadband(
    reported: list[Reported],
    stored_at: Mapping[int, datetime],
    deadband: float,
    heartbeat_s: float,
) -> set[int]:
    """Return which of those not stored are too near to the last one stored to be sent.

    `stored_at` is when each of those that are stored was stored, by its place in `reported`.
    """
    last: Stored | None = None
    near: set[int] = set()
    for i, value in enumerate(reported):
        if i in stored_at:
            last = Stored(stored_at[i], value.value)
        elif last is not None and _is_alike(value, last, deadband, heartbeat_s):
            near.add(i)
    return near


def _is_alike(value: Reported, last: Stored, deadband: float, heartbeat_s: float) -> bool:
    if isinstance(value.value, bool | str) or isinstance(last.value, bool | str):
        return False
    age_s = (value.time - last.at).total_seconds()
    return abs(value.value - last.value) < deadband and age_s < heartbeat_s + EARLY_S


def _agree(value: Reported, row: Stored, arrival_s: float) -> bool:
    if not _is_same(value.value, row.value):
        return False
    late_s = (row.at - value.time).total_seconds()
    if value.stated is not None:
        return -_STATED_S <= late_s <= _STATED_S
    return -EARLY_S <= late_s <= arrival_s


def _is_same(reported: Value, stored: Value) -> bool:
    if isinstance(reported, str) or isinstance(stored, str):
        return reported == stored
    if isinstance(reported, bool) != isinstance(stored, bool):
        return False
    return abs(reported - stored) <= 1e-9 * max(1.0, abs(reported))


def _align(
    reported: list[Reported], stored: list[Stored], arrival_s: float
) -> list[tuple[int, int]]:
    """Return the most pairs (reported, stored) in the order of time that agree.

    Both ends are paired at once as far as there is no choice; what is left between them is
    searched, by the longest common subsequence.
    """
    shorter = min(len(reported), len(stored))
    first = 0
    while first < shorter and _is_certain(reported, first, stored[first], arrival_s):
        first += 1
    last = 0
    while last < shorter - first and _is_certain(
        reported, len(reported) - 1 - last, stored[-1 - last], arrival_s
    ):
        last += 1
    pairs = [(i, i) for i in range(first)]
    left, right = reported[first : len(reported) - last], stored[first : len(stored) - last]
    pairs.extend((i + first, j + first) for i, j in _common(left, right, arrival_s))
    pairs.extend((len(reported) - n, len(stored) - n) for n in range(last, 0, -1))
    return pairs


def _is_certain(reported: list[Reported], i: int, row: Stored, arrival_s: float) -> bool:
    """Whether a stored value is this one's, and no neighbour's of the same value."""
    value = reported[i]
    if not value.is_owed or not _agree(value, row, arrival_s):
        return False
    off = abs(row.at - value.time)
    return all(
        2 * off < abs(reported[n].time - value.time)
        for n in (i - 1, i + 1)
        if 0 <= n < len(reported)
    )


def _weight(value: Reported, row: Stored, arrival_s: float) -> float:
    """Return what a pair is worth: any pair 1, a little more what is owed and what is near."""
    if not _agree(value, row, arrival_s):
        return 0.0
    off_s = abs((row.at - value.time).total_seconds())
    return 1.0 + (0.002 if value.is_owed else 0.0) + 0.001 / (1.0 + off_s)


def _common(
    reported: list[Reported], stored: list[Stored], arrival_s: float
) -> Iterator[tuple[int, int]]:
    if not reported or not stored:
        return
    width = len(stored) + 1
    best = [[0.0] * width for _ in range(len(reported) + 1)]
    for i in range(len(reported) - 1, -1, -1):
        row, below, value = best[i], best[i + 1], reported[i]
        for j in range(len(stored) - 1, -1, -1):
            weight = _weight(value, stored[j], arrival_s)
            paired = below[j + 1] + weight if weight else 0.0
            row[j] = max(paired, below[j], row[j + 1])
    i = j = 0
    while i < len(reported) and j < len(stored):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1
