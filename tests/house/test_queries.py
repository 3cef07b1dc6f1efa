"""A query language is spoken where its database is: SQL and InfluxQL nowhere else."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests._parts.tree import modules, text_of

HOMES = {
    "cloud/registry/engine.py": "how SQLite is opened, which SQLAlchemy leaves to its user",
    "cloud/registry/migrations/*": "triggers and functions, which SQLAlchemy does not know",
    "cloud/telemetry/duckdb/*": "the store in a DuckDB file",
    "cloud/telemetry/influxdb/*": "InfluxQL",
    "edge/buffer/*": "the buffer, a SQLite file",
}
STATEMENT = re.compile(
    r"""^\s*(?:
        select\s.*\sfrom\s | insert\s+(?:or\s+\w+\s+)?into\s | update\s+\w+\s+set\s
        | delete\s+from\s | (?:create|drop|alter)\s+(?:or\s+\w+\s+)?(?:temp\w*\s+)?
          (?:table|view|index|trigger|function|schema)\b
        | with\s+\w+\s+as\s*\( | from\s+\w+\s*$ | pragma\s+\w+ | copy\s*\( | attach\s+'
        | show\s+(?:tag|field|series|measurements)
    )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


def docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of docstrings, also of those after a constant."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every string with its line; what is put into an f-string is one word of it."""
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            parts = [
                str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values
            ]
            yield node.lineno, "".join(parts)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node.lineno, node.value


def statements(path: Path) -> list[str]:
    return [
        f"{path}:{line}: {' '.join(text.split())[:60]}"
        for line, text in texts(ast.parse(text_of(path)))
        if STATEMENT.match(text)
    ]


def is_home(path: Path) -> bool:
    return any(fnmatch(path.as_posix(), home) for home in HOMES)


def test_no_query_is_written_away_from_its_database() -> None:
    assert not [line for path in modules() if not is_home(path) for line in statements(path)]


@pytest.mark.parametrize("home", HOMES)
def test_every_home_has_queries(home: str) -> None:
    assert any(statements(path) for path in modules() if fnmatch(path.as_posix(), home))


@pytest.mark.parametrize(
    ("text", "is_query"),
    [
        ("\nselect a, b\nfrom points where c", True),
        ("INSERT OR REPLACE INTO points VALUES (?)", True),
        ("with slot as (select 1)", True),
        ("create or replace view usage_slots as", True),
        ("show tag values from usage", True),
        ("PRAGMA journal_mode=WAL", True),
        ("select one of the rules", False),
        ("From this moment on.", False),
        ("With, or without, a device.", False),
        ("update the ledger first", False),
        ("create the folder, or give another", False),
    ],
)
def test_a_statement_differs_from_a_sentence(text: str, is_query: bool) -> None:
    assert bool(STATEMENT.match(text)) is is_query
