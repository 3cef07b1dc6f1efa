"""What every asset is doing now, from its newest readings and the usage rule in force.

That is its profile's, unless the gateway's newest report of the device has another: the state
shown now and the slots that follow are then by the same rule.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cloud.clock import Clock
from cloud.domain import Presence, State
from cloud.telemetry.store import AssetLatest, GatewayLatest, TelemetryStore
from device_profiles.points import rule_of
from device_profiles.reading import Value
from device_profiles.schema import UsageRule
from device_profiles.usage import state_of

_log = logging.getLogger(__name__)

DEFAULT_MAX_GAP_S = 600.0


@dataclass(frozen=True, slots=True)
class AssetNow:
    """One asset, as of a moment."""

    school: str
    asset: str
    room: str
    category: str
    profile: str
    state: State
    presence: Presence
    last_seen: datetime | None
    silent_at: datetime | None
    """When it will count as silent, should nothing more be received."""
    values: dict[str, Value]


class StateNow:
    """Answers from the store's newest readings; `rules` gives the usage rule of a profile."""

    def __init__(
        self, store: TelemetryStore, clock: Clock, rules: Mapping[str, UsageRule | None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        # Reports repeat themselves every few seconds, and states are asked for every second.
        self._rule = lru_cache(maxsize=4096)(self._reported_rule)

    def of(self, school: str, asset: str | None = None) -> list[AssetNow]:
        """Return every asset of a school that ever sent a reading, or the given one."""
        at = self._clock.now()
        reported = _reported_rules(self._store.latest_gateways(school))
        return [
            self._now(latest, at, reported.get((latest.asset, latest.profile), ""))
            for latest in self._store.latest_readings(school, asset)
        ]

    def _reported_rule(self, profile: str, text: str) -> UsageRule | None:
        try:
            return rule_of(text, self._rules.get(profile))
        except ValueError as error:
            _log.warning("%s: a usage rule that cannot be read: %s", profile, error)
            return self._rules.get(profile)

    def _now(self, latest: AssetLatest, at: datetime, reported_rule: str) -> AssetNow:
        rule = self._rule(latest.profile, reported_rule)
        gap = timedelta(seconds=rule.max_gap_s if rule else DEFAULT_MAX_GAP_S)
        last_seen = max((p.observed_at for p in latest.points.values()), default=None)
        silent_at = last_seen + gap if last_seen else None
        is_online = silent_at is not None and at <= silent_at
        state: State = "unobserved"
        point = latest.points.get(rule.point) if rule else None
        if rule and point and is_online and at <= point.observed_at + gap:
            state = state_of(rule, point.value) or "unobserved"
        return AssetNow(
            school=latest.school,
            asset=latest.asset,
            room=latest.room,
            category=latest.category,
            profile=latest.profile,
            state=state,
            presence="never_seen" if last_seen is None else "online" if is_online else "silent",
            last_seen=last_seen,
            silent_at=silent_at,
            values={name: point.value for name, point in latest.points.items()},
        )


def _reported_rules(reports: list[GatewayLatest]) -> dict[tuple[str, str], str]:
    """Return the rule in the newest report of each (asset, profile), empty where it has none.

    A report that leaves the rule out takes back that of an earlier one.
    """
    newest: dict[tuple[str, str], tuple[datetime, str]] = {}
    for report in reports:
        if not report.device or not report.fields:
            continue
        key = report.asset, report.profile
        at = max(latest.observed_at for latest in report.fields.values())
        rule = report.fields.get("usage_rule")
        text = str(rule.value) if rule is not None and rule.observed_at == at else ""
        if key not in newest or at > newest[key][0]:
            newest[key] = at, text
    return {key: text for key, (_, text) in newest.items()}
