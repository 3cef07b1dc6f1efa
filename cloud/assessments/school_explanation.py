"""What a school asks of a result: who got in with less, whose place it would take, what data lacks.

Everything follows from what is filed, so it is the same whenever it is read, for records of any
format. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from cloud.assessments.assessment import Assessment
from cloud.assessments.filed_selection import FiledSelection, SchoolOutcome
from cloud.assessments.make_selection import rules_from
from cloud.assessments.reasons import names_of
from cloud.messages import Message, Text, message
from cloud.scoring.engine.best_case import best_values
from cloud.scoring.engine.rounding import published
from cloud.scoring.expressions import EPSILON
from cloud.scoring.standard.standard import TOTAL
from cloud.selection.names import called, titles_of

_SHOWN = 0.01
"""Points that two decimals show."""


@dataclass(frozen=True, slots=True)
class LowerSelected:
    """A school that was selected with a lower score; `reason` names the rule that put it there."""

    school: str
    name: str
    value: float
    outcome: SchoolOutcome
    reason: Text


@dataclass(frozen=True, slots=True)
class FailedMark:
    """A pass mark that a school misses; `mark` is a dimension, or "total".

    `best` is the most that it could be if all that has no data turned out well, None where that
    cannot be computed. `lacks_data`: it would pass then.
    """

    mark: str
    title: Text
    value: float
    pass_mark: float
    best: float | None
    lacks_data: bool

    @property
    def text(self) -> Message:
        """Return the sentence about it."""
        values = {
            "title": self.title,
            "value": published(self.value),
            "pass_mark": f"{self.pass_mark:g}",
            "best": None if self.best is None else published(self.best),
        }
        is_complete = self.best is None or self.best < self.value + _SHOWN
        kind = "plain" if is_complete else "unseen" if self.lacks_data else "found"
        return message(f"selection.mark.{kind}", **values)


def lower_selected(
    assessment: Assessment, chosen: FiledSelection, school: str
) -> tuple[LowerSelected, ...]:
    """Return the schools selected with a lower score than a school that was not, the highest first.

    Scores count as they are published, so schools that are level with it are not among them.
    """
    if chosen.outcomes[school].selected:
        return ()
    decimals = rules_from(chosen.rules).decimals
    units = (pl.col("value") * 10**decimals + 1e-6).floor()
    totals = assessment.scores.totals.select("id", "value", units.alias("units"))
    units_of_school = totals.filter(pl.col("id") == school)["units"][0]
    if units_of_school is None:
        return ()
    names = names_of(assessment)
    lower = totals.filter((pl.col("units") < units_of_school) & pl.col("id").is_in(chosen.selected))
    return tuple(
        LowerSelected(
            code,
            names.schools.get(code) or code,
            value,
            chosen.outcomes[code],
            names.resolved(chosen.outcomes[code].reason),
        )
        for code, value, _ in lower.sort("value", "id", descending=[True, False]).iter_rows()
    )


def lower_text(assessment: Assessment, school: str, lower: Sequence[LowerSelected]) -> Message:
    """Return the sentence about the schools selected with a lower score."""
    value = assessment.scores.totals.filter(pl.col("id") == school)["value"][0]
    if value is None:
        return message("selection.lower.not_rated")
    if not lower:
        return message("selection.lower.none")
    return message("selection.lower.some", schools=len(lower))


def failed_mark_details(assessment: Assessment, school: str) -> tuple[FailedMark, ...]:
    """Return the pass marks that a school misses, and whether only for lack of data."""
    scores, standard = assessment.scores.only(school), assessment.standard
    totals, best = scores.totals.row(0, named=True), best_values(scores).row(0, named=True)
    values = {**scores.dimensions.row(0, named=True), TOTAL: totals["raw"]}
    pass_marks = {dimension.id: dimension.pass_mark for dimension in standard.dimensions}
    pass_marks[TOTAL] = standard.pass_mark
    titles = titles_of(standard)
    return tuple(
        FailedMark(
            name,
            called(titles, name),
            values[name] or 0.0,
            mark,
            best[name],
            lacks_data=best[name] is not None and best[name] >= mark - EPSILON,
        )
        for name in totals["failed_marks"]
        if (mark := pass_marks[name]) is not None
    )


def rival_text(assessment: Assessment, chosen: FiledSelection, school: str) -> Message | None:
    """Return whose place a school would take, or who would take its place; None for no school."""
    outcome = chosen.outcomes[school]
    if outcome.rival is None:
        return None
    rival = chosen.outcomes[outcome.rival]
    value = assessment.scores.totals.filter(pl.col("id") == outcome.rival)["value"][0]
    kind = "other"
    if outcome.selected:
        kind = "next"
    elif outcome.rival == chosen.selected[-1]:
        kind = "last"
    return message(
        f"selection.displaces.{kind}",
        school=names_of(assessment).schools.get(outcome.rival) or outcome.rival,
        rank=rival.rank,
        value=None if value is None else published(value),
    )


def selection_rate_text(
    assessment: Assessment, chosen: FiledSelection, school: str
) -> Message | None:
    """Return what the chance of selection is, and what it is not; None without trials."""
    outcome, trials = chosen.outcomes[school], chosen.contents.trials
    if outcome.chance is None:
        return None
    totals = assessment.scores.totals.filter(pl.col("id") == school).row(0, named=True)
    excluded = bool(totals["failed_gates"]) and "gates" in rules_from(chosen.rules).hard
    kind = "chance_excluded" if excluded else "chance"
    return message(f"selection.trials.{kind}", trials=trials, chance=outcome.chance)


def interval_text(chosen: FiledSelection, school: str) -> Message | None:
    """Return what the rank interval is, and why the rank may lie outside; None without trials."""
    outcome = chosen.outcomes[school]
    low, high, rank = outcome.rank_low, outcome.rank_high, outcome.rank
    if low is None or high is None:
        return None
    kind = "interval"
    if rank is not None and rank < low:
        kind = "interval_better"
    elif rank is not None and rank > high:
        kind = "interval_worse"
    return message(f"selection.trials.{kind}", low=low, high=high, rank=rank)
