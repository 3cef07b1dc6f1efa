"""The tables of the DuckDB file, and how an older file becomes a current one.

`points` holds one row per value; series and fields are numbered in `series` and `fields`. Times of
points are nanoseconds, as they came. A usage line is a row of `usage_slots` instead.
"""

import duckdb

from cloud.errors import StoreTooNew

_VERSION_1 = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    measurement VARCHAR NOT NULL,
    tags VARCHAR NOT NULL
);
CREATE TABLE fields (
    id INTEGER PRIMARY KEY,
    measurement VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL
);
CREATE TABLE points (
    series INTEGER NOT NULL,
    field INTEGER NOT NULL,
    time BIGINT NOT NULL,
    number DOUBLE,
    text VARCHAR,
    received_at TIMESTAMP NOT NULL,
    PRIMARY KEY (series, field, time)
);
CREATE TABLE usage_slots (
    school VARCHAR NOT NULL,
    asset VARCHAR NOT NULL,
    slot_start TIMESTAMP NOT NULL,
    room VARCHAR,
    category VARCHAR,
    active_s DOUBLE,
    standby_s DOUBLE,
    off_s DOUBLE,
    unobserved_s DOUBLE,
    energy_wh DOUBLE,
    received_at TIMESTAMP NOT NULL,
    PRIMARY KEY (school, asset, slot_start)
);
"""
_MIGRATIONS = (_VERSION_1,)


def migrate(cursor: duckdb.DuckDBPyConnection, path: str) -> None:
    """Bring the file to the current schema; raises StoreTooNew for a file from the future."""
    cursor.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    row = cursor.execute("SELECT max(version) FROM schema_version").fetchone()
    found = int(row[0]) if row and row[0] is not None else 0
    if found > len(_MIGRATIONS):
        raise StoreTooNew(path, found=found, known=len(_MIGRATIONS))
    for version, statements in enumerate(_MIGRATIONS[found:], found + 1):
        cursor.begin()
        cursor.execute(statements)
        cursor.execute("INSERT INTO schema_version VALUES (?)", [version])
        cursor.commit()
