"""The whole days of `cloud.utilization.reference_daily` as one expression over unbound tables.

It follows from the same table `seen` as the roll-up (`cloud.utilization.rollup`), so the slots are
gone through once for both. Output: the columns of the table `usage_days`.
"""

from functools import cache

import ibis  # type: ignore[import-untyped]  # it ships no types
import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types

from cloud.utilization.rollup import CUTS, SEEN, TARGETS, exact
from cloud.utilization.sql import to_sql
from device_profiles.usage import SLOT_S

TABLE = "usage_days"

DDL = f"""
create table if not exists {TABLE} (
    school varchar not null,
    asset varchar not null,
    day date not null,
    week varchar not null,
    asset_id bigint,
    room varchar,
    category varchar,
    due_slots double not null,
    slots double not null,
    in_time_slots double,
    evening_due_s double not null,
    evening_on_s double not null,
    evening_unobserved_s double not null,
    active_s double not null,
    night_active_s double not null
)
"""
"""Whoever writes keeps (school, asset, day) unique, as in `usage_rollup`.

`in_time_slots` is null where nobody knows of some slot of the day when it came.
"""

COLUMNS = (
    "school",
    "asset",
    "day",
    "week",
    "asset_id",
    "room",
    "category",
    "due_slots",
    "slots",
    "in_time_slots",
    "evening_due_s",
    "evening_on_s",
    "evening_unobserved_s",
    "active_s",
    "night_active_s",
)
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


@cache
def sql(dialect: str) -> str:
    """Return the days for an engine, over tables named seen, cuts and targets."""
    return to_sql(days(SEEN, CUTS, TARGETS), dialect)


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
    return exact(rows.select(*COLUMNS))
