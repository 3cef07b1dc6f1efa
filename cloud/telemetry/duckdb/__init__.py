"""Telemetry in one DuckDB file, owned by this process; the only place that speaks DuckDB's SQL."""

from cloud.telemetry.duckdb.store import DuckDBStore

__all__ = ["DuckDBStore"]
