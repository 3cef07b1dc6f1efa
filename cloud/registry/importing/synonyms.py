"""Headings and words of other systems, and what they mean here: `synonyms.yaml`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from device_profiles.yaml_tree import parse


def _read() -> Any:
    tree = parse(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    if tree.faults:
        raise RuntimeError(tree.faults)
    return tree.value


_TREE = _read()

HEADINGS: Mapping[str, Mapping[str, Sequence[str]]] = _TREE["headings"]
"""Headings by kind of import and column; the first known one counts."""
WITHOUT_MEANING: frozenset[str] = frozenset(_TREE["without_meaning"])
"""Headings that are no misspelling of a column."""
WORDS: Mapping[str, Mapping[str, Sequence[str]]] = _TREE["words"]
"""Words by code list and code."""
EMPTY: frozenset[str] = frozenset(_TREE["empty"])
"""What people type into a cell that is empty."""
