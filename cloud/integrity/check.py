"""What an integrity check is: a question to the facts of many schools at once. Pure.

- A finding is never a deduction. It shows what was observed, with its figures and evidence rows,
  its benign explanations, and what the school can answer or do.
- A check without the data that it needs has the outcome `no_data`; it does not accuse.
- A check reads one school's rows only. No finding depends on the other schools of a run.
- What was not observed counts for the school, never against it, except where missing data itself
  is the question.

To add one: a file in `cloud/integrity/checks/` with a constant `CHECK`, and its sentences under
`integrity.<id>` in every catalogue of `cloud/messages/`.
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
from cloud.messages import Message, message

Row = Mapping[str, Any]


class Judged(NamedTuple):
    """The result of a check for every school that it could judge.

    `schools` has one row per school: `school`, `strength` (0 to 1, null where nothing is odd), and
    the figures of its reason. `rows` is the evidence of the findings: `school`, `ref`, `weight`
    (the heaviest are shown first), and the figures of each row's sentence.
    """

    schools: pl.DataFrame
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question, and the messages of its answers.

    `reason` makes the message of a school's row, `row_text` that of an evidence row. `sum_row`
    makes the reference and the message of the row with the sums: what the evidence rows are a part
    of. So every figure of a reason is in a row that opens; None where the rows alone show it.
    """

    id: str
    judge: Callable[[Facts, Thresholds], Judged]
    reason: Callable[[Row], Message]
    row_text: Callable[[Row], Message]
    sum_row: Callable[[Row], tuple[str, Message]] | None = None


def with_figures(key: str, *columns: str) -> Callable[[Row], Message]:
    """Return the function that makes a message of some columns of a row."""
    return lambda row: message(key, **{name: row[name] for name in columns})


@cache
def all_checks() -> dict[str, Check]:
    """Return every check by its id, found in the folder `checks`."""
    by_id = {}
    for module in iter_modules(checks.__path__):
        check: Check = import_module(f"{checks.__name__}.{module.name}").CHECK
        by_id[check.id] = check
    return dict(sorted(by_id.items()))


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
