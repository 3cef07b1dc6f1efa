"""Fewer readings for a curve, without losing what a reader looks for. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from device_profiles.reading import Value

Timed = tuple[datetime, Value]


def downsample(readings: Sequence[Timed], limit: int) -> list[Timed]:
    """Return at most `limit` readings (at least 4), in order, the first and the last among them.

    Of numbers, each of equal spans of time keeps its lowest and its highest. Of anything else only
    the changes stay, and of those the newest.
    """
    limit = max(limit, 4)
    if len(readings) <= limit:
        return list(readings)
    if all(_is_number(value) for _, value in readings):
        inner = list(_extremes(readings[1:-1], (limit - 2) // 2))
    else:
        inner = list(_changes(readings[:-1]))[-(limit - 2) :]
    return [readings[0], *inner, readings[-1]]


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _extremes(readings: Sequence[Timed], spans: int) -> Iterator[Timed]:
    """Yield the lowest and the highest of each span of time, in order of time."""
    start = readings[0][0]
    length = (readings[-1][0] - start) / spans
    by_span: dict[int, list[Timed]] = {}
    for reading in readings:
        number = int((reading[0] - start) / length) if length else 0
        by_span.setdefault(min(number, spans - 1), []).append(reading)
    for inside in by_span.values():
        kept = {min(inside, key=lambda r: r[1]), max(inside, key=lambda r: r[1])}
        yield from sorted(kept, key=lambda r: r[0])


def _changes(readings: Sequence[Timed]) -> Iterator[Timed]:
    """Yield the readings whose value differs from the one before, without the first."""
    last = readings[0][1]
    for reading in readings[1:]:
        if reading[1] != last:
            yield reading
        last = reading[1]
