"""True states against stored usage slots.

What is compared: the seconds of each state in each stored slot. The truth is the log of true
states, as the device's usage rule can tell them (a sensor that knows only motion has no standby),
with the rule's `hold_s` applied, and unobserved where the device was silent for longer than the
rule's `max_gap_s`, before its first word, and after its last.

Within one poll interval means: a device that pushes tells each change at once; one that is polled
is seen to change up to `poll_s` late. So each change that touches a slot may move one interval
from one state to another, and no more. A fall that lasts as long as `hold_s`, give or take one
interval, may count or not; time between the last word and the gateway's stop may be held or
unobserved: either is right.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from device_profiles.protocol import protocol_of
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, UsageRule
from device_profiles.usage import SLOT_S, State, state_of
from simulators.audit.readings import Grace, TruthLines, moment

PUSH_S = 2.0
"""What a change of a pushing device may need to its reading: the device's own and the way."""
_NAMES: tuple[State, ...] = ("active", "standby", "off", "unobserved")
_RANK = {"off": 1, "standby": 2, "active": 3}
_Span = tuple[float, float, str]


@dataclass(slots=True)
class UsageAudit:
    """The figures; `over` counts slots that differ by more than one interval for each change."""

    slots: int = 0
    max_difference_s: float = 0.0
    max_per_change_s: float = 0.0
    over: int = 0
    examples: list[str] = field(default_factory=list)


def poll_interval(profile: DeviceProfile, rule: UsageRule) -> float:
    """Return how late a change may be seen."""
    point = profile.points[rule.point]
    spec = protocol_of(profile)
    return PUSH_S + ((spec.period_s(profile, point) or 0.0) if spec.is_polled else 0.0)


def audit_usage(
    truth: TruthLines,
    slots: Iterable[Mapping[str, Any]],
    rules: Mapping[str, tuple[DeviceProfile, UsageRule]],
    *,
    until: datetime,
    grace: Sequence[Grace] = (),
) -> UsageAudit:
    """Compare every stored slot of a device of the run; `until` is when the gateway stopped.

    What was said in a window of grace was heard by nobody.
    """
    audit = UsageAudit()
    words: dict[str, list[float]] = defaultdict(list)
    for line in truth.said:
        rule = rules.get(line["asset"])
        if rule is None or rule[1].point not in line["values"]:
            continue
        at = moment(line["at"])
        if not any(one.covers(line["protocol"], at) for one in grace):
            words[line["asset"]].append(moment(line.get("observed_at") or line["at"]).timestamp())
    states: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for line in truth.states:
        states[line["asset"]].append((moment(line["at"]).timestamp(), line["state"]))
    for row in slots:
        asset = row["asset"]
        if asset in rules and words[asset] and states[asset]:
            start = moment(row["start"]).timestamp()
            if start + SLOT_S > words[asset][0]:
                told = (states[asset], sorted(words[asset]))
                _audit_slot(audit, row, start, *rules[asset], told, until.timestamp())
    return audit


def _audit_slot(
    audit: UsageAudit,
    row: Mapping[str, Any],
    start: float,
    profile: DeviceProfile,
    rule: UsageRule,
    told: tuple[list[tuple[float, str]], list[float]],
    until: float,
) -> None:
    states, words = told
    interval_s = poll_interval(profile, rule)
    seen = _seen_states(profile, rule)
    stretches = [(at, seen[state]) for at, state in states]
    observed, held = _observed(words, rule.max_gap_s, until)
    low = dict.fromkeys(_NAMES, float(SLOT_S))
    high = dict.fromkeys(_NAMES, 0.0)
    for hold_s in (rule.hold_s, max(0.0, rule.hold_s - interval_s), rule.hold_s + interval_s):
        spans = _bridged(_spans(stretches, max(until, words[-1])), hold_s)
        for windows in (observed, [*observed, *held]):
            spent = _spent(spans, windows, start)
            for name in _NAMES:
                low[name] = min(low[name], spent[name])
                high[name] = max(high[name], spent[name])
    changes = 1 + sum(1 for at, _ in _changes(stretches) if start <= at < start + SLOT_S)
    difference_s = max(
        max(low[name] - row[f"{name}_s"], row[f"{name}_s"] - high[name], 0.0) for name in _NAMES
    )
    audit.slots += 1
    audit.max_difference_s = max(audit.max_difference_s, round(difference_s, 3))
    audit.max_per_change_s = max(audit.max_per_change_s, round(difference_s / changes, 3))
    if difference_s > interval_s * changes:
        audit.over += 1
        if len(audit.examples) < 20:
            stored = {name: row[f"{name}_s"] for name in _NAMES}
            due = {name: (round(low[name], 1), round(high[name], 1)) for name in _NAMES}
            at = datetime.fromtimestamp(start, UTC).isoformat()
            audit.examples.append(
                f"usage: {row['asset']} {at}: stored {stored}, true {due}, {changes} changes"
            )


def _seen_states(profile: DeviceProfile, rule: UsageRule) -> dict[str, str]:
    """Return true state -> the state that the rule makes of what the device then says."""
    seen = {"active": "active", "standby": "standby", "off": "off"}
    played: Mapping[str, Any] = profile.simulation.points if profile.simulation else {}
    told = played.get(rule.point)
    if isinstance(told, dict):
        for state in seen:
            value: Any = told.get(state)
            middle: Value | None = sum(value) / len(value) if isinstance(value, list) else value
            found = state_of(rule, middle) if middle is not None else None
            seen[state] = found or state
    return seen


def _changes(stretches: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    changes: list[tuple[float, str]] = []
    for at, state in stretches:
        if not changes or changes[-1][1] != state:
            changes.append((at, state))
    return changes


def _spans(stretches: Sequence[tuple[float, str]], end: float) -> list[_Span]:
    changes = _changes(stretches)
    ends = [at for at, _ in changes[1:]] + [max(end, changes[-1][0])]
    return [(at, to, state) for (at, state), to in zip(changes, ends, strict=True)]


def _bridged(spans: list[_Span], hold_s: float) -> list[_Span]:
    """Raise falls that last no longer than `hold_s` and return to the same or a higher state."""
    result = list(spans)
    for level in (3, 2):
        i = 0
        while i < len(result):
            if _RANK[result[i][2]] >= level:
                j = i + 1
                while j < len(result) and _RANK[result[j][2]] < level:
                    j += 1
                if j < len(result) and i + 1 < j and result[j][0] - result[i][1] <= hold_s:
                    name = result[i][2] if _RANK[result[i][2]] == level else _name(level)
                    result[i + 1 : j] = [(result[i][1], result[j][0], name)]
                i = j
            else:
                i += 1
    return result


def _name(level: int) -> str:
    return next(name for name, rank in _RANK.items() if rank == level)


def _observed(
    words: list[float], max_gap_s: float, until: float
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return when the device was heard, and the time after its last word that may be held."""
    windows: list[tuple[float, float]] = []
    for at, following in pairwise(words):
        if following - at <= max_gap_s:
            if windows and windows[-1][1] == at:
                windows[-1] = (windows[-1][0], following)
            else:
                windows.append((at, following))
    held = [(words[-1], min(until, words[-1] + max_gap_s))] if until > words[-1] else []
    return windows, held


def _spent(
    spans: Sequence[_Span], windows: Sequence[tuple[float, float]], start: float
) -> dict[str, float]:
    spent: dict[str, float] = dict.fromkeys(_NAMES, 0.0)
    for low, high in windows:
        low, high = max(low, start), min(high, start + SLOT_S)  # noqa: PLW2901  clipped to the slot
        for begin, end, state in spans:
            spent[state] += max(0.0, min(end, high) - max(begin, low))
    spent["unobserved"] = max(0.0, SLOT_S - spent["active"] - spent["standby"] - spent["off"])
    return spent


def heartbeat(rule: UsageRule | None) -> float:
    """Return after how long a gateway sends a value that did not change."""
    return rule.max_gap_s / 2 if rule is not None else 300.0
