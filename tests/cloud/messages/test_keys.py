"""Every key that the code uses is in the catalogues, and every key of the catalogues is used."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from cloud.integrity.check import all_checks
from cloud.messages import catalogue
from cloud.scoring.indicators.base import all_indicators
from tests._parts.tree import ROOT

SEPARATORS = {"list_separator", "phrase_separator", "sentence_separator"}
CHECK_TEXTS = ("title", "ask", "benign_explanation")


@cache
def literals() -> tuple[frozenset[str], frozenset[str]]:
    """Return all texts of the cloud's code, and the f-strings of it as patterns."""
    texts, patterns = set[str](), set[str]()
    for path in sorted((ROOT / "cloud").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                patterns.add("".join(map(part_pattern, node.values)))
    return frozenset(texts), frozenset(patterns)


def part_pattern(part: ast.expr) -> str:
    """Return the pattern of a part of an f-string: what is filled in is a piece of a key."""
    if isinstance(part, ast.Constant):
        return re.escape(str(part.value))
    return "[a-z0-9_]*"


def message_keys() -> Iterator[str]:
    """Yield the literal key of every call of `message` in the cloud's code."""
    for path in sorted((ROOT / "cloud").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            key = node.args[0]
            if (
                name in {"message", "with_figures"}
                and isinstance(key, ast.Constant)
                and isinstance(key.value, str)
            ):
                yield key.value


def keys_by_id() -> set[str]:
    """Return the keys that follow from the id of an indicator or of a check."""
    of_indicators = {
        key for indicator in all_indicators().values() for key in indicator.message_keys()
    }
    of_checks = {f"integrity.{check}.{text}" for check in all_checks() for text in CHECK_TEXTS}
    return of_indicators | of_checks


def test_every_key_that_the_code_names_is_in_the_catalogues() -> None:
    named = set(message_keys())
    assert "finding.not_applicable" in literals()[0]
    assert not sorted((named | keys_by_id()) - catalogue("zh").keys())


def test_every_key_of_the_catalogues_is_used() -> None:
    texts, patterns = literals()
    used = texts | keys_by_id() | SEPARATORS
    others = [key for key in catalogue("zh") if key not in used and not is_derived(key, texts)]
    # A pattern has to name a topic: "{a}.{b}" alone matches any key.
    specific = [re.compile(pattern) for pattern in patterns if re.match(r"[a-z_]+\\\.", pattern)]
    unused = [key for key in others if not any(pattern.fullmatch(key) for pattern in specific)]
    unused += [
        key
        for key in catalogue("zh")
        if key.startswith("indicator.") and not is_of_an_indicator(key)
    ]
    assert not unused


def is_derived(key: str, texts: frozenset[str]) -> bool:
    """Whether a key is a literal one with the ending of an f-string such as f"{key}_needs"."""
    return any(key.endswith(ending) and key.removesuffix(ending) in texts for ending in endings())


@cache
def endings() -> frozenset[str]:
    """Return the literal endings of f-strings that begin with a value."""
    fill = part_pattern(ast.Name(id="value"))
    rest = (pattern.removeprefix(fill) for pattern in literals()[1] if pattern.startswith(fill))
    return frozenset(ending for ending in rest if re.fullmatch("_[a-z_]+", ending))


def is_of_an_indicator(key: str) -> bool:
    """Whether a key is that of an indicator, or of a kind of room."""
    return key in keys_by_id() or key.startswith("indicator.room_kind.")
