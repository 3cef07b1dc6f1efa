"""The whole days of `cloud.utilization.reference_daily` as one expression. Pure.

It is over unbound tables, and follows from the same table `seen` as the roll-up
(`cloud.utilization.rollup`), so slots are read once for both. Output: the columns of
`cloud.telemetry.tables.DAY_USE`.
"""

import ibis  # type: ignore[import-untyped]  # it ships no types
import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types

from cloud.telemetry.tables import DAY_USE
from cloud.utilization.rollup import exact
from device_profiles.usage import SLOT_S

_SUMS = (
    "arrived_s",
    "early_s",
    "told_s",
    "in_time_s",
    "undated_s",
    "evening_arrived_s",
    "evening_early_s",
    "evening_on_s",
    "evening_off_s",
    "seen_active_s",
    "night_active_s",
)


def days(seen: ir.Table, cuts: ir.Table, targets: ir.Table) -> ir.Table:
    """Return use per target; the same as `cloud.utilization.reference_daily.use_of_days`."""
    ended = cuts.group_by("school", "day").agg(
        ended_s=cuts.due_s.sum(),
        evening_ended_s=ibis.ifelse(cuts.due_s > 0, cuts.evening_s, 0.0).sum(),
    )
    sums = seen.group_by("school", "asset", "day").agg(
        **{f"sum_{name}": seen[name].sum() for name in _SUMS}
    )
    rows = targets.join(ended, ["school", "day"]).left_join(sums, ["school", "asset", "day"])
    rows = rows.drop("school_right", "asset_right", "day_right")
    rows = rows.mutate(**{name: rows[f"sum_{name}"].coalesce(0.0) for name in _SUMS})
    rows = rows.mutate(
        due_s=ibis.ifelse(rows.owes, rows.ended_s + rows.early_s, rows.arrived_s),
        evening_due_s=ibis.ifelse(
            rows.owes, rows.evening_ended_s + rows.evening_early_s, rows.evening_arrived_s
        ),
    )
    rows = rows.filter(rows.due_s > 0)
    hidden_s = rows.evening_due_s - rows.evening_on_s - rows.evening_off_s
    rows = rows.mutate(
        due_slots=rows.due_s / SLOT_S,
        slots=rows.told_s / SLOT_S,
        in_time_slots=ibis.ifelse(
            rows.undated_s > 0, ibis.null("float64"), rows.in_time_s / SLOT_S
        ),
        evening_unobserved_s=ibis.ifelse(hidden_s > 0, hidden_s, 0.0),
        active_s=rows.seen_active_s,
    )
    return exact(rows.select(*DAY_USE.names))
