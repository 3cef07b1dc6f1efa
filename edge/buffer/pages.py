"""The pages of the buffer's file, read without SQLite.

SQLite reaches a row through the pages above it: where one of those is damaged, it cannot read what
lies below. The rows themselves are in pages that can be read one by one, each row with a checksum.

A page of a tree must add up: its cells, its free blocks, its fragments and the gap between them
fill it, and no two of them overlap. So a flipped bit in what leads to the cells (header and
pointers) can be found: it is the one after whose change the page adds up.

Format: https://sqlite.org/fileformat2.html, sections 1.6 "B-tree Pages", 1.8 "Pointer Map" and 2.1
"Record Format".
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

PAGE_BYTES = 4096

Value = int | float | str | bytes | None

_INNER_INDEX, _INNER_TABLE, _LEAF_INDEX, _LEAF_TABLE = 2, 5, 10, 13
_HEADER_BYTES = {_INNER_INDEX: 12, _INNER_TABLE: 12, _LEAF_INDEX: 8, _LEAF_TABLE: 8}
_MOST_LOCAL = {_LEAF_TABLE: PAGE_BYTES - 35, _LEAF_INDEX: (PAGE_BYTES - 12) * 64 // 255 - 23}
_LEAST_LOCAL = (PAGE_BYTES - 12) * 32 // 255 - 23
_SMALLEST_CELL = 4
_MAPPED = PAGE_BYTES // 5
"""Pages that one page of the pointer map describes, in five bytes each."""
_FREE = 2
_FIRST_TEXT = 12
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is stored: its number where the table has numbers, and its columns."""

    number: int | None
    columns: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class _Cell:
    start: int
    size: int
    number: int | None
    """A row's number; of a page above the rows, the largest number below its left child."""
    payload_start: int
    payload_bytes: int
    local_bytes: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is on overflow pages."""
        return self.payload_bytes == self.local_bytes


def is_map(number: int) -> bool:
    """Return whether a page is one of the pointer map."""
    return number >= 2 and (number - 2) % (_MAPPED + 1) == 0


def is_free(number: int, page: Callable[[int], bytes]) -> bool:
    """Return whether a page is not in use, by the pointer map.

    The map's word for a free page differs by three bits from that for a page of a tree: one flipped
    bit turns neither into the other.
    """
    first = number - (number - 2) % (_MAPPED + 1)
    kind = page(first)[5 * (number - first - 1)]
    return (kind ^ _FREE).bit_count() <= 1


def is_tree(page: bytes) -> bool:
    """Return whether a page calls itself one of a table or an index."""
    return page[0] in _HEADER_BYTES


def has_rows(page: bytes) -> bool:
    """Return whether a page calls itself one that holds rows."""
    return is_tree(page) and page[0] != _INNER_TABLE


def is_numbered(page: bytes) -> bool:
    """Return whether the rows on a page have numbers."""
    return page[0] == _LEAF_TABLE


def rows(page: bytes, page_at: Callable[[int], bytes]) -> Iterator[Row | None]:
    """Yield the rows that a page points to, None for one that cannot be read.

    `page_at` gives the overflow pages.
    """
    for place in _places(page):
        try:
            cell = _cell(page, place)
            yield Row(cell.number, _columns(_payload(page, cell, page_at)))
        except (IndexError, struct.error):
            yield None


def adds_up(page: bytes) -> bool:
    """Return whether a page of a tree is filled without a gap, an overlap or a row out of order."""
    try:
        free, count, content, fragments = struct.unpack_from(">HHHB", page, 1)
        content = content or PAGE_BYTES
        cells = [_cell(page, place) for place in _places(page)]
        spans = [(cell.start, cell.start + cell.size) for cell in cells]
        while free:
            following, size = struct.unpack_from(">HH", page, free)
            spans.append((free, free + size))
            if following and following < free + _SMALLEST_CELL:
                return False
            free = following
    except (IndexError, KeyError, struct.error):
        return False
    spans.sort()
    used = sum(end - start for start, end in spans)
    numbers = [cell.number for cell in cells if cell.number is not None]
    return (
        len(cells) == count
        and content >= _HEADER_BYTES[page[0]] + 2 * count
        and used + fragments == PAGE_BYTES - content
        and all(before[1] <= after[0] for before, after in pairwise([(0, content), *spans]))
        and all(before < after for before, after in pairwise(numbers))
    )


def _bits_that_lead_to_cells(page: bytes) -> Iterator[int]:
    """Yield the numbers of the bits of a page's header and of its pointers, as far as they go."""
    _, count, content = struct.unpack_from(">HHH", page, 1)
    end = min(12 + 2 * min(count, PAGE_BYTES // 8), max(content, 12), PAGE_BYTES)
    yield from range(8 * end)


def repaired(page: bytes, is_right: Callable[[Row], bool]) -> bytes | None:
    """Return a page with the bit flipped that leads to its cells, None where there is no such bit.

    Of several it is the one after which most rows are right.
    """
    best, best_rows = None, -1
    for bit in _bits_that_lead_to_cells(page):
        changed = invert(page, bit)
        if not adds_up(changed):
            continue
        right = sum(_is_right(changed, place, is_right) for place in _places(changed))
        if right > best_rows:
            best, best_rows = changed, right
    return best


def changed_bit(page: bytes, bits: Iterable[int], is_right: Callable[[Row], bool]) -> int | None:
    """Return the only one of some bits after whose flip a page and its rows are right, or None."""
    right = [bit for bit in bits if has_right_rows(invert(page, bit), is_right)]
    return right[0] if len(right) == 1 else None


def invert(data: bytes, bit: int) -> bytes:
    """Return data with one bit flipped."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def has_right_rows(page: bytes, is_right: Callable[[Row], bool]) -> bool:
    """Return whether a page adds up and each row that is whole on it is right."""
    return adds_up(page) and all(_is_right(page, place, is_right) for place in _places(page))


def _is_right(page: bytes, place: int, is_right: Callable[[Row], bool]) -> bool:
    try:
        cell = _cell(page, place)
        if page[0] == _INNER_TABLE or not cell.is_whole:
            return True
        end = cell.payload_start + cell.payload_bytes
        return is_right(Row(cell.number, _columns(page[cell.payload_start : end])))
    except (IndexError, struct.error):
        return False


def _places(page: bytes) -> tuple[int, ...]:
    """Return where the cells begin, as far as there is room for pointers."""
    header = _HEADER_BYTES[page[0]]
    count = min(int.from_bytes(page[3:5]), (PAGE_BYTES - header) // (2 + _SMALLEST_CELL))
    return struct.unpack_from(f">{count}H", page, header)


def _cell(page: bytes, place: int) -> _Cell:
    """Read the head of a cell. Raises IndexError where it lies beyond the page's end."""
    kind, at = page[0], place
    if kind in {_INNER_INDEX, _INNER_TABLE}:
        at += 4  # the left child
    if kind == _INNER_TABLE:
        number, at = _varint(page, at)
        return _Cell(place, max(at - place, _SMALLEST_CELL), number, at, 0, 0)
    payload, at = _varint(page, at)
    row_number = None
    if kind == _LEAF_TABLE:
        row_number, at = _varint(page, at)
    most = _MOST_LOCAL[_LEAF_TABLE if kind == _LEAF_TABLE else _LEAF_INDEX]
    local = payload
    if payload > most:
        local = _LEAST_LOCAL + (payload - _LEAST_LOCAL) % (PAGE_BYTES - 4)
        local = local if local <= most else _LEAST_LOCAL
    end = at + local + (0 if local == payload else 4)
    if end > PAGE_BYTES:
        raise IndexError
    return _Cell(place, max(end - place, _SMALLEST_CELL), row_number, at, payload, local)


def _payload(page: bytes, cell: _Cell, page_at: Callable[[int], bytes]) -> bytes:
    """Return a record's bytes. Raises IndexError where an overflow page is missing."""
    end = cell.payload_start + cell.local_bytes
    parts = [page[cell.payload_start : end]]
    missing = cell.payload_bytes - cell.local_bytes
    following = int.from_bytes(page[end : end + 4]) if missing else 0
    while missing > 0:
        overflow = page_at(following)
        parts.append(overflow[4 : 4 + missing])
        missing -= PAGE_BYTES - 4
        following = int.from_bytes(overflow[:4])
    return b"".join(parts)


def _columns(record: bytes) -> tuple[Value, ...]:
    """Return the columns of a record. Raises IndexError and struct.error where it has none."""
    head, at = _varint(record, 0)
    kinds = []
    while at < head:
        kind, at = _varint(record, at)
        kinds.append(kind)
    columns = []
    for kind in kinds:
        size = _INTEGER_BYTES.get(kind, 8 if kind == 7 else max(0, (kind - _FIRST_TEXT) // 2))
        data = record[at : at + size]
        if len(data) < size:
            raise IndexError
        columns.append(_value(kind, data))
        at += size
    return tuple(columns)


def _value(kind: int, data: bytes) -> Value:
    if kind in _INTEGER_BYTES:
        return int.from_bytes(data, signed=True)
    if kind == 7:
        return float(struct.unpack(">d", data)[0])
    if kind >= _FIRST_TEXT:
        return data.decode(errors="backslashreplace") if kind % 2 else data
    return {8: 0, 9: 1}.get(kind)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where the next begins."""
    value = 0
    for place in range(at, at + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    value = value << 8 | data[at + 8]
    return value - (1 << 64) if value >> 63 else value, at + 9
