"""A flipped bit in SQLite's write-ahead log is found before SQLite reads the log.

SQLite takes the first frame with a wrong checksum for the end of the log, as after a power cut, and
drops all that follows without a word. A bit that flipped on the disk looks the same, but can be
recognised: the checksum of 64 bits is linear, so the bit whose change makes it right can be
computed. Where it is one bit, that bit is put right. Where it may be one of several (the highest
bits of words), it is the one after which the frame's page and its rows are right; where that is not
one either, the frame is sealed as it is, and the rows' own checksums show what is damaged.
A frame that a power cut tore has no such bit, and stays the end of the log.

Format: https://sqlite.org/fileformat2.html, section 4, "The Write-Ahead Log".
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.buffer import pages, schema

_HEADER = 32
_FRAME_HEADER = 24
_MAGIC = 0x377F0682
_VERSION = 3007000
_MASK = 0xFFFFFFFF

_Sum = tuple[int, int]


@dataclass(slots=True)
class Log:
    """What a log holds over the file."""

    pages: dict[int, bytes] = field(default_factory=dict)
    """Page number -> the page as the last commit left it."""
    page_count: int = 0
    """Pages of the file after the last commit; 0 where there is no commit."""
    flipped: int = 0
    """Bits that had flipped; the pages are without them, as far as it is known which they were."""


def path_of(file: Path) -> Path:
    """Return where the log of a file is."""
    return file.with_name(f"{file.name}-wal")


def read(log: Path) -> Log:
    """Return what a log holds, flipped bits put right; nothing is written. Raises OSError."""
    try:
        data = bytearray(log.read_bytes())
    except FileNotFoundError:
        return Log()
    read_log = Log(flipped=_mend(data))
    if len(data) < _HEADER or not _is_header(data[:_HEADER]):
        return read_log
    since_commit: dict[int, bytes] = {}
    for frame in _sound_frames(data):
        number, page_count = struct.unpack_from(">2I", data, frame)
        since_commit[number] = bytes(
            data[frame + _FRAME_HEADER : frame + _FRAME_HEADER + pages.PAGE_BYTES]
        )
        if page_count:
            read_log.pages |= since_commit
            read_log.page_count = page_count
            since_commit = {}
    return read_log


def repair(log: Path) -> int:
    """Put right or seal the frames of a log with one flipped bit each; return how many.

    Raises OSError.
    """
    try:
        data = bytearray(log.read_bytes())
    except FileNotFoundError:
        return 0
    mended = _mend(data)
    if mended:
        new_file = log.with_name(f"{log.name}.mended")
        with new_file.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new_file.replace(log)
    return mended


def _mend(data: bytearray) -> int:
    """Mend the bytes of a log in place; return how many flipped bits there were."""
    if len(data) < _HEADER:
        return 0
    mended = 0
    if not _is_header(data[:_HEADER]):
        if not _mend_header(data):
            return 0
        mended += 1
    order = _order(data)
    page, _, *salts = struct.unpack_from(">4I", data, 8)
    before: _Sum = struct.unpack_from(">2I", data, 24)
    sealed = before
    starts = _starts(data)
    sizes = [struct.unpack_from(">I", data, start + 4)[0] for start in starts]
    most_pages = sorted(sizes)[-2] if len(sizes) > 1 else 0  # the largest may be the flipped one
    last_of: dict[int, int] = {}
    for start in starts:
        salts_mended = _mend_salts(data, start + 8, salts)
        if salts_mended is None:
            break
        body = _words(data, start, page, order)
        computed = _checksum(body, before)
        stored: _Sum = struct.unpack_from(">2I", data, start + 16)
        if computed != stored:
            places = _flipped_bits(body, computed, stored)
            if _is_one_bit(computed, stored) and (
                not places or _is_checksum_flipped(data, start, computed, stored)
            ):
                stored = computed
            elif places:
                place = _choice(places, data, start, most_pages, last_of)
                if place is not None:
                    _flip(data, start, place, order)
                    body = _words(data, start, page, order)
            else:
                break
            mended += 1
        mended += salts_mended
        before = stored
        sealed = _checksum(body, sealed)
        struct.pack_into(">2I", data, start + 16, *sealed)
        last_of[struct.unpack_from(">I", data, start)[0]] = start
    return mended


def _order(data: bytearray) -> str:
    """Return the byte order of the checksums."""
    return "<" if data[3] == _MAGIC & 0xFF else ">"


def _starts(data: bytearray) -> range:
    """Return where the frames begin that are whole."""
    (page,) = struct.unpack_from(">I", data, 8)
    return range(_HEADER, len(data) - _FRAME_HEADER - page + 1, _FRAME_HEADER + page)


def _sound_frames(data: bytearray) -> Iterator[int]:
    """Yield where the frames of this log begin, up to the first with a wrong checksum."""
    page, _, *salts = struct.unpack_from(">4I", data, 8)
    before: _Sum = struct.unpack_from(">2I", data, 24)
    for start in _starts(data):
        before = _checksum(_words(data, start, page, _order(data)), before)
        if list(struct.unpack_from(">4I", data, start + 8)) != [*salts, *before]:
            return
        yield start


def _is_header(header: bytearray) -> bool:
    magic, version = struct.unpack_from(">2I", header)
    if magic not in {_MAGIC, _MAGIC + 1} or version != _VERSION:
        return False
    words = struct.unpack_from("<6I" if magic == _MAGIC else ">6I", header)
    return _checksum(words, (0, 0)) == struct.unpack_from(">2I", header, 24)


def _mend_header(data: bytearray) -> bool:
    """Flip the one bit that makes the header right; return whether there is one.

    Of several such bits it is the one after which the first frame is of this log.
    """
    right = []
    for position in range(_HEADER * 8):
        header = data[:_HEADER]
        header[position // 8] ^= 1 << position % 8
        if _is_header(header):
            right.append(header)
    first_salts = data[_HEADER + 8 : _HEADER + 16]
    right.sort(key=lambda header: header[16:24] != first_salts)
    if right:
        data[:_HEADER] = right[0]
    return bool(right)


def _mend_salts(data: bytearray, position: int, salts: list[int]) -> int | None:
    """Return how many bits were put right, None where the frame is of another log."""
    expected = struct.pack(">2I", *salts)
    wrong = int.from_bytes(expected) ^ int.from_bytes(data[position : position + 8])
    if wrong.bit_count() > 1:
        return None
    data[position : position + 8] = expected
    return wrong.bit_count()


def _is_one_bit(computed: _Sum, stored: _Sum) -> bool:
    """Return whether the flipped bit is in the stored checksum itself."""
    return sum((a ^ b).bit_count() for a, b in zip(computed, stored, strict=True)) == 1


def _is_checksum_flipped(data: bytearray, start: int, computed: _Sum, stored: _Sum) -> bool:
    """Return whether it is the checksum that flipped, not a bit of the page that changes one bit.

    The checksum of the frame behind goes on from the true one; the last frame's page must be right.
    """
    page, _, *salts = struct.unpack_from(">4I", data, 8)
    behind = start + _FRAME_HEADER + page
    if behind in _starts(data):
        words = _words(data, behind, page, _order(data))
        sums = list(struct.unpack_from(">4I", data, behind + 8))
        if sums == [*salts, *_checksum(words, computed)]:
            return True
        if sums == [*salts, *_checksum(words, stored)]:
            return False
    return pages.has_right_rows(_page(data, start), schema.is_right)


def _choice(
    places: list[tuple[int, int]],
    data: bytearray,
    start: int,
    most_pages: int,
    last_of: dict[int, int],
) -> tuple[int, int] | None:
    """Return the flipped bit where it is sure, None where it is not.

    It is sure where it is the only one, where it makes a page number too large, where no other
    makes the page and its rows right, or where the page is right and is that of another number.
    """
    if len(places) == 1:
        return places[0]
    for place in places:
        word = struct.unpack_from(">I", data, start + 4 * place[0])[0] if place[0] < 2 else 0
        if word > most_pages > 0:
            return place
    page = _page(data, start)
    if pages.has_right_rows(page, schema.is_right):
        for place in places:
            if place[0] == 0 and _is_of_another_page(data, start, place, last_of):
                return place
        return None
    at = {_bit_of_page(place, _order(data)): place for place in places if place[0] > 1}
    bit = pages.changed_bit(page, at, schema.is_right)
    return None if bit is None else at[bit]


def _is_of_another_page(
    data: bytearray, start: int, place: tuple[int, int], last_of: dict[int, int]
) -> bool:
    """Return whether a page is more like the one before of the flipped number than of its own."""
    number = bytearray(data[start : start + 4])
    flipped = number.copy()
    _flip(flipped, 0, place, _order(data))
    page = _page(data, start)
    alike = []
    for candidate in (number, flipped):
        before = last_of.get(int.from_bytes(candidate))
        older = b"" if before is None else _page(data, before)
        alike.append(sum(a == b for a, b in zip(page, older, strict=False)))
    return alike[1] > alike[0]


def _page(data: bytearray, start: int) -> bytes:
    """Return the page of the frame that begins there."""
    (size,) = struct.unpack_from(">I", data, 8)
    return bytes(data[start + _FRAME_HEADER : start + _FRAME_HEADER + size])


def _bit_of_page(place: tuple[int, int], order: str) -> int:
    """Return which bit of its page a bit of a word is."""
    word, bit = place
    return 8 * ((word - 2) * 4 + (bit // 8 if order == "<" else 3 - bit // 8)) + bit % 8


def _flip(data: bytearray, start: int, place: tuple[int, int], order: str) -> None:
    """Flip a bit of a word that a frame's checksum covers."""
    word, bit = place
    offset = word * 4 if word < 2 else _FRAME_HEADER + (word - 2) * 4
    data[start + offset + (bit // 8 if order == "<" else 3 - bit // 8)] ^= 1 << bit % 8


def _words(data: bytearray, start: int, page: int, order: str) -> tuple[int, ...]:
    """Return what a frame's checksum covers: two words of its header, then the page."""
    return (
        *struct.unpack_from(f"{order}2I", data, start),
        *struct.unpack_from(f"{order}{page // 4}I", data, start + _FRAME_HEADER),
    )


def _checksum(words: tuple[int, ...], before: _Sum) -> _Sum:
    first, second = before
    pairs = iter(words)
    for even, odd in zip(pairs, pairs, strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second


def _flipped_bits(words: tuple[int, ...], computed: _Sum, stored: _Sum) -> list[tuple[int, int]]:
    """Return each (word, bit) whose flip alone explains a wrong checksum.

    A change d of an even word adds (d, d) to the sums behind its pair, of an odd word (0, d); each
    pair behind it turns (a, b) into (a + b, a + 2b).
    """
    missing = [(s - c) & _MASK for s, c in zip(stored, computed, strict=True)]
    places = []
    effects = [(1, 1), (0, 1)]
    for pair in range(len(words) // 2 - 1, -1, -1):
        for side, (first, second) in enumerate(effects):
            word = words[2 * pair + side]
            for bit in range(32):
                change = -(1 << bit) if word >> bit & 1 else 1 << bit
                if [change * first & _MASK, change * second & _MASK] == missing:
                    places.append((2 * pair + side, bit))
        effects = [((a + b) & _MASK, (a + 2 * b) & _MASK) for a, b in effects]
    return places
