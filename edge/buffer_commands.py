"""`campus-edge buffer verify | export | stats`: a look at a gateway's buffer.

Nothing is changed. Both the buffer of a gateway that runs and a file kept aside can be looked at.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.program import DONE, FAILED
from device_profiles.command_line.table import padded
from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    from edge.buffer.inspection import BufferStats

_YAML = frozenset({".yaml", ".yml"})
_LABEL_COLUMNS = 22
_KINDS = ("reading", "gateway", "event", "usage")
"""The words for `edge.buffer.entry.Kind`, in its order."""


def add(commands: Commands) -> None:
    """Add the commands."""
    group = commands.group("buffer")
    verify = group.add(
        "verify",
        _verify,
        examples=("buffer verify gateway.yaml", "buffer verify gateway-data/buffer.db --json"),
    )
    export = group.add(
        "export",
        _export,
        examples=(
            "buffer export gateway.yaml --out lines.txt",
            "buffer export gateway-data/buffer.db.broken-20261201T080000 > lines.txt",
        ),
    )
    export.add_argument("--out", type=Path, metavar="FILE", help=commands.text("buffer.export.out"))
    stats = group.add(
        "stats", _stats, examples=("buffer stats gateway.yaml", "buffer stats gateway.yaml --json")
    )
    for command in (verify, export, stats):
        command.add_argument(
            "source", type=Path, metavar="gateway.yaml", help=commands.text("buffer.source")
        )
        add_json(command)


def _buffer_of(source: Path) -> Path:
    """Return the buffer's file: that of a configuration, or the one that is named."""
    if source.suffix not in _YAML:
        return source
    from edge.config import load_config  # noqa: PLC0415  `--help` needs no library of the extra
    from edge.gateway import BUFFER_FILE  # noqa: PLC0415  as above

    return load_config(source).data_dir / BUFFER_FILE


def _verify(arguments: argparse.Namespace) -> int:
    from edge.buffer.inspection import inspection  # noqa: PLC0415  as in _buffer_of

    path, text = _buffer_of(arguments.source), arguments.text
    try:
        with inspection(path, is_structure_checked=True) as seen:
            faults, lines = seen.faults, sum(seen.stats().lines.values())
    except OSError as error:
        return _unreadable(path, error, text)
    if arguments.json:
        named = [{"kind": fault.kind, "where": fault.where} for fault in faults]
        print(_json({"file": str(path), "sound_lines": lines, "faults": named}))
    else:
        for fault in faults:
            print(text(f"buffer.fault.{fault.kind}", path=path, where=fault.where))
        result = "damaged" if faults else "sound"
        print(text(f"buffer.{result}", path=path, lines=text.count("line", lines)))
    return FAILED if faults else DONE


def _export(arguments: argparse.Namespace) -> int:
    from edge.buffer.inspection import inspection  # noqa: PLC0415  as in _buffer_of

    path, text = _buffer_of(arguments.source), arguments.text
    out: Path | None = arguments.out
    number = 0
    try:
        with (
            inspection(path) as seen,
            nullcontext(sys.stdout) if out is None else out.open("x", encoding="utf-8") as file,
        ):
            for line in seen.lines():
                tree = {
                    "number": line.number,
                    "kind": _KINDS[line.kind],
                    "at": line.at.isoformat(),
                    "text": line.text,
                }
                file.write((_json_line(tree) if arguments.json else line.text) + "\n")
                number += 1
            damaged = len(seen.faults)
    except FileExistsError:
        print(text("buffer.export.exists", path=out), file=sys.stderr)
        return FAILED
    except OSError as error:
        return _unreadable(path, error, text)
    if out is not None:
        print(text("buffer.export.done", path=out, lines=text.count("line", number)))
    if damaged:
        print(text("buffer.export.damaged", path=path), file=sys.stderr)
    return DONE


def _stats(arguments: argparse.Namespace) -> int:
    from edge.buffer.inspection import inspection  # noqa: PLC0415  as in _buffer_of

    path, text = _buffer_of(arguments.source), arguments.text
    try:
        with inspection(path) as seen:
            stats, faults = seen.stats(), len(seen.faults)
    except OSError as error:
        return _unreadable(path, error, text)
    if arguments.json:
        print(_json({"file": str(path), **_tree(stats), "faults": faults}))
        return DONE
    waiting = ", ".join(
        text(f"buffer.kind.{_KINDS[kind]}", number=number) for kind, number in stats.lines.items()
    )
    rows = {
        "waiting": text(
            "buffer.waiting", lines=text.count("line", sum(stats.lines.values())), kinds=waiting
        ),
        "oldest": stats.oldest_at.isoformat(timespec="seconds") if stats.oldest_at else "-",
        "size": text(
            "buffer.size", text=stats.text_bytes, file=stats.file_bytes, log=stats.log_bytes
        ),
        "set_aside": text(
            "buffer.set_aside", kept=stats.set_aside, number=stats.counts["set_aside"]
        ),
        "evicted": str(stats.counts["evicted"]),
        "held": str(stats.held),
        "marks": str(stats.marks),
        "observations": str(stats.observations),
    }
    print(path)
    for key, value in rows.items():
        print(f"  {padded(text(f'buffer.label.{key}'), _LABEL_COLUMNS)} {value}")
    if faults:
        print(text("buffer.look", path=path), file=sys.stderr)
    return DONE


def _tree(stats: "BufferStats") -> Mapping[str, Any]:
    return {
        "lines": {_KINDS[kind]: number for kind, number in stats.lines.items()},
        "oldest_at": stats.oldest_at.isoformat() if stats.oldest_at else None,
        "text_bytes": stats.text_bytes,
        "file_bytes": stats.file_bytes,
        "log_bytes": stats.log_bytes,
        "set_aside": stats.set_aside,
        "counts": dict(stats.counts),
        "held": stats.held,
        "marks": stats.marks,
        "observations": stats.observations,
    }


def _unreadable(path: Path, error: OSError, text: Texts) -> int:
    key = "none" if isinstance(error, FileNotFoundError) else "unreadable"
    named = error.filename if error.filename is not None else path
    print(text(f"buffer.{key}", path=named, reason=error.strerror), file=sys.stderr)
    return FAILED


def _json(tree: Mapping[str, Any]) -> str:
    return json.dumps(tree, ensure_ascii=False, indent=1)


def _json_line(tree: Mapping[str, Any]) -> str:
    return json.dumps(tree, ensure_ascii=False)
