"""What strace wrote down, as events on files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRACED = "openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,rename"


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes put into a file at an offset."""

    name: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file cut or lengthened to a size."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A file, or with an empty name the folder, is on the disk from here on."""

    name: str


@dataclass(frozen=True, slots=True)
class Create:
    """A file's name comes to be."""

    name: str


@dataclass(frozen=True, slots=True)
class Unlink:
    """A file's name is gone."""

    name: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A file has another name."""

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A step of the watched program begins, or ended."""

    word: str
    step: int


Event = Write | Truncate | Sync | Create | Unlink | Rename | Mark

_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_UNFINISHED = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_FILE = re.compile(r"\d+<((?:\\x[0-9a-f]{2})*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_LAST = re.compile(r", (\d+)$")


def events(trace: Path, folder: Path, marks: str) -> Iterator[Event]:
    """Read a trace in the order in which its calls ended; calls that failed did nothing."""
    known: set[str] = {marks}
    for line in _whole_lines(trace):
        call = _CALL.match(line)
        if call is None:
            raise ValueError(f"not understood: {line[:120]}")
        name, arguments, result = call.group(1), call.group(2), int(call.group(3))
        if result < 0:
            continue
        if name in {"openat", "unlink", "rename"}:
            yield from _named(name, arguments, folder, known)
        else:
            yield _done(name, arguments, result, folder, marks)


def _named(name: str, arguments: str, folder: Path, known: set[str]) -> Iterator[Event]:
    """Give the change of the folder; `known` holds the names that are there."""
    paths = [_local(_bytes(text).decode(), folder) for text in _TEXT.findall(arguments)]
    if name == "unlink":
        known.discard(paths[0])
        yield Unlink(paths[0])
    elif name == "rename":
        known.discard(paths[0])
        known.add(paths[1])
        yield Rename(paths[0], paths[1])
    elif "O_CREAT" in arguments and paths[0] not in known:
        known.add(paths[0])
        yield Create(paths[0])


def _done(name: str, arguments: str, result: int, folder: Path, marks: str) -> Event:
    """Return what was done to an open file."""
    file = _FILE.search(arguments)
    if file is None:
        raise ValueError(f"no file in {arguments[:120]}")
    path = _local(_bytes(file.group(1)).decode(), folder)
    if name in {"fsync", "fdatasync"}:
        return Sync(path)
    if name == "ftruncate":
        return Truncate(path, _number(arguments))
    if path == marks:
        word, step = _data(arguments).decode().split()
        return Mark(word, int(step))
    if name == "pwrite64":
        return Write(path, _number(arguments), _data(arguments)[:result])
    raise ValueError(f"a write without an offset: {arguments[:120]}")


def _whole_lines(trace: Path) -> Iterator[str]:
    """Join calls that strace saw begin and end on two lines."""
    begun: dict[str, str] = {}
    with trace.open(encoding="ascii") as lines:
        for line in lines:
            text = line.rstrip("\n")
            if part := _UNFINISHED.match(text):
                begun[part.group(1)] = f"{part.group(1)} {part.group(2)}({part.group(3)}"
            elif part := _RESUMED.match(text):
                yield begun.pop(part.group(1)) + part.group(3)
            elif "exited with" not in text and "killed by" not in text:
                yield text


def _local(path: str, folder: Path) -> str:
    """Return a file's name in the folder; empty for the folder itself."""
    return "" if Path(path) == folder else Path(path).relative_to(folder).as_posix()


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _data(arguments: str) -> bytes:
    text = _TEXT.search(arguments)
    if text is None:
        raise ValueError(f"no data in {arguments[:120]}")
    return _bytes(text.group(1))


def _number(arguments: str) -> int:
    number = _LAST.search(arguments)
    if number is None:
        raise ValueError(f"no number at the end of {arguments[-120:]}")
    return int(number.group(1))
