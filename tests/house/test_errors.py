"""Every error is in its package's tree, documents when it is raised, and is raised somewhere."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

from tests._parts.tree import committed, modules, text_of

HOMES = [path for path in committed() if path.name == "errors.py"]


def errors_in(home: Path) -> list[type[Exception]]:
    module = importlib.import_module(".".join(home.with_suffix("").parts))
    return [
        error
        for _, error in inspect.getmembers(module, inspect.isclass)
        if issubclass(error, Exception) and error.__module__ == module.__name__
    ]


ALL = [(home, error) for home in HOMES for error in errors_in(home)]
IDS = [f"{home.parent}-{error.__name__}" for home, error in ALL]


def test_every_package_that_can_fail_has_its_errors_in_one_file() -> None:
    assert {path.parts[0] for path in HOMES} >= {"cloud", "edge", "device_profiles"}


@pytest.mark.parametrize(("home", "error"), ALL, ids=IDS)
def test_an_error_stands_in_the_tree_under_its_parent(home: Path, error: type[Exception]) -> None:
    tree = (importlib.import_module(".".join(home.with_suffix("").parts)).__doc__ or "").split("\n")
    depth = {}
    path: list[str] = []
    for line in tree:
        named = re.match(r"([│├└─ ]*)([A-Z]\w+)", line)
        if named:
            level = len(named[1]) // 3
            path = [*path[:level], named[2]]
            depth[named[2]] = path[-2] if level else None
    parent = error.__bases__[0]
    assert error.__name__ in depth, f"{error.__name__} is missing in the tree of {home}"
    assert depth[error.__name__] == (None if parent is Exception else parent.__name__)


@pytest.mark.parametrize(("home", "error"), ALL, ids=IDS)
def test_an_error_says_when_it_is_met(home: Path, error: type[Exception]) -> None:
    assert error.__doc__
    assert error.__doc__.rstrip().endswith(".")


@pytest.mark.parametrize(("home", "error"), ALL, ids=IDS)
def test_an_error_is_met(home: Path, error: type[Exception]) -> None:
    """Raised, caught, or the parent of one that is."""
    users = [path for path in modules() if path != home]
    names = {error.__name__} | {child.__name__ for child in error.__subclasses__()}
    word = re.compile(rf"\b({'|'.join(names)})\b")
    assert any(word.search(text_of(path)) for path in users)
