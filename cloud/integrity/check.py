"""What an integrity check is: a question to the facts of many schools at once.

- A finding is never a deduction. It says what was seen, with the numbers and the rows it stands on,
  what would explain it innocently, and what the school can answer or do.
- A check that lacks what it needs says so (`no_data`); it does not accuse.
- A check looks at one school's rows only. Nothing it finds depends on who else is looked at.
- What was not observed counts for the school, never against it, except where silence itself is
  the question.

To add one: a file in `cloud/integrity/checks/` with a constant `CHECK`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

import polars as pl

from cloud.integrity import checks
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds
from cloud.localized_text import LocalizedText

Row = Mapping[str, Any]


class Judged(NamedTuple):
    """What a check says of every school that it could judge.

    `schools` has one row for each of them: `school`, `strength` (0 to 1, null where nothing is
    odd), and the figures of its sentence. `rows` are those a finding stands on: `school`, `ref`,
    `weight` (the heaviest are shown first), and the figures of theirs.
    """

    schools: pl.DataFrame
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question, and how its answers are put into words.

    `needs` says what a check could not do without, `ask` what the school can answer or do,
    `innocent` what would explain the finding without anybody's ill will.
    """

    id: str
    title: LocalizedText
    judge: Callable[[Facts, Thresholds], Judged]
    reason: Callable[[Row], LocalizedText]
    tell: Callable[[Row], LocalizedText]
    needs: LocalizedText
    ask: LocalizedText
    innocent: LocalizedText


@cache
def all_checks() -> dict[str, Check]:
    """Return every check by its id, found by looking into the folder."""
    found = {}
    for module in iter_modules(checks.__path__):
        check: Check = import_module(f"{checks.__name__}.{module.name}").CHECK
        found[check.id] = check
    return dict(sorted(found.items()))


def strength_of(share: pl.Expr, *, full: float) -> pl.Expr:
    """Return 0.3 for the least that is a finding up to 1 for a share of `full` and more."""
    return (0.3 + 0.7 * share / full).clip(0.0, 1.0)


def seen_s() -> pl.Expr:
    """Return the expression for the seconds of a roll-up row that were seen."""
    return pl.col("due_s") - pl.col("unobserved_s")


def school_use(facts: Facts) -> pl.DataFrame:
    """Return the roll-up rows from the first lesson of a day to its last one."""
    return facts.evidence.use.filter(pl.col("period") >= 0)


def names(facts: Facts) -> pl.DataFrame:
    """Return what an asset is called, as evidence rows show it."""
    return facts.evidence.assets.select(
        "school", "asset_id", pl.format("{} {}", pl.col("name"), pl.col("asset_no")).alias("label")
    )
