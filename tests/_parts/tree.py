"""The project's own tree, as the house rules read it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("device_profiles", "edge", "cloud", "simulators")


@cache
def committed() -> tuple[Path, ...]:
    """Return every file under version control that is there, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = listed.stdout.decode().split("\0")
    return tuple(Path(name) for name in names if name and (ROOT / name).is_file())


def text_of(path: Path) -> str:
    """Return the text of a file given relative to the root; what is no text is replaced."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def modules() -> list[Path]:
    """Return the Python files of the packages, relative to the root."""
    return [path for path in committed() if path.suffix == ".py" and path.parts[0] in PACKAGES]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every imported module of a file with its line."""
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def is_foreign(module: str) -> bool:
    """Whether a module is neither Python's nor ours."""
    top = module.split(".", maxsplit=1)[0]
    return top not in sys.stdlib_module_names and top not in {*PACKAGES, "tests"}
