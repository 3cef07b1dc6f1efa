"""What every asset is doing now, from its newest readings and usage slots (words: `cloud.domain`).

- The usage rule is the profile's, unless the gateway's newest report of the device has another: the
  state shown now and the slots that follow are then by the same rule.
- A gateway goes on with the last reading for as long as the rule's `max_gap_s`, so a slot may begin
  so much after it. A slot that begins later came without readings; then slots alone decide, and an
  asset is online until its next one is overdue.
- Nothing is lost before it could have been received since this cloud started: until then it is
  awaited, because the silence may be the cloud's own.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from cloud.clock import Clock
from cloud.domain import SLOT_GRACE, CurrentState, LearnedLevels, Presence
from cloud.telemetry.store import AssetLatest, GatewayLatest, LatestSlot, TelemetryStore
from device_profiles.points import rule_of
from device_profiles.reading import Value
from device_profiles.schema import UsageRule
from device_profiles.usage import SLOT_S, state_of

_log = logging.getLogger(__name__)

DEFAULT_MAX_GAP_S = 600.0
_SLOT = timedelta(seconds=SLOT_S)


@dataclass(frozen=True, slots=True)
class AssetNow:
    """One asset that sent something, as of a moment."""

    school: str
    asset: str
    room: str
    category: str
    profile: str
    state: CurrentState
    presence: Presence
    last_seen: datetime | None
    lost_at: datetime | None
    """When it will count as lost, should nothing more be received."""
    values: dict[str, Value]
    levels: LearnedLevels | None = None
    """The levels of power that its gateway learned, where its usage rule does not fit them."""


@dataclass(frozen=True, slots=True)
class _Report:
    """What a gateway reports of a device's usage rule; empty where it leaves it out."""

    rule: str = ""
    fit: str = ""
    levels: str = ""


_NO_REPORT = _Report()
_LEARNED = TypeAdapter(LearnedLevels)
_UNFIT: dict[str, CurrentState] = {"does_not_fit": "rule_unfit", "indistinct": "use_indistinct"}
"""How a gateway names a rule -> the state of what has it."""


class StateNow:
    """Answers from the store's newest values; `rules` gives the usage rule of a profile."""

    def __init__(
        self, store: TelemetryStore, clock: Clock, rules: Mapping[str, UsageRule | None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self.started_at = clock.now()
        # Reports repeat themselves every few seconds, and states are asked for every second.
        self._rule = lru_cache(maxsize=4096)(self._reported_rule)

    def of(self, school: str, asset: str | None = None) -> list[AssetNow]:
        """Return every asset of a school that ever sent a reading or a slot, or the given one."""
        at = self._clock.now()
        reported = _reported_rules(self._store.latest_gateways(school))
        readings = {latest.asset: latest for latest in self._store.latest_readings(school, asset)}
        slots = {latest.asset: latest for latest in self._store.latest_slots(school, asset)}
        states = []
        for name in sorted(readings.keys() | slots.keys()):
            latest = readings.get(name) or _nothing_read(slots[name])
            report = reported.get((name, latest.profile), _NO_REPORT)
            rule = self._rule(latest.profile, report.rule)
            states.append(_now(latest, slots.get(name), rule, report, at, self.started_at))
        return states

    def _reported_rule(self, profile: str, text: str) -> UsageRule | None:
        try:
            return rule_of(text, self._rules.get(profile))
        except ValueError as error:
            _log.warning("%s: a usage rule that cannot be read: %s", profile, error)
            return self._rules.get(profile)


def _nothing_read(slot: LatestSlot) -> AssetLatest:
    return AssetLatest(slot.school, slot.asset, slot.room, slot.category, profile="", points={})


def _now(
    latest: AssetLatest,
    slot: LatestSlot | None,
    rule: UsageRule | None,
    report: _Report,
    at: datetime,
    started_at: datetime,
) -> AssetNow:
    gap = timedelta(seconds=rule.max_gap_s if rule else DEFAULT_MAX_GAP_S)
    last_seen = max((point.observed_at for point in latest.points.values()), default=None)
    by_slots = slot is not None and (last_seen is None or slot.start > last_seen + gap)
    due_after = gap
    if slot is not None and by_slots:
        last_seen = slot.start + _SLOT
        due_after = _SLOT + SLOT_GRACE
    lost_at = max(last_seen, started_at) + due_after if last_seen else None
    is_online = last_seen is not None and at <= last_seen + due_after
    point = latest.points.get(rule.point) if rule else None
    state: CurrentState = "unobserved"
    unfit = _UNFIT.get(report.fit)
    if is_online and unfit is not None:
        state = unfit
    elif is_online and slot is not None and (by_slots or rule is None):
        state = slot.state if at <= slot.start + 2 * _SLOT + SLOT_GRACE else "unobserved"
    elif is_online and rule is None:
        state = "no_rule"
    elif is_online and rule and point and at <= point.observed_at + gap:
        state = state_of(rule, point.value) or "unobserved"
    return AssetNow(
        school=latest.school,
        asset=latest.asset,
        room=latest.room,
        category=latest.category,
        profile=latest.profile,
        state=state,
        presence=_presence(at, lost_at, is_online=is_online),
        last_seen=last_seen,
        lost_at=lost_at,
        values={name: point.value for name, point in latest.points.items()},
        levels=_levels(report.levels) if unfit is not None else None,
    )


def _presence(at: datetime, lost_at: datetime | None, *, is_online: bool) -> Presence:
    if lost_at is None:
        return "never_seen"
    if is_online:
        return "online"
    return "awaited" if at <= lost_at else "lost"


def _reported_rules(reports: list[GatewayLatest]) -> dict[tuple[str, str], _Report]:
    """Return what the newest report of each (asset, profile) holds of its usage rule.

    A report that leaves something out takes back that of an earlier one.
    """
    newest: dict[tuple[str, str], tuple[datetime, _Report]] = {}
    for report in reports:
        if not report.device or not report.fields:
            continue
        key = report.asset, report.profile
        at = max(latest.observed_at for latest in report.fields.values())
        texts = {
            name: str(field.value)
            for name, field in report.fields.items()
            if field.observed_at == at
        }
        if key not in newest or at > newest[key][0]:
            newest[key] = (
                at,
                _Report(
                    texts.get("usage_rule", ""), texts.get("rule_fit", ""), texts.get("levels", "")
                ),
            )
    return {key: report for key, (_, report) in newest.items()}


def _levels(text: str) -> LearnedLevels | None:
    try:
        return _LEARNED.validate_json(text) if text else None
    except ValidationError as error:
        _log.warning("levels that cannot be read: %s", error)
        return None
