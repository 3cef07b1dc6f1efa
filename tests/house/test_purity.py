"""What calls itself pure touches no clock, socket, file, database or random source.

A module claims it with "Pure." in its docstring; in the docstring of a package the claim covers all
modules below it.
"""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests._parts.tree import imports, modules, text_of

CLAIM = re.compile(r"\bPure\.")
MUST_BE_PURE = (
    "cloud/robustness/*.py",
    "cloud/scoring/engine/*.py",
    "cloud/scoring/indicators/*/*.py",
    "cloud/selection/*.py",
    "cloud/selection/improvement/*.py",
    "device_profiles/usage.py",
    "edge/drivers/*/codec.py",
)
"""What the design asks to be pure, whatever a docstring claims."""

WITH_REASON = {
    Path("cloud/scoring/engine/csv_file.py"): "reads the table that a person names",
    Path("cloud/selection/milp.py"): "catches what the solver's library writes to the terminal",
    Path("cloud/selection/rules.py"): "reads the rules that a person names",
}
"""In a room that is pure otherwise: what touches the world, and why."""

OUTSIDE = {
    "asyncio", "duckdb", "http", "io", "logging", "os", "pathlib", "random", "selectors", "shutil",
    "socket", "sqlalchemy", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time",
    "urllib",
}  # fmt: skip
OUTSIDE_CALLS = {"open", "print", "input", "exec", "eval"}
CLOCK_CALLS = {"now", "today", "utcnow"}
FILE_CALLS = {"read_text", "write_text", "read_bytes", "write_bytes"}


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(text_of(path))) or ""


def claims_purity(path: Path) -> bool:
    packages = [folder / "__init__.py" for folder in path.parents if folder.name]
    return any(CLAIM.search(docstring(file)) for file in (path, *packages))


PURE = [path for path in modules() if claims_purity(path) and path not in WITH_REASON]


def faults(path: Path) -> Iterator[str]:
    for line, module in imports(path):
        if module.split(".")[0] in OUTSIDE:
            yield f"{path}:{line}: imports {module}"
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in OUTSIDE_CALLS:
                yield f"{path}:{node.lineno}: {called.id}()"
            elif isinstance(called, ast.Attribute) and called.attr in CLOCK_CALLS | FILE_CALLS:
                yield f"{path}:{node.lineno}: .{called.attr}()"


def test_a_pure_module_touches_nothing_outside() -> None:
    assert not [fault for path in PURE for fault in faults(path)]


@pytest.mark.parametrize("pattern", MUST_BE_PURE)
def test_the_design_decides_what_has_to_be_pure(pattern: str) -> None:
    rooms = [path for path in modules() if fnmatch(path.as_posix(), pattern)]
    assert rooms, f"{pattern} matches nothing"
    unclaimed = {path for path in rooms if path not in PURE and path.name != "__init__.py"}
    assert unclaimed <= WITH_REASON.keys()
