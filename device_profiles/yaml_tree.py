"""YAML text -> plain values, with the line of every key, and every fault of the text.

A narrow, safe YAML: mappings, lists, text, numbers, true and false, null. No tags, anchors,
aliases or merges. Dates stay text. Words that YAML 1.1 takes for booleans (on, off, yes, no) and
numbers it reads in base 8 or 60 (010, 12:30) are faults without quotes, for no two
readers agree on them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TRAP = re.compile(r"(?:on|off|yes|no|y|n)\Z", re.IGNORECASE)
_BASE_8_OR_60 = re.compile(r"[-+]?(?:0[0-9]+|[0-9]+(?::[0-5]?[0-9])+)\Z")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the text, and where."""

    line: int
    path: Path
    problem: str


@dataclass(slots=True)
class Tree:
    """The values of a YAML text and their places."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    """Path of a key or an item -> its line, from 1."""
    origins: dict[Path, Path] = field(default_factory=dict)
    """Path of a value that was copied -> its place in the file."""
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Return the line of the path, or of what is nearest above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def below(self, path: Path) -> "Tree":
        """Return the places of what is under a key, with paths that begin there."""
        depth = len(path)
        lines = {key[depth:]: line for key, line in self.lines.items() if key[:depth] == path}
        return Tree(lines=lines)


def parse(text: str) -> Tree:
    """Return the tree of one YAML document; look into `faults` before using its value."""
    tree = Tree()
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        tree.faults.append(
            Fault(1, (), f"the file is larger than {MAX_BYTES // 1024} kB; a profile is one page")
        )
        return tree
    try:
        _read(yaml.parse(text, Loader=_Loader), tree)
    except _Refused as refused:
        tree.faults.append(refused.fault)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        tree.faults.append(Fault(line, (), f"not YAML: {error.problem or error.context}"))
    except yaml.YAMLError as error:
        tree.faults.append(Fault(_line_of(text, error), (), f"not YAML: {_first_line(error)}"))
    return tree


class _Refused(Exception):
    def __init__(self, line: int, path: Path, problem: str) -> None:
        super().__init__(problem)
        self.fault = Fault(line, path, problem)


def _read(events: Iterator[Any], tree: Tree) -> None:
    documents = 0
    for event in events:
        if isinstance(event, (yaml.StreamStartEvent, yaml.StreamEndEvent)):
            continue
        if isinstance(event, (yaml.DocumentStartEvent, yaml.DocumentEndEvent)):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise _Refused(_at(event), (), "a second document begins here; one file, one")
            continue
        tree.value = _node(event, events, tree, ())


def _node(event: Any, events: Iterator[Any], tree: Tree, path: Path) -> Any:
    line = _at(event)
    tree.lines.setdefault(path, line)
    if isinstance(event, yaml.AliasEvent) or event.anchor:
        raise _Refused(line, path, "anchors and aliases (& and *) are not read; write it out")
    if event.tag and not (isinstance(event, yaml.ScalarEvent) and event.tag == "!"):
        raise _Refused(line, path, f"tags ({event.tag}) are not read; leave it out")
    if len(path) > MAX_DEPTH:
        raise _Refused(line, path[:4], f"nested more than {MAX_DEPTH} levels deep")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event, tree, path, line)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            items.append(_node(inner, events, tree, (*path, len(items))))
        return items
    return _mapping(events, tree, path)


def _mapping(events: Iterator[Any], tree: Tree, path: Path) -> dict[str | int, Any]:
    mapping: dict[str | int, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        line = _at(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise _Refused(line, path, "a key must be a word or a number")
        key = _scalar(event, tree, path, line)
        if isinstance(key, bool):
            key = str(key).lower()
        elif not isinstance(key, (str, int)):
            key = event.value
        is_second = key in mapping
        if is_second:
            first = tree.lines[*path, key]
            tree.faults.append(
                Fault(line, (*path, key), f"given twice, first in line {first}; keep one")
            )
        else:
            tree.lines[*path, key] = line
        part = Tree(faults=tree.faults) if is_second else tree  # the first one keeps its lines
        value = _node(next(events), events, part, (*path, key))
        if not is_second:
            mapping[key] = value
    return mapping


def _scalar(event: Any, tree: Tree, path: Path, line: int) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    for pattern, convert in _NUMBERS:
        if pattern.match(text):
            return convert(text)
    if _TRAP.match(text):
        problem = (
            f"bare {text} means true or false to one reader and text to the next; "
            f'write "{text}" in quotes, or true or false'
        )
        tree.faults.append(Fault(line, path, problem))
    elif _BASE_8_OR_60.match(text):
        problem = (
            f"bare {text} is a number in base 8 or 60 to some readers; "
            f'write "{text}" in quotes if text is meant'
        )
        tree.faults.append(Fault(line, path, problem))
    return text


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= 20 else float(text)


_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
}
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], float]], ...] = (
    (re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z"), _whole),
    (re.compile(r"0x[0-9a-fA-F]{1,16}\Z"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?[0-9]+(?:\.[0-9]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)\Z"), float),
)


def _at(event: Any) -> int:
    line: int = event.start_mark.line + 1
    return line


def _line_of(text: str, error: yaml.YAMLError) -> int:
    position = getattr(error, "position", None)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def _first_line(error: yaml.YAMLError) -> str:
    return str(error).split("\n", 1)[0]
