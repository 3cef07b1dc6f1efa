"""True states against stored usage slots.

What is compared: the seconds of each state in each stored slot. The truth is the log of true
states, as the device's usage rule can distinguish them (a sensor of motion has no standby),
with the rule's `hold_s` applied, and unobserved where the device reported nothing for longer than
the rule's `max_gap_s`, before its first report that the gateway received, and after its last.

A gateway learns of a change by the device's first report that shows the new state: at once where
the device pushes, at the next poll where it is polled. (A Bluetooth advertisement that was made
before the change may still be received after it.) The truth log holds both moments. So each change
that touches a slot may move the time between them from one state to another (plus what the gateway
needed to date the report, where the device states no time), and no more. The limit of a slot is the
sum of these delays as they were, on a busy machine longer than on a quiet one; no fixed tolerance
is added but the rounding to milliseconds.
A fall that lasts as long as `hold_s`, give or take one delay, may count or not; so may one whose
end no report showed, because the devices were stopped before. Time between the last report and the
gateway's end may be held or unobserved: either is right.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import Any

from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, UsageRule
from device_profiles.usage import SLOT_S, State, state_of
from simulators.audit.truth_lines import TruthLines, moment

_ROUNDING_S = 0.01
"""Slots are summed in milliseconds; a few edges of a slot are rounded."""
_NAMES: tuple[State, ...] = ("active", "standby", "off", "unobserved")
_MOST_EXAMPLES = 20
_RANK = {"off": 1, "standby": 2, "active": 3}
_Span = tuple[float, float, str]
_Report = tuple[float, float, State | None]
"""When a device reported, when that was true, and the state that the rule makes of it."""


@dataclass(slots=True)
class UsageAudit:
    """The figures; `over` counts slots that differ by more than their changes account for."""

    slots: int = 0
    max_difference_s: float = 0.0
    max_per_change_s: float = 0.0
    max_report_delay_s: float = 0.0
    """The longest time from a true change to the device's next report."""
    over: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _History:
    """What is true of one device, in seconds since 1970."""

    states: list[tuple[float, str]]
    """Each change of the state that the rule can distinguish."""
    shown_states: list[tuple[float, str]]
    """The same without a last change that no report showed."""
    reports: list[float]
    """When the reports that the gateway received were true."""
    delays: list[tuple[float, float]]
    """(moment of a change, seconds until a report showed it)."""
    stamp_s: float
    """The most that the gateway needed to date a report."""


def audit_usage(
    truth: TruthLines,
    slots: Iterable[Mapping[str, Any]],
    rules: Mapping[str, tuple[DeviceProfile, UsageRule]],
    *,
    until: datetime,
    not_received: AbstractSet[tuple[int, str]] = frozenset(),
    delay_s: Mapping[str, float] | None = None,
) -> UsageAudit:
    """Compare every stored slot of a device of the run; `until` is when the gateway ended.

    `not_received` (line, point) and `delay_s` are those of the audit of readings.
    """
    audit = UsageAudit()
    reports: dict[str, list[_Report]] = defaultdict(list)
    for number, line in enumerate(truth.reports):
        rule = rules.get(line["asset"])
        if rule is None or rule[1].point not in line["values"]:
            continue
        if (number, rule[1].point) not in not_received:
            observed = moment(line.get("observed_at") or line["at"]).timestamp()
            state = state_of(rule[1], line["values"][rule[1].point])
            reports[line["asset"]].append((moment(line["at"]).timestamp(), observed, state))
    states: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for line in truth.states:
        states[line["asset"]].append((moment(line["at"]).timestamp(), line["state"]))
    histories = {
        asset: _history(
            *rules[asset],
            states[asset],
            reports[asset],
            until.timestamp(),
            (delay_s or {}).get(asset, 0.0),
        )
        for asset in rules
        if states[asset] and reports[asset]
    }
    for row in slots:
        history = histories.get(row["asset"])
        start = moment(row["start"]).timestamp()
        if history is not None and start + SLOT_S > history.reports[0]:
            _audit_slot(audit, row, start, rules[row["asset"]][1], history, until.timestamp())
    return audit


def _history(
    profile: DeviceProfile,
    rule: UsageRule,
    states: Sequence[tuple[float, str]],
    reports: Sequence[_Report],
    until: float,
    stamp_s: float,
) -> _History:
    seen = _seen_states(profile, rule)
    changes = _changes([(at, seen[state]) for at, state in states])
    made = [at for at, _, _ in reports]
    delays = []
    is_last_shown = True
    for number, (at, state) in enumerate(changes):
        if at <= made[0]:
            continue  # unobserved, and ended by the first report
        following = changes[number + 1][0] if number + 1 < len(changes) else max(until, at)
        shown = next(
            (
                observed
                for made_at, observed, shown_state in reports[bisect_left(made, at) :]
                if made_at < following and shown_state == state
            ),
            None,
        )
        is_last_shown = shown is not None
        delays.append((at, abs((following if shown is None else shown) - at)))
    shown_changes = changes if is_last_shown else changes[:-1]
    return _History(
        changes, shown_changes, sorted(observed for _, observed, _ in reports), delays, stamp_s
    )


def _audit_slot(
    audit: UsageAudit,
    row: Mapping[str, Any],
    start: float,
    rule: UsageRule,
    history: _History,
    until: float,
) -> None:
    touching = [
        (at, delay_s)
        for at, delay_s in history.delays
        if at < start + SLOT_S and at + delay_s >= start
    ]
    later = [
        delay_s for at, delay_s in history.delays if start <= at < start + SLOT_S + rule.hold_s
    ]
    delay_s = max([*later, *(delay for _, delay in touching)], default=0.0) + history.stamp_s
    observed, held = _observed(history.reports, rule.max_gap_s, until)
    low = dict.fromkeys(_NAMES, float(SLOT_S))
    high = dict.fromkeys(_NAMES, 0.0)
    for hold_s in (rule.hold_s, max(0.0, rule.hold_s - delay_s), rule.hold_s + delay_s):
        for states, windows in product(
            (history.states, history.shown_states), (observed, [*observed, *held])
        ):
            spans = _bridged(_spans(states, max(until, history.reports[-1])), hold_s)
            spent = _spent(spans, windows, start)
            for name in _NAMES:
                low[name] = min(low[name], spent[name])
                high[name] = max(high[name], spent[name])
    # The first report of a device is an edge of its own: unobserved ends there.
    changes = 1 + sum(1 for at, _ in history.states if start <= at < start + SLOT_S)
    allowed_s = (
        sum(delay for _, delay in touching) + (1 + len(touching)) * history.stamp_s + _ROUNDING_S
    )
    difference_s = max(
        max(low[name] - row[f"{name}_s"], row[f"{name}_s"] - high[name], 0.0) for name in _NAMES
    )
    audit.slots += 1
    audit.max_difference_s = max(audit.max_difference_s, round(difference_s, 3))
    audit.max_per_change_s = max(audit.max_per_change_s, round(difference_s / changes, 3))
    for _, delay in touching:
        audit.max_report_delay_s = max(audit.max_report_delay_s, round(delay, 3))
    if difference_s > allowed_s:
        audit.over += 1
        if len(audit.examples) < _MOST_EXAMPLES:
            stored = {name: row[f"{name}_s"] for name in _NAMES}
            due = {name: (round(low[name], 1), round(high[name], 1)) for name in _NAMES}
            at = datetime.fromtimestamp(start, UTC).isoformat()
            audit.examples.append(
                f"usage: {row['asset']} {at}: stored {stored}, true {due}; its {len(touching)} "
                f"changes account for {allowed_s:.3f} s"
            )


def _seen_states(profile: DeviceProfile, rule: UsageRule) -> dict[str, str]:
    """Return true state -> the state that the rule makes of what the device then reports."""
    seen = {"active": "active", "standby": "standby", "off": "off"}
    played: Mapping[str, Any] = profile.simulation.points if profile.simulation else {}
    values = played.get(rule.point)
    if isinstance(values, dict):
        for state in seen:
            value: Any = values.get(state)
            middle: Value | None = sum(value) / len(value) if isinstance(value, list) else value
            rule_state = state_of(rule, middle) if middle is not None else None
            seen[state] = rule_state or state
    return seen


def _changes(states: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    changes: list[tuple[float, str]] = []
    for at, state in states:
        if not changes or changes[-1][1] != state:
            changes.append((at, state))
    return changes


def _spans(changes: Sequence[tuple[float, str]], end: float) -> list[_Span]:
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
    reports: list[float], max_gap_s: float, until: float
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return when the device was observed, and the time after its last report that may be held."""
    windows: list[tuple[float, float]] = []
    for at, following in pairwise(reports):
        if following - at <= max_gap_s:
            if windows and windows[-1][1] == at:
                windows[-1] = (windows[-1][0], following)
            else:
                windows.append((at, following))
    last = reports[-1]
    held = [(last, min(until, last + max_gap_s))] if until > last else []
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
