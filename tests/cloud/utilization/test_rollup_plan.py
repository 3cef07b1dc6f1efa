import warnings

import ibis  # type: ignore[import-untyped]  # it ships no types
import pytest

from cloud.telemetry.tables import DAY_USE, PERIOD_USE
from cloud.utilization.reference_rollup import LessonRule
from cloud.utilization.rollup_plan import rollup_plan


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark", "postgres", "trino", "sqlite"])
def test_the_expressions_belong_to_no_engine(dialect: str) -> None:
    plan = rollup_plan(LessonRule())
    if dialect == "pyspark":
        with warnings.catch_warnings():
            # PySpark warns about a pandas that nothing here uses.
            warnings.simplefilter("ignore", FutureWarning)
            _ = ibis.pyspark  # its compiler has options that come with the backend
    assert "unobserved_s" in ibis.to_sql(plan.period_use, dialect=dialect)
    assert "night_active_s" in ibis.to_sql(plan.day_use, dialect=dialect)
    assert "late_after" in ibis.to_sql(plan.seen, dialect=dialect)


def test_the_rows_have_the_columns_of_the_tables() -> None:
    plan = rollup_plan(LessonRule())
    assert list(plan.period_use.columns) == PERIOD_USE.names
    assert list(plan.day_use.columns) == DAY_USE.names


def test_a_plan_is_made_once_for_a_rule() -> None:
    assert rollup_plan(LessonRule()) is rollup_plan(LessonRule())
    assert rollup_plan(LessonRule()) is not rollup_plan(LessonRule(used_share=0.5))
