"""Rooms of some uses or names against the number needed for the classes: have ÷ need.

`named` are words of which a room's name has to hold one. Rooms smaller than `least_m2` do not
count, and a room whose area is not stated has no data. A school of several stages needs what all of
them need together.
"""

import polars as pl

from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.indicators.base import (
    SCHOOL,
    Indicator,
    Parameter,
    Parameters,
    Row,
    RowText,
    rows_of,
)
from cloud.scoring.indicators.builders.room_needs import USES, due, room_label, room_ref, rooms_like


def _rows(evidence: Evidence, parameters: Parameters) -> pl.DataFrame:
    rooms = rooms_like(evidence, parameters["uses"], parameters["named"])
    least, area = float(parameters["least_m2"]), pl.col("area_m2")
    have = rows_of(
        rooms.filter((area >= least).fill_null(value=True)),
        ref=room_ref(),
        label=room_label(),
        part=pl.lit(1.0) if least <= _ANY else area.is_not_null(),
        whole=pl.lit(0.0),
        unknown=pl.lit(0.0) if least <= _ANY else area.is_null(),
    )
    return pl.concat([have, due(evidence, parameters["need"])])


_ANY = 0.01
"""Square metres: a room so small is any room."""


def _case(row: Row) -> str:
    if row["ref"] == SCHOOL:
        return "need"
    return "no_data" if row["unknown"] else "one"


INDICATOR = Indicator(
    id="room_count",
    rows=_rows,
    row_text=RowText(cases=("need", "one", "no_data"), case=_case),
    parameters={
        "uses": USES,
        "named": Parameter("words", "words of which a room's name holds one; any where none", []),
        "least_m2": Parameter("number", "square metres below which a room does not count", _ANY),
        "need": Parameter("needs", "rooms needed, by number of classes, by stage", 1),
    },
)
