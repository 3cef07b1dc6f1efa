"""Ranks without a selection."""

import polars as pl

from cloud.assessments.ranking import shared_rank


def test_case_opencompass_2574_equal_scores_share_a_rank_in_every_order() -> None:
    scores = {"a": 90.129, "b": 80.0, "c": None, "d": 90.121, "e": 95.5, "f": 90.12}
    expected = {"a": 2, "b": 5, "c": None, "d": 2, "e": 1, "f": 2}
    for ids in (sorted(scores), sorted(scores, reverse=True)):
        frame = pl.DataFrame({"id": ids, "value": [scores[id_] for id_ in ids]})
        ranked = frame.with_columns(shared_rank(pl.col("value")).alias("rank"))
        assert dict(ranked.select("id", "rank").iter_rows()) == expected
