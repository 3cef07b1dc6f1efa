"""A PostgreSQL of the machine's own, in a folder, on a socket in it; and migrations as its SQL."""

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from cloud.registry.engine import MIGRATIONS
from cloud.registry.store import Registry


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A running server."""

    folder: Path
    user: str | None
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _templates: list[str] = field(default_factory=list)

    def run(self, sql: str) -> subprocess.CompletedProcess[str]:
        """Run statements, stopping at the first that fails."""
        psql = ["psql", "-h", str(self.folder), "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
        return subprocess.run(
            [*psql, "-qAt", "-U", "campus", "-c", sql],
            capture_output=True,
            text=True,
            check=False,
            user=self.user,
        )

    def fresh(self) -> str:
        """Make an empty database, and return its URL."""
        return self._database("template1")

    def migrated(self) -> str:
        """Make a database with the registry's tables, and return its URL."""
        if not self._templates:
            Registry.open(self._database("template1", "campus_template")).close()
            self._templates.append("campus_template")
        return self._database(self._templates[0])

    def _database(self, template: str, name: str = "") -> str:
        name = name or f"campus_{next(self._numbers)}"
        made = self.run(f"create database {name} template {template}")
        assert made.returncode == 0, made.stderr
        return f"postgresql+psycopg://campus@/{name}?host={self.folder}"


def migrations_sql() -> str:
    """Return the SQL of the migrations for PostgreSQL."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script, output = ScriptDirectory.from_config(config), StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": output}
    )
    with Operations.context(context):
        for revision in reversed(list(script.walk_revisions())):
            revision.module.upgrade()
    return output.getvalue()


@contextlib.contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Run a server; skips where none is installed, or none may run as who we are."""
    home = next(Path("/usr/lib/postgresql").glob("*/bin/initdb"), None)
    initdb = shutil.which("initdb") or home
    if initdb is None or shutil.which("psql") is None:
        pytest.skip("no PostgreSQL is installed")
    user = None
    if os.geteuid() == 0:
        user = next(
            (entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "postgres"), None
        )
        if user is None:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    folder_of = Path(initdb).resolve().parent
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        data, options = str(folder / "data"), f"-c listen_addresses='' -k {folder} -c fsync=off"
        made = [str(folder_of / "initdb"), "-D", data, "-U", "campus", "-A", "trust", "-E", "UTF8"]
        control = [str(folder_of / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log")]
        subprocess.run(made, check=True, capture_output=True, user=user, cwd=folder)
        start = [*control, "-o", options, "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
        try:
            yield PostgreSQL(folder, user)
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, capture_output=True, user=user, cwd=folder)
