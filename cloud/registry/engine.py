"""The registry's database: SQLite or PostgreSQL, brought up to the newest version."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import StaticPool

from cloud.errors import SettingsError

MIGRATIONS = Path(__file__).parent / "migrations"
_WRITERS = 0x43414D50
"""Number of the lock that the writers of one PostgreSQL database take in turn."""


def open_engine(url: str) -> Engine:
    """Open the database at a SQLAlchemy URL and migrate it.

    Raises SettingsError where there is no such database, or no driver for it.
    """
    try:
        engine = _engine(url)
        with engine.begin() as connection:
            take_turn(connection)
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (ArgumentError, ImportError, OperationalError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise SettingsError(f"database {_without_password(url)}: {reason}") from None
    return engine


def take_turn(connection: Connection) -> None:
    """Wait until no other process writes to this PostgreSQL; it is our turn until the commit.

    SQLite has one writer at a time by itself.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_WRITERS)))


def _without_password(url: str) -> str:
    """Return a URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "as configured"


def _engine(url: str) -> Engine:
    if url in {"sqlite://", "sqlite:///:memory:"}:
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
