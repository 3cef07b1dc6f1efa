"""Repair tickets against limits in working hours. Pure.

Working hours are Monday to Friday, 8:00 to 17:00 of the school's own time: nine a day. Holidays are
not taken out, which makes a limit over a holiday harder to keep.
"""

from datetime import datetime, time, timedelta

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import rows_of

OPENS_MIN, HOURS_A_DAY = 8 * 60, 9
_LONG_AGO = datetime(2000, 1, 3)  # noqa: DTZ001  a Monday, local like the tickets


def working_hours(since: pl.Expr, until: pl.Expr) -> pl.Expr:
    """Return the working hours between two local moments."""
    return _hours(until) - _hours(since)


def _hours(moment: pl.Expr) -> pl.Expr:
    """Return the working hours since a Monday long ago."""
    day = moment.dt.date()
    whole = pl.business_day_count(pl.lit(_LONG_AGO.date()), day)
    minutes = moment.dt.hour().cast(pl.Int64) * 60 + moment.dt.minute() - OPENS_MIN
    today = minutes.clip(0, HOURS_A_DAY * 60) / 60
    return whole * HOURS_A_DAY + pl.when(day.dt.weekday() <= 5).then(today).otherwise(0.0)


def handled_in_time(
    evidence: Evidence, tickets: pl.DataFrame, since: str, until: str, hours: float
) -> pl.DataFrame:
    """Return a row for each ticket: whether it got from one moment to the other in time.

    What is still open, and not late yet, is left out; what is open and late counts as not done.
    """
    end = pl.lit(datetime.combine(evidence.end + timedelta(days=1), time()))
    took = working_hours(pl.col(since), pl.coalesce(pl.col(until), end))
    is_late = took > hours + 1e-6
    judged = tickets.with_columns(took.alias("took"), is_late.alias("late")).filter(
        pl.col(until).is_not_null() | pl.col("late")
    )
    return rows_of(
        judged,
        ref=ticket_ref(),
        label=ticket_label(),
        part=pl.col(until).is_not_null() & ~pl.col("late"),
    )


def faults(evidence: Evidence) -> pl.DataFrame:
    """Return the tickets about a fault; one that is not yet diagnosed counts as one."""
    return evidence.tickets.filter(pl.col("is_fault").fill_null(value=True))


def ticket_ref() -> pl.Expr:
    """Return the expression for a ticket's reference."""
    return pl.format("ticket:{}", pl.col("ticket_no"))


def ticket_label() -> pl.Expr:
    """Return the expression for a ticket's number and day."""
    return pl.format("{} {}", pl.col("ticket_no"), pl.col("reported_at").dt.date())
