"""The columns of clauses, dimensions and stages never meet, whatever their ids."""

from itertools import chain

from cloud.scoring.engine.column_names import (
    ClauseColumns,
    DimensionColumns,
    StageColumns,
    result,
    total,
)
from cloud.scoring.engine.engine import by_stage, score_table
from cloud.scoring.engine.school_table import columns
from cloud.scoring.standard.attainment import STAGES, UNNAMED
from cloud.scoring.standard.standard import editions
from tests._parts.many_schools import large_standard, many_schools


def work_names(clause: str, dimension: str, stage: str) -> list[str]:
    """Return the names of all work columns of a clause, a dimension and a stage."""
    of_clause, of_dimension = ClauseColumns(clause), DimensionColumns(dimension)
    of_stage = StageColumns(stage)
    return [
        of_clause.has_nothing,
        of_clause.low,
        of_clause.high,
        of_clause.known_whole,
        of_clause.known_share,
        of_clause.attained(None),
        of_clause.attained(stage),
        of_clause.stage_weight(stage),
        of_dimension.applies,
        of_dimension.clause_weights(stage),
        of_dimension.stage_value(stage),
        of_stage.taught,
        of_stage.dimension_weights,
        of_stage.share,
        of_stage.score,
        total("raw"),
        *(result(column) for column in of_clause.results),
        result(of_dimension.value),
        result(of_dimension.coverage),
    ]


def test_no_two_columns_of_one_clause_dimension_and_stage_have_one_name() -> None:
    names = work_names("use", "use", "use")
    assert len(set(names)) == len(names)
    assert all(":" in name for name in names)


def test_no_column_of_a_shipped_standard_holds_the_colon_of_the_work_table() -> None:
    for standard in editions():
        assert not [name for name in columns(standard) if ":" in name]


def test_the_work_table_has_the_named_columns_and_no_other() -> None:
    standard = large_standard(24)
    table = many_schools(standard, 40, 1)
    evidence = score_table(standard, table).table
    work, stages = by_stage(standard, evidence)
    known = set(
        chain.from_iterable(
            work_names(clause.id, clause.dimension, stage)
            for clause in standard.clauses
            for stage in (*STAGES, UNNAMED)
        )
    )
    added = set(work.columns) - set(evidence.columns)
    assert added <= known
    assert {StageColumns(stage).score for stage in stages} <= added
