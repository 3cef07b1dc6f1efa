"""Declared figures above anything that ledger or telemetry leave possible.

Only too much is asked about: who declares less than was measured gains nothing. One figure may be
a slip of the pen, so several, or one that is far off, weigh more.
"""

from dataclasses import replace

import polars as pl

from cloud.integrity.agreement import ITEMS, agreement, computer_room_hours, display_hours
from cloud.integrity.check import Check, Judged, Row
from cloud.integrity.facts import Facts
from cloud.integrity.thresholds import Declared, Thresholds
from cloud.scoring.evidence import Evidence
from cloud.scoring.indicator import Words


def _judge(facts: Facts, thresholds: Thresholds) -> Judged:
    found = agreement(facts.evidence, thresholds.declared).filter(pl.col("verdict") != "unknown")
    is_over = pl.col("verdict") == "overstated"
    excess = pl.col("declared") / pl.col("high").clip(1e-9) - 1
    found = found.with_columns(excess.clip(0.0, 9.0).alias("excess"))
    schools = (
        found.group_by("school")
        .agg(
            pl.len().alias("compared"),
            is_over.sum().alias("over"),
            pl.col("excess").filter(is_over).max(),
        )
        .with_columns(
            pl.when(pl.col("over") > 0)
            .then((0.1 + 0.25 * pl.col("over") + 0.2 * pl.col("excess")).clip(0.0, 1.0))
            .alias("strength")
        )
    )
    over = found.filter(is_over)
    rows = over.with_columns(
        pl.format("declaration:{}", "item").alias("ref"), (10 + pl.col("excess")).alias("weight")
    )
    known = facts.evidence
    hours = _of(known, over, "display_hours_week"), _of(known, over, "computer_room_hours_logged")
    details = _displays(hours[0], thresholds.declared), _rooms(hours[1])
    return Judged(schools, pl.concat([rows, *details], how="diagonal"))


def _of(evidence: Evidence, over: pl.DataFrame, item: str) -> Evidence:
    """Return the evidence of the schools that overstated an item, as far as it is measured by."""
    schools = over.filter(pl.col("item") == item).select("school")
    return replace(
        evidence,
        **{
            name: getattr(evidence, name).join(schools, on="school", how="semi")
            for name in ("assets", "rooms", "use")
        },
    )


def _displays(evidence: Evidence, limits: Declared) -> pl.DataFrame:
    return display_hours(evidence, limits).select(
        "school",
        pl.format("asset:{}", "asset_id").alias("ref"),
        pl.format("{} {}", "name", "asset_no").alias("label"),
        "low",
        "high",
        pl.lit(0.0).alias("weight"),
    )


def _rooms(evidence: Evidence) -> pl.DataFrame:
    return computer_room_hours(evidence).select(
        "school",
        pl.format("room:{}", "room").alias("ref"),
        pl.col("room").alias("label"),
        pl.col("used").alias("low"),
        (pl.col("used") + pl.col("unseen")).alias("high"),
        pl.lit(0.0).alias("weight"),
    )


def _reason(row: Row) -> Words:
    return Words(
        f"可与台账、监测数据核对的 {row['compared']} 项申报中，有 {row['over']} 项明显偏高，"
        f"最多高出 {row['excess']:.0%}（未观测部分已按对学校最有利的情形计算）。",
        f"Of {row['compared']} declared figures that ledger or telemetry can be held against, "
        f"{row['over']} are well above them, by up to {row['excess']:.0%} (what was not observed "
        "is counted in the school's favour).",
    )


def _tell(row: Row) -> Words:
    if row["item"] is None:
        hours = "–".join(dict.fromkeys(f"{row[key]:.1f}" for key in ("low", "high")))
        return Words(f"{row['label']}：每周 {hours} 小时", f"{row['label']}: {hours} hours a week")
    zh, en, unit = ITEMS[row["item"]]
    space = f" {unit}" if unit else ""
    declared = f"{row['declared']:,.1f}{space}" if unit else f"{row['declared']:,.0f}"
    low, high = (f"{row[key]:,.1f}" if unit else f"{row[key]:,.0f}" for key in ("low", "high"))
    between = f"{low}–{high}{space}" if low != high else f"{high}{space}"
    source = {"ledger": ("台账", "the ledger"), "telemetry": ("监测", "telemetry")}[row["basis"]]
    return Words(
        f"{zh}：申报 {declared}，{source[0]}为 {between}",
        f"{en}: {declared} declared, {between} by {source[1]}",
    )


CHECK = Check(
    id="false_declaration",
    title=Words("申报与监测不符", "Declared figures that telemetry contradicts"),
    judge=_judge,
    reason=_reason,
    tell=_tell,
    needs=Words(
        "需要至少一项可核对的申报（大屏周使用小时、计算机教室机时、师生终端数等），以及足够的监测或台账。",
        "It needs a declared figure that can be measured (display hours, computer-room hours, "
        "terminals), and enough telemetry or ledger.",
    ),
    ask=Words(
        "请更正申报，或说明口径（时间段、是否含未入账设备），并提供依据。",
        "Correct the figure, or say what it counts (which time, devices outside the ledger), with "
        "the papers.",
    ),
    innocent=Words(
        "申报的是另一时段或另一口径；新设备尚未入账；笔误。",
        "Another time or another way of counting; new devices not yet in the ledger; a slip of the "
        "pen.",
    ),
)
