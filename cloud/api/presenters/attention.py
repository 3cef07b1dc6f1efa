"""What a manager should look at, from what is known of a school now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.api.presenters.assets import SPAN_SCHOOL_DAYS, Line
from cloud.api.schemas.gateways import Gateway
from cloud.api.schemas.overview import Attention
from cloud.telemetry.current_state import AssetNow
from cloud.telemetry.store import TelemetryStore
from cloud.utilization.due_slots import WRITTEN_OFF
from cloud.utilization.periods import Day
from cloud.utilization.reference_rollup import TEACHING
from cloud.utilization.summary import Use

LEFT_ON_AFTER = timedelta(minutes=30)
"""After the last period, and after it went on."""
ON_A_DAY_OFF = timedelta(hours=2)
LOOK_BACK = timedelta(hours=36)
BACKLOG_AFTER_S = 600.0
"""A gateway whose oldest unsent point is older cannot keep up, or cannot reach the cloud."""
SEEN_ENOUGH = 0.5
"""Share of the school days' seconds that has to be seen before "never used" may be reported."""
UNFIT = frozenset({"rule_unfit", "use_indistinct"})
FAULTY = frozenset({"3", "4"})
"""Codes of 使用状况 for what waits for a repair or is broken."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A school at a moment; `uses` and `on_since` by asset id."""

    at: datetime
    day: Day
    lines: Sequence[Line]
    bound: frozenset[str]
    states: Sequence[AssetNow]
    gateways: Sequence[Gateway]
    uses: Mapping[int, Use]
    on_since: Mapping[int, datetime]


def attention(seen: Seen) -> list[Attention]:
    """Return what needs a look, the most pressing kind first."""
    return [
        *_gateways(seen),
        *_left_on(seen),
        *_lost(seen),
        *_unknown(seen),
        *_without_room(seen),
        *_faulty(seen),
        *_unfit(seen),
        *_never_used(seen),
    ]


async def still_on(
    store: TelemetryStore, school: str, lines: Iterable[Line], day: Day, at: datetime
) -> dict[int, datetime]:
    """Return since when each asset that is active now has been so without a break, by asset id.

    Asked of the slots, and only at a time when nothing should be on.
    """
    on = {
        line.device: line.asset.id
        for line in lines
        if line.device and line.state == "active" and line.category in TEACHING
    }
    if not on or on_before(day, at) is None:
        return {}
    active_since = await store.active_since(school, list(on), at - LOOK_BACK)
    return {on[asset]: start for asset, start in active_since.items()}


def _gateways(seen: Seen) -> Iterator[Attention]:
    for gateway in seen.gateways:
        if gateway.presence == "lost":
            yield Attention(
                kind="gateway_lost",
                subject=gateway.gateway,
                title=gateway.gateway,
                since=gateway.last_seen,
                value=None,
            )
        elif (gateway.oldest_unsent_s or 0.0) > BACKLOG_AFTER_S:
            yield Attention(
                kind="backlog",
                subject=gateway.gateway,
                title=gateway.gateway,
                since=seen.at - timedelta(seconds=gateway.oldest_unsent_s or 0.0),
                value=gateway.backlog,
            )


def _left_on(seen: Seen) -> Iterator[Attention]:
    """Yield what is active outside the school day; `value` is for how many hours."""
    latest = on_before(seen.day, seen.at)
    for line in seen.lines:
        since = seen.on_since.get(line.asset.id)
        if latest is None or since is None or since > latest:
            continue
        if line.state == "active" and line.category in TEACHING:
            yield _about(line, "left_on", since, (seen.at - since).total_seconds() / 3600)


def on_before(day: Day, at: datetime) -> datetime | None:
    """Return the moment since which no device has a good reason to be on, None in school."""
    if not day.is_school_day:
        return at - ON_A_DAY_OFF
    if at < min(period.start for period in day.periods):
        return day.start
    if at >= max(period.end for period in day.periods) + LEFT_ON_AFTER:
        return at - LEFT_ON_AFTER
    return None


def _lost(seen: Seen) -> Iterator[Attention]:
    """Yield what sent data once and is lost now; `value` is the hours since."""
    for line in seen.lines:
        if line.presence == "lost" and line.asset.condition not in WRITTEN_OFF:
            since = line.last_seen
            hours = (seen.at - since).total_seconds() / 3600 if since else None
            yield _about(line, "lost", since, hours)


def _unknown(seen: Seen) -> Iterator[Attention]:
    for state in seen.states:
        if state.asset not in seen.bound:
            yield Attention(
                kind="unknown_asset",
                subject=state.asset,
                title=state.asset,
                since=state.last_seen,
                value=None,
            )


def _without_room(seen: Seen) -> Iterator[Attention]:
    """Yield what teaches in a room that its device reports and the ledger does not have."""
    for line in seen.lines:
        if line.sensor_room and line.category in TEACHING:
            yield _about(line, "no_room", line.last_seen, None)


def _faulty(seen: Seen) -> Iterator[Attention]:
    for line in seen.lines:
        if line.asset.condition in FAULTY:
            yield _about(line, "condition", None, float(line.asset.condition))


def _unfit(seen: Seen) -> Iterator[Attention]:
    """Yield what cannot be judged by its usage rule, until a person agrees to another."""
    for line in seen.lines:
        if line.state in UNFIT and line.asset.condition not in WRITTEN_OFF:
            yield _about(line, line.state, None, None)


def _never_used(seen: Seen) -> Iterator[Attention]:
    """Yield what was watched for twenty school days and was active in none; `value`: days."""
    for line in seen.lines:
        use = seen.uses.get(line.asset.id)
        if line.now is not None and line.now.levels is not None:
            continue  # its rule does not fit, so what was seen before is no proof
        if use is None or line.category not in TEACHING or use.days < SPAN_SCHOOL_DAYS:
            continue
        active_s = use.summary.active_in_timetable_s + use.summary.active_out_of_timetable_s
        if active_s == 0 and (use.summary.observed_share or 0.0) >= SEEN_ENOUGH:
            yield _about(line, "never_used", None, float(use.days))


def _about(line: Line, kind: str, since: datetime | None, value: float | None) -> Attention:
    return Attention.model_validate(
        {
            "kind": kind,
            "subject": line.asset.asset_no,
            "title": line.asset.name,
            "since": since,
            "value": value,
        }
    )
