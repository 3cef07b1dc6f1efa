"""The tables of the DuckDB file, and how an older file becomes a current one.

`points` holds one row per value; series and fields are numbered in `series` and `fields`. Times of
points are nanoseconds, as they came. A usage line is a row of `live_slots` instead; slots that came
in bulk are files (`cloud.telemetry.duckdb.archive`), and the view `usage_slots` holds both.
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
_VERSION_2 = """
ALTER TABLE usage_slots RENAME TO live_slots;
ALTER TABLE live_slots ADD COLUMN first_received_at TIMESTAMP;
UPDATE live_slots SET first_received_at = received_at;
CREATE TABLE archived_files (
    path VARCHAR PRIMARY KEY,
    digest VARCHAR NOT NULL,
    day DATE NOT NULL,
    rows BIGINT NOT NULL,
    first_slot TIMESTAMP NOT NULL,
    last_slot TIMESTAMP NOT NULL
);
CREATE TABLE archived_senders (
    file VARCHAR NOT NULL,
    day DATE NOT NULL,
    school VARCHAR NOT NULL,
    asset VARCHAR NOT NULL,
    first_slot TIMESTAMP NOT NULL,
    last_slot TIMESTAMP NOT NULL,
    room VARCHAR,
    category VARCHAR
);
CREATE TABLE loaded_files (
    name VARCHAR PRIMARY KEY,
    digest VARCHAR NOT NULL
);
"""
_VERSION_3 = """
ALTER TABLE archived_senders ADD COLUMN last_observed TIMESTAMP;
ALTER TABLE archived_senders ADD COLUMN last_state VARCHAR;
"""
"""What the files of an older folder hold of it is filled in once, by `Archive.fill`."""
OBSERVED_SINCE = 3
_MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3)


def migrate(cursor: duckdb.DuckDBPyConnection, path: str) -> int:
    """Bring the file to the current schema and return the version that it had, 0 for a new one.

    Raises StoreTooNew for a file from the future.
    """
    cursor.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    row = cursor.execute("SELECT max(version) FROM schema_version").fetchone()
    version = int(row[0]) if row and row[0] is not None else 0
    if version > len(_MIGRATIONS):
        raise StoreTooNew(path, stored=version, known=len(_MIGRATIONS))
    for number, statements in enumerate(_MIGRATIONS[version:], version + 1):
        cursor.begin()
        cursor.execute(statements)
        cursor.execute("INSERT INTO schema_version VALUES (?)", [number])
        cursor.commit()
    return version
