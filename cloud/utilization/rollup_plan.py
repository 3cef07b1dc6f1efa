"""The roll-up as a plan that any engine runs: the expressions over their unbound tables. Pure."""

from functools import cache

from cloud.telemetry.rollup_store import RollupPlan
from cloud.utilization import daily_rollup, rollup
from cloud.utilization.reference_rollup import LessonRule
from cloud.utilization.rollup import CUTS, LESSONS, SEEN, SENT, SLOTS, TARGETS


@cache
def rollup_plan(rule: LessonRule) -> RollupPlan:
    """Return the plan by a rule for lessons, the same object every time."""
    return RollupPlan(
        senders=rollup.senders(SENT),
        seen=rollup.seen(SLOTS, CUTS),
        period_use=rollup.rollup(SEEN, CUTS, TARGETS, LESSONS, rule),
        day_use=daily_rollup.days(SEEN, CUTS, TARGETS),
    )
