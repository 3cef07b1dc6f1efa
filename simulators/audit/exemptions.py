"""Which reported values a gateway need not store, and how many there can be of each kind.

Every other value is owed. A kind has a limit that follows from the protocol, never from experience:

- `before_subscription`: an MQTT broker delivers nothing to a gateway that has not subscribed. Until
  the moment at which the gateway recorded the confirmation of its subscription (SUBACK), and only
  at the start of a series: after the first stored value of a point, each is owed. At most what a
  device reports in that time: one message at the start, one each period, one for each change.
- `last_answer`: a Modbus answer is lost if the connection ends before it is read and stored. Where
  the school ended the connection: the last answer of that bus, because one request is on a bus at
  a time. Where the gateway ended it (it was killed): the last poll of each device, because a device
  is not polled again before its readings are on disk, and only within one `poll_s` of the end.
- `unconfirmed`: an MQTT device was cut off before the broker's acknowledgement: at most one message
  for each end of its connection (one for the end of the run, one for each fault). Bluetooth: the
  gateway that received it was killed within `SETTLE_S`.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from device_profiles.protocol import protocol_of
from device_profiles.schema import DeviceProfile
from simulators.audit.truth_lines import Closing, TruthLines, moment

Kind = Literal["before_subscription", "last_answer", "unconfirmed"]
KINDS: tuple[Kind, ...] = ("before_subscription", "last_answer", "unconfirmed")
EXPLANATIONS: Mapping[Kind, str] = {
    "before_subscription": "reported over MQTT before the gateway's subscription was confirmed",
    "last_answer": "the last Modbus answer before a connection ended",
    "unconfirmed": "in flight when a connection ended; no acknowledgement",
}
SETTLE_S = 1.5
"""How long a gateway must live after it received an advertisement for it to be owed."""
LATE_POLL_S = 1.0
PERIOD_S = 10.0
"""The period of an MQTT device whose profile names none."""


@dataclass(frozen=True, slots=True)
class GatewayTimes:
    """What is known of the gateway of a run; with the defaults everything is owed."""

    subscribed_at: datetime | None = None
    """When it recorded that its first MQTT subscription was confirmed."""
    killed_at: tuple[datetime, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Exemptions:
    """Each reported value that need not be stored, and the most there can be of a kind."""

    kinds: Mapping[tuple[int, str], Kind]
    """(place of the line in `TruthLines.reports`, point) -> kind."""
    most: Mapping[Kind, int]


def find_exemptions(
    truth: TruthLines,
    times: GatewayTimes,
    profiles: Mapping[str, DeviceProfile],
    buses: Mapping[str, str],
) -> Exemptions:
    """Return what need not be stored; `profiles` and `buses` go by the asset's name."""
    kinds: dict[tuple[int, str], Kind] = {}
    most: Counter[Kind] = Counter()
    _before_subscription(truth, times, profiles, kinds, most)
    _unconfirmed(truth, times, kinds, most)
    for bus, ends in truth.closings.items():
        lines = [
            (number, moment(line["at"]))
            for number, line in enumerate(truth.reports)
            if buses.get(line["asset"]) == bus
        ]
        _last_answers(truth.reports, lines, ends, profiles, kinds, most)
    return Exemptions(kinds, most)


def _before_subscription(
    truth: TruthLines,
    times: GatewayTimes,
    profiles: Mapping[str, DeviceProfile],
    kinds: dict[tuple[int, str], Kind],
    most: Counter[Kind],
) -> None:
    if times.subscribed_at is None:
        return
    first: dict[str, datetime] = {}
    points: dict[str, set[str]] = defaultdict(set)
    for number, line in enumerate(truth.reports):
        at = moment(line["at"])
        if line["protocol"] == "mqtt" and at <= times.subscribed_at:
            first.setdefault(line["asset"], at)
            points[line["asset"]].update(line["values"])
            for point in line["values"]:
                kinds[number, point] = "before_subscription"
    for asset, start in first.items():
        simulation = profiles[asset].simulation if asset in profiles else None
        period_s = (simulation and simulation.period_s) or PERIOD_S
        changes = sum(
            1
            for line in truth.states
            if line["asset"] == asset and moment(line["at"]) <= times.subscribed_at
        )
        periods = int((times.subscribed_at - start).total_seconds() // period_s)
        most["before_subscription"] += len(points[asset]) * (1 + periods + changes)


def _unconfirmed(
    truth: TruthLines,
    times: GatewayTimes,
    kinds: dict[tuple[int, str], Kind],
    most: Counter[Kind],
) -> None:
    settle = timedelta(seconds=SETTLE_S)
    used: Counter[str] = Counter()
    for number, line in enumerate(truth.reports):
        if line.get("certain", True):
            continue
        asset, at = line["asset"], moment(line["at"])
        if line["protocol"] == "mqtt":
            used[asset] += 1
            is_exempt = used[asset] <= 1 + truth.faults.get(asset, 0)
        else:
            is_exempt = line["protocol"] == "ble" and any(
                abs(at - killed_at) <= settle for killed_at in times.killed_at
            )
        if is_exempt:
            fresh = [point for point in line["values"] if (number, point) not in kinds]
            kinds.update(((number, point), "unconfirmed") for point in fresh)
            most["unconfirmed"] += len(fresh)


def _last_answers(
    reports: Sequence[Mapping[str, Any]],
    lines: Sequence[tuple[int, datetime]],
    closings: Sequence[Closing],
    profiles: Mapping[str, DeviceProfile],
    kinds: dict[tuple[int, str], Kind],
    most: Counter[Kind],
) -> None:
    moments = [at for _, at in lines]
    begin = 0
    for closing in closings:
        end = bisect_right(moments, closing.at)
        latest: dict[tuple[str, str], int] = {}
        connection = lines[end - 1 : end] if closing.is_by_school and end else lines[begin:end]
        for number, at in connection:
            asset = reports[number]["asset"]
            for point in reports[number]["values"]:
                longest_s = _poll_s(profiles.get(asset), point) + LATE_POLL_S
                if (closing.at - at).total_seconds() <= longest_s:
                    latest[asset, point] = number
        kinds.update(((number, point), "last_answer") for (_, point), number in latest.items())
        most["last_answer"] += len(latest)
        begin = end


def _poll_s(profile: DeviceProfile | None, point: str) -> float:
    """Return the seconds between two polls of a point; 0 where it is not polled."""
    if profile is None or point not in profile.points or not protocol_of(profile).is_polled:
        return 0.0
    return protocol_of(profile).period_s(profile, profile.points[point]) or 0.0
