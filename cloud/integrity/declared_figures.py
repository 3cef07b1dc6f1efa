"""Declared figures as the two checks about them judge and tell them. Pure.

Only too much is asked about: who declares less than was measured gains nothing, and what was
measured may be a screen that plays to nobody. A slip of the pen and a lie look alike, one by one.
What tells them apart is how far off a figure is, and whether it is alone: `is_far` holds for the
schools of which a slip is hard to believe.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from cloud.integrity.agreement import ITEMS, agreement
from cloud.integrity.inputs import Facts
from cloud.integrity.thresholds import Declared
from cloud.localized_text import LocalizedText
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.builders.declared_vs_measured import computer_rooms, display_hours

NEEDS = LocalizedText(
    "需要至少一项可核对的申报（大屏周使用小时、计算机教室机时、师生终端数等），以及足够的监测或台账。",
    "It needs a declared figure that can be measured (display hours, computer-room hours, "
    "terminals), and enough telemetry or ledger.",
)
"""What either check needs."""


def figures(facts: Facts, limits: Declared) -> pl.DataFrame:
    """Return the figures that can be compared: whether each is too high, and its school far off.

    `excess` is by what share a figure is above all that is possible, 0 where it is not.
    """
    found = agreement(facts.evidence, limits).filter(pl.col("verdict") != "unknown")
    excess = (pl.col("declared") / pl.col("high").clip(1e-9) - 1).clip(0.0, 9.0)
    over = pl.col("verdict") == "overstated"
    found = found.with_columns(
        over.alias("over"), pl.when(over).then(excess).otherwise(0.0).alias("excess")
    )
    several = pl.col("over").sum().over("school") >= limits.several
    far = pl.col("excess").max().over("school") >= limits.far
    return found.with_columns((several | far).alias("is_far"))


def rows_of(facts: Facts, wrong: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that a finding about wrong figures stands on, and what measured them."""
    rows = wrong.with_columns(
        pl.format("declaration:{}", "item").alias("ref"), (10 + pl.col("excess")).alias("weight")
    )
    known = facts.evidence
    details = (
        _displays(_of(known, wrong, "display_hours_week")),
        _rooms(_of(known, wrong, "computer_room_hours_logged")),
    )
    return pl.concat([rows, *details], how="diagonal")


def tell(row: Mapping[str, Any]) -> LocalizedText:
    """Return one of these rows in words."""
    if row["item"] is None:
        hours = "–".join(dict.fromkeys(f"{row[key]:.1f}" for key in ("low", "high")))
        return LocalizedText(
            f"{row['label']}：每周 {hours} 小时", f"{row['label']}: {hours} hours a week"
        )
    zh, en, unit = ITEMS[row["item"]]
    space = f" {unit}" if unit else ""
    declared = f"{row['declared']:,.1f}{space}" if unit else f"{row['declared']:,.0f}"
    low, high = (f"{row[key]:,.1f}" if unit else f"{row[key]:,.0f}" for key in ("low", "high"))
    between = f"{low}–{high}{space}" if low != high else f"{high}{space}"
    source = {"ledger": ("台账", "the ledger"), "telemetry": ("监测", "telemetry")}[row["basis"]]
    return LocalizedText(
        f"{zh}：申报 {declared}，{source[0]}为 {between}",
        f"{en}: {declared} declared, {between} by {source[1]}",
    )


def _of(evidence: Evidence, wrong: pl.DataFrame, item: str) -> Evidence:
    """Return the evidence of the schools with a wrong figure, as far as it is measured by."""
    schools = wrong.filter(pl.col("item") == item).select("school")
    return replace(
        evidence,
        **{
            name: getattr(evidence, name).join(schools, on="school", how="semi")
            for name in ("assets", "rooms", "use")
        },
    )


def _displays(evidence: Evidence) -> pl.DataFrame:
    return display_hours(evidence).select(
        "school",
        pl.format("asset:{}", "asset_id").alias("ref"),
        pl.format("{} {}", "name", "asset_no").alias("label"),
        pl.col("active_h").alias("low"),
        (pl.col("active_h") + pl.col("unseen_h")).alias("high"),
        pl.lit(0.0).alias("weight"),
    )


def _rooms(evidence: Evidence) -> pl.DataFrame:
    return computer_rooms(evidence).select(
        "school",
        pl.format("room:{}", "room").alias("ref"),
        pl.col("room").alias("label"),
        pl.col("used").alias("low"),
        (pl.col("used") + pl.col("unseen")).alias("high"),
        pl.lit(0.0).alias("weight"),
    )
