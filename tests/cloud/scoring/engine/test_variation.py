import math
from typing import Any

import polars as pl
import pytest

from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.variation import COLUMNS, variations
from cloud.scoring.standard.standard import Standard
from tests._parts.scoring import standard_of


def limited(**more: Any) -> Standard:
    clause = {"id": "x", "indicator": "column", "parameters": {"column": "x"}, **more}
    rule = {
        "id": "cv",
        "title": {"zh": "差异", "en": "variation"},
        "clauses": ["x"],
        "at_most": {"PRI": 0.5, "JUN": 0.1},
    }
    return standard_of([clause], variation=[rule])


def found(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    named = [{"id": str(n), "division": "331002", **row} for n, row in enumerate(rows)]
    table = pl.DataFrame(named, infer_schema_length=None)
    return variations(score_table(limited(stages=["PRI", "JUN"]), table)).to_dicts()


def test_the_coefficient_is_the_deviation_over_the_mean_by_pupils() -> None:
    (row,) = found(
        {"school_type": "211", "pupils": 300, "x": 1.0},
        {"school_type": "211", "pupils": 100, "x": 3.0},
    )
    assert (row["group"], row["stage"], row["schools"]) == ("331002", "PRI", 2)
    assert row["mean"] == pytest.approx(1.5)
    assert row["variation"] == pytest.approx(math.sqrt(0.75 * 0.25 + 0.25 * 2.25) / 1.5)
    assert not row["within"]


def test_where_the_pupils_of_a_school_are_unknown_each_school_counts_as_one() -> None:
    (row,) = found(
        {"school_type": "211", "pupils": 300, "x": 1.0}, {"school_type": "211", "x": 3.0}
    )
    assert (row["mean"], row["variation"], row["within"]) == (2.0, 0.5, True)


def test_a_school_counts_for_every_stage_it_teaches_with_the_pupils_of_the_stage() -> None:
    rows = found(
        {"school_type": "312", "pupils_PRI": 100, "pupils_JUN": 300, "x": 1.0},
        {"school_type": "211", "pupils": 100, "x": 2.0},
        {"school_type": "311", "pupils": 100, "x": 2.0},
    )
    assert [(row["stage"], row["mean"]) for row in rows] == [("PRI", 1.5), ("JUN", 1.25)]


def test_a_school_without_data_is_left_out_and_counted() -> None:
    (row,) = found({"school_type": "211", "x": 2.0}, {"school_type": "211"})
    assert (row["schools"], row["without_data"], row["variation"]) == (2, 1, 0)
    (none,) = found({"school_type": "211"})
    assert (none["variation"], none["within"]) == (None, None)


def test_without_limits_there_is_no_row() -> None:
    scores = score_table(standard_of([{"indicator": "assets_tagged"}]), pl.DataFrame({"id": ["1"]}))
    assert variations(scores).is_empty()
    assert variations(scores).columns == list(COLUMNS)
