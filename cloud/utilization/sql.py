"""An expression as SQL of an engine."""

import warnings

import ibis  # type: ignore[import-untyped]  # it ships no types
import ibis.expr.types as ir  # type: ignore[import-untyped]  # it ships no types


def to_sql(expression: ir.Table, dialect: str) -> str:
    """Return the SQL of an engine by Ibis's name for it: duckdb, pyspark, postgres, ..."""
    if dialect == "pyspark":
        with warnings.catch_warnings():
            # PySpark warns about a pandas that nothing here uses.
            warnings.simplefilter("ignore", FutureWarning)
            _ = ibis.pyspark  # its compiler has options that come with the backend
    return str(ibis.to_sql(expression, dialect=dialect))
