"""Read a trace of a device's power: a CSV file of times and watts, as loggers write it."""

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from device_profiles.errors import ProfileError

_FORMS = ("%d/%m/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M")
_POWERS = frozenset({"watts", "watt", "w", "power", "active_power", "功率", "value"})
_MOST_MS = 1e11
"""A Unix time above is in milliseconds."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  only distances count
_DELIMITERS = ",;\t"


def read_trace(path: Path, column: str | None = None) -> Iterator[tuple[datetime, float]]:
    """Yield (time, W) of each row, in the order of the file; raises ProfileError.

    The first column is the time (ISO 8601, day/month/year, or Unix). The power is the column named,
    else one with a usual name, else the second. Rows without a number are passed over. Times
    without a zone stay so: only their distances count.
    """
    lines = io.StringIO(_text(path))
    first = lines.readline()
    delimiter = max(_DELIMITERS, key=first.count)
    head = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    if len(head) < 2:
        raise ProfileError("expected two columns, time and watts", path=str(path), line=1)
    has_head = _moment(head[0]) is None
    number = _column(head if has_head else [], column, path)
    rows = csv.reader(lines, delimiter=delimiter)
    count = 0
    for row in rows if has_head else chain([head], rows):
        point = _point(row, number)
        if point is not None:
            count += 1
            yield point
    if not count:
        raise ProfileError("no row holds a time and a power", path=str(path), line=2)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError) as error:
            raise ProfileError(f"cannot be unpacked: {error}", path=str(path)) from None
    return raw.decode("utf-8-sig", "replace")


def _column(head: Sequence[str], wanted: str | None, path: Path) -> int:
    if wanted is not None:
        if wanted not in head:
            known = ", ".join(head) or "no names"
            problem = f"no column {wanted!r}; the first line has {known}"
            raise ProfileError(problem, path=str(path), line=1)
        return head.index(wanted)
    usual = [n for n, name in enumerate(head) if n and name.casefold() in _POWERS]
    return usual[0] if usual else 1


def _point(row: Sequence[str], number: int) -> tuple[datetime, float] | None:
    if len(row) <= number:
        return None
    at = _moment(row[0].strip())
    try:
        return None if at is None else (at, float(row[number]))
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        return _unix(seconds)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  only distances count
        except ValueError:
            continue
    return None


def _unix(seconds: float) -> datetime | None:
    try:
        return _EPOCH + timedelta(seconds=seconds / 1000 if seconds > _MOST_MS else seconds)
    except (ValueError, OverflowError):
        return None
