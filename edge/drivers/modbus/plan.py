"""Which blocks of registers to read: the fewest that cover all points. Pure.

A block is one request. It begins and ends at a wanted register, is no longer than `max_block`, runs
across no more than `max_gap` unused registers in a row, and touches no hole. A point is never torn
over two blocks, unless it is longer than a block can be. Points are taken by address and a block
is extended while it may be: a point that does not fit starts the next one, and any later point
that would still have fitted lies inside it, so no plan has fewer blocks.

What is not known of a device is learned: breaks are addresses that no block may run across, found
by halving a block that the device refused (see `learned`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from device_profiles.protocols.modbus import ModbusLimits, ModbusPoint, Register

Break = tuple[Register, int]
TABLES: tuple[Register, ...] = ("coil", "discrete", "holding", "input")


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """One read request and the points it serves."""

    register: Register
    address: int
    count: int
    points: tuple[str, ...]

    @property
    def end(self) -> int:
        """The first address behind the block."""
        return self.address + self.count


def plan(
    points: Mapping[str, ModbusPoint],
    limits: ModbusLimits,
    breaks: frozenset[Break] = frozenset(),
) -> list[Block]:
    """Return the fewest blocks that cover every point that touches no hole."""
    blocks: list[Block] = []
    for table in TABLES:
        wanted = sorted(
            (start, end, name)
            for name, point in points.items()
            if point.register_ == table
            and not any(_touches(limits.holes, *span) for span in point.spans)
            for start, end in point.spans
        )
        cuts = frozenset(address for register, address in breaks if register == table)
        blocks.extend(_blocks(table, wanted, limits, cuts))
    return blocks


def halves(block: Block, points: Mapping[str, ModbusPoint]) -> Break | None:
    """Return where to cut a refused block in two, or None where no cut spares every point.

    That is at the widest stretch of unused registers, where a hole is likeliest, and of equally
    wide ones at the most central.
    """
    spans = [span for _, span in _spans(block, points)]
    cuts = [
        start
        for start, _ in spans
        if start > block.address and not any(low < start < high for low, high in spans)
    ]
    if not cuts:
        return None
    middle = block.address + block.count / 2

    def unused_before(cut: int) -> int:
        return cut - max(high for _, high in spans if high <= cut)

    return block.register, min(cuts, key=lambda cut: (-unused_before(cut), abs(cut - middle)))


def split(block: Block, cut: Break, points: Mapping[str, ModbusPoint]) -> list[Block]:
    """Return the two parts of a block that a cut makes, each from wanted to wanted register."""
    parts = []
    for low, high in ((block.address, cut[1]), (cut[1], block.end)):
        spans = [(*span, name) for name, span in _spans(block, points) if low <= span[0] < high]
        if spans:
            first = min(start for start, _, _ in spans)
            last = max(end for _, end, _ in spans)
            names = tuple(dict.fromkeys(name for _, _, name in sorted(spans)))
            parts.append(Block(block.register, first, last - first, names))
    return parts


def _spans(
    block: Block, points: Mapping[str, ModbusPoint]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the registers that a block reads whole for its points."""
    for name in block.points:
        for start, end in points[name].spans:
            if block.address <= start and end <= block.end:
                yield name, (start, end)


def _blocks(
    table: Register,
    wanted: list[tuple[int, int, str]],
    limits: ModbusLimits,
    cuts: frozenset[int],
) -> Iterator[Block]:
    names: dict[str, None] = {}
    first = last = 0
    for start, end, name in wanted:
        fits = (
            names
            and max(end, last) - first <= limits.max_block
            and start - last <= limits.max_gap
            and not _touches(limits.holes, last, start)
            and not any(first < cut <= start and cut >= last for cut in cuts)
        )
        if fits:
            names[name] = None
            last = max(last, end)
            continue
        yield from _pieces(table, first, last, tuple(names), limits.max_block)
        names, first, last = {name: None}, start, end
    yield from _pieces(table, first, last, tuple(names), limits.max_block)


def _pieces(
    table: Register, first: int, last: int, names: tuple[str, ...], longest: int
) -> Iterator[Block]:
    for address in range(first, last, longest):
        yield Block(table, address, min(longest, last - address), names)


def _touches(ranges: tuple[tuple[int, int], ...], start: int, end: int) -> bool:
    """Return whether [start, end) touches one of the (first, last) ranges."""
    return any(start <= high and low < end for low, high in ranges)
