"""Modules and public names are made of words of the glossary and of Python's standard library."""

import ast
import re
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests._parts.tree import imports, is_foreign, modules, text_of

GLOSSARY = Path("docs/reference/glossary.md")
NOT_OF_PYTHON = {
    "__pycache__", "dist-packages", "distutils", "ensurepip", "idlelib", "lib2to3", "site-packages",
    "test", "tkinter", "turtle.py", "turtledemo",
}  # fmt: skip
"""What some systems leave out, or a later Python does not have any more."""
NAME = re.compile(r"^\s*(?:async )?(?:def|class) (\w+)|^(\w+)\s*[:=]|\bself\.(\w+)\b", re.MULTILINE)
ORDINARY = """
age agree apportion aside ask assess attain away backend below bend between bilingual book
booked chosen column computer confirm correct decision disagreement disconnect downsample draw
drawn drift due echo excerpt exempt feasible figure first fit forgotten friday gap garbage give
given half halve health healthy heartbeat heatmap held hold indices ingest intact invite judge
lack lane layout least maximise mb migrate moment motion multimedia naive new newest nothing
occasion overview owe own possible prevail price product programme publish quiet recordings
refuse rescore shape ship shortfall show shown silence since sink solution spend stale stock
stuck taught transaction turn unack unanswered unauthorize unconfirmed understood unlisted
unprocessable unreach usual watch why wifi worn xlsx
"""
"""Plain English that needs no entry in a glossary."""
PRODUCTS = frozenset({"bluez", "bthome", "mosquitto", "openapi"})
ENDINGS = ("s", "es", "d", "ed", "ing", "r", "er", "ly", "ies", "ied", "un", "able")


def words_of(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


@cache
def python_words() -> frozenset[str]:
    """Return the words that names of the standard library are made of."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    words: set[str] = set()
    for path in (*folder.glob("*.py"), *folder.glob("*/*.py")):
        if path.parts[len(folder.parts)] in NOT_OF_PYTHON:
            continue
        words.update(words_of(path.stem))
        for match in NAME.finditer(path.read_text(encoding="utf-8", errors="replace")):
            words.update(word for name in match.groups() if name for word in words_of(name))
    return frozenset(words)


@cache
def glossary_words() -> frozenset[str]:
    """Return the words of the glossary's terms and of the libraries that the project uses."""
    terms = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \|$", text_of(GLOSSARY), re.MULTILINE)
    terms += [term.replace("-", "") for term in terms if "-" in term]
    libraries = {
        module.split(".")[0]
        for path in modules()
        for _, module in imports(path)
        if is_foreign(module)
    }
    return frozenset(word for name in (*terms, *libraries) for word in words_of(name))


def is_known(word: str) -> bool:
    known = python_words() | glossary_words() | PRODUCTS | set(ORDINARY.split())
    stems = {word.removesuffix(ending) for ending in ENDINGS}
    stems |= {f"{stem}{letter}" for stem in stems for letter in ("e", "y")}
    stems |= {stem[:-1] for stem in stems if stem[-2:-1] == stem[-1:]}
    return bool(stems & known)


def public_names(path: Path) -> Iterator[tuple[int, str]]:
    yield 1, path.parent.name if path.name == "__init__.py" else path.stem
    for node in ast.parse(text_of(path)).body:
        named = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, named) and not node.name.startswith("_"):
            yield node.lineno, node.name


def test_the_glossary_gives_every_term_in_both_languages() -> None:
    rows = [line for line in text_of(GLOSSARY).split("\n") if line.startswith("| ")]
    assert len(rows) > 100
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 3, row
        assert all(cells), row


def test_modules_and_public_names_are_of_the_field() -> None:
    strange = [
        f"{path}:{line}: {name}: {word!r}"
        for path in modules()
        if "versions" not in path.parts  # a migration keeps its name for ever
        for line, name in public_names(path)
        for word in words_of(name)
        if len(word) > 1 and not is_known(word)
    ]
    assert not strange, "\n".join(strange)


def test_the_check_sees_a_private_word() -> None:
    assert not is_known("mischief")
    assert is_known("readings")
