"""What every asset is doing now, from its newest readings and its profile's usage rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.api.models import Presence, State
from cloud.clock import Clock
from cloud.telemetry.store import AssetLatest, TelemetryStore
from device_profiles.reading import Value
from device_profiles.schema import UsageRule
from device_profiles.usage import state_of

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
    """When it will count as silent, should nothing more be heard."""
    values: dict[str, Value]


class StateNow:
    """Answers from the store's newest readings; `rules` gives the usage rule of a profile."""

    def __init__(
        self, store: TelemetryStore, clock: Clock, rules: Mapping[str, UsageRule | None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    def of(self, school: str, asset: str | None = None) -> list[AssetNow]:
        """Return every asset of a school that was ever heard of, or the one asked for."""
        at = self._clock.now()
        return [self._now(latest, at) for latest in self._store.latest_readings(school, asset)]

    def _now(self, latest: AssetLatest, at: datetime) -> AssetNow:
        rule = self._rules.get(latest.profile)
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
