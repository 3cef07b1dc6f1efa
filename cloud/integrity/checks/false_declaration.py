"""Declared figures far above anything that ledger or telemetry leave possible, or several of them.

Only too much is asked about: who declares less than was measured gains nothing. One figure that is
somewhat off may be a slip of the pen, and is `declaration_differs`.
"""

import polars as pl

from cloud.integrity.check import Check, Judged, Row
from cloud.integrity.declared_figures import NEEDS, figures, rows_of, tell
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Thresholds
from cloud.localized_text import LocalizedText


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    found = figures(facts, thresholds.declared)
    more = 0.25 * (pl.col("over").cast(pl.Float64) - 1)
    further = 0.2 * (pl.col("excess") - thresholds.declared.far)
    schools = (
        found.group_by("school")
        .agg(
            pl.len().alias("compared"),
            pl.col("over").sum(),
            pl.col("excess").max(),
            pl.col("is_far").any(),
        )
        .with_columns(
            pl.when("is_far")
            .then((thresholds.medium + more + further).clip(thresholds.medium, 1.0))
            .alias("strength")
        )
    )
    return Judged(schools, rows_of(facts, found.filter("over", "is_far")))


def _reason(row: Row) -> LocalizedText:
    return LocalizedText(
        f"可与台账、监测数据核对的 {row['compared']} 项申报中，有 {row['over']} 项明显偏高，"
        f"最多高出 {row['excess']:.0%}（未观测部分已按对学校最有利的情形计算）。",
        f"Of {row['compared']} declared figures that ledger or telemetry can be held against, "
        f"{row['over']} are well above them, by up to {row['excess']:.0%} (what was not observed "
        "is counted in the school's favour).",
    )


CHECK = Check(
    id="false_declaration",
    title=LocalizedText("申报与监测不符", "Declared figures that telemetry contradicts"),
    judge=_judge,
    reason=_reason,
    tell=tell,
    needs=NEEDS,
    ask=LocalizedText(
        "请更正申报，或说明口径（时间段、是否含未入账设备），并提供依据。",
        "Correct the figure, or say what it counts (which time, devices outside the ledger), with "
        "the papers.",
    ),
    innocent=LocalizedText(
        "申报的是另一时段或另一口径；新设备尚未入账；笔误。",
        "Another time or another way of counting; new devices not yet in the ledger; a slip of the "
        "pen.",
    ),
)
