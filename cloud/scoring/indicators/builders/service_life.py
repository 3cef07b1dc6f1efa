"""Whether assets are past their years of use. Pure."""

from collections.abc import Mapping
from datetime import date

import polars as pl

LIFE_YEARS: Mapping[str, int] = {
    "computer": 6,
    "display": 6,
    "recorder": 5,
    "instrument": 5,
    "meter": 5,
    "environment": 5,
    "epaper": 6,
}
"""Least years of use where the ledger states none, by 财会[2017]4号 as a school publishes it:
计算机设备 and 办公设备 6, 广播电视电影 and 仪器仪表 5. An e-paper terminal counts as a computer.
"""


def over_age(end: date) -> pl.Expr:
    """Return whether an asset is past its years of use on a day, null where its age is unknown."""
    usual = pl.col("category").replace_strict(dict(LIFE_YEARS), default=None, return_dtype=pl.Int64)
    years = pl.coalesce("life_years", usual)
    return pl.col("acquired").dt.offset_by(pl.format("{}y", years)) < pl.lit(end)
