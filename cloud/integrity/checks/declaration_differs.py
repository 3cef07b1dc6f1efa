"""One declared figure that is somewhat too high: a note to look at it again, no more.

What is far too high, or too high in several figures at once, is `false_declaration`.
"""

import polars as pl

from cloud.integrity.check import Check, Judged, Row
from cloud.integrity.declared_figures import NEEDS, figures, rows_of, tell
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds
from cloud.localized_text import LocalizedText

_STRENGTH = 0.3
"""The least that a finding has: a slip of the pen is never more than that."""


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    found = figures(facts, thresholds.declared)
    wrong = pl.col("over") & ~pl.col("is_far")
    schools = (
        found.group_by("school")
        .agg(pl.len().alias("compared"), wrong.any().alias("wrong"), pl.col("excess").max())
        .with_columns(pl.when("wrong").then(_STRENGTH).alias("strength"))
    )
    return Judged(schools, rows_of(facts, found.filter(wrong)))


def _reason(row: Row) -> LocalizedText:
    return LocalizedText(
        f"可与台账、监测数据核对的 {row['compared']} 项申报中，有 1 项偏高 {row['excess']:.0%}"
        "（未观测部分已按对学校最有利的情形计算）。可能是笔误或口径不同，请核对更正。",
        f"Of {row['compared']} declared figures that ledger or telemetry can be held against, one "
        f"is {row['excess']:.0%} above them (what was not observed is counted in the school's "
        "favour). It may be a slip of the pen; look again and correct it.",
    )


CHECK = Check(
    id="declaration_differs",
    title=LocalizedText("申报数据需核对更正", "Declared figures to look at again"),
    judge=_judge,
    reason=_reason,
    tell=tell,
    needs=NEEDS,
    ask=LocalizedText(
        "请核对数字，有误请更正；无误请说明口径。",
        "Look at the figure again: correct it, or say what it counts.",
    ),
    innocent=LocalizedText(
        "笔误；申报的是另一时段或另一口径；新设备尚未入账。",
        "A slip of the pen; another time or another way of counting; new devices not yet in the "
        "ledger.",
    ),
)
