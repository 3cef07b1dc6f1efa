from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from device_profiles.protocols.modbus import ModbusLimits, ModbusPoint
from edge.drivers.modbus.plan import Block, Break, halves, plan, split

KINDS = {"uint16": 1, "float32": 2, "float64": 4}


def points(*spans: tuple[int, str], register: str = "holding") -> dict[str, ModbusPoint]:
    return {
        f"p{number}": ModbusPoint.model_validate(
            {
                "quantity": "power",
                "unit": "W",
                "register": register,
                "address": address,
                "type": kind,
            }
        )
        for number, (address, kind) in enumerate(spans)
    }


def spans_of(wanted: dict[str, ModbusPoint]) -> list[tuple[int, int]]:
    return sorted((p.address, p.address + p.count) for p in wanted.values())


def is_allowed(group: list[tuple[int, int]], limits: ModbusLimits, cuts: set[int]) -> bool:
    """Return, register by register, whether one block may cover these points."""
    first, last = min(low for low, _ in group), max(high for _, high in group)
    used = {address for low, high in group for address in range(low, high)}
    holes = {address for low, high in limits.holes for address in range(low, high + 1)}
    ordered = sorted(used)
    gaps = max((b - a - 1 for a, b in pairwise(ordered)), default=0)
    crossed = any(
        first < cut < last and not any(low < cut < high for low, high in group) for cut in cuts
    )
    return (
        last - first <= limits.max_block
        and gaps <= limits.max_gap
        and not holes & set(range(first, last))
        and not crossed
    )


def fewest(spans: list[tuple[int, int]], limits: ModbusLimits, cuts: set[int]) -> int:
    """Return the smallest number of allowed groups, by trying every partition."""
    if not spans:
        return 0
    best = len(spans)

    def place(rest: list[tuple[int, int]], groups: list[list[tuple[int, int]]]) -> None:
        nonlocal best
        if not rest:
            if all(is_allowed(group, limits, cuts) for group in groups):
                best = min(best, len(groups))
            return
        for group in groups:
            group.append(rest[0])
            place(rest[1:], groups)
            group.pop()
        if len(groups) + 1 < best:
            place(rest[1:], [*groups, [rest[0]]])

    place(spans, [])
    return best


SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(sorted(KINDS))), min_size=1, max_size=6
)
LIMITS = st.builds(
    ModbusLimits,
    max_block=st.integers(4, 20),
    max_gap=st.integers(0, 8),
    holes=st.lists(
        st.tuples(st.integers(0, 44), st.integers(0, 3)).map(lambda h: (h[0], h[0] + h[1])),
        max_size=2,
    ).map(tuple),
)


@given(SPANS, LIMITS)
def test_a_plan_covers_every_point_and_nothing_forbidden(
    spans: list[tuple[int, str]], limits: ModbusLimits
) -> None:
    wanted = points(*spans)
    holes = {address for low, high in limits.holes for address in range(low, high + 1)}
    readable = {
        name: point
        for name, point in wanted.items()
        if not holes & set(range(point.address, point.address + point.count))
    }
    blocks = plan(wanted, limits)
    assert sorted(name for block in blocks for name in block.points) == sorted(readable)
    for block in blocks:
        inside = [readable[name] for name in block.points]
        assert block.address == min(point.address for point in inside)
        assert block.end == max(point.address + point.count for point in inside)
        assert is_allowed([(p.address, p.address + p.count) for p in inside], limits, set())
    assert len(blocks) <= len(readable)


@given(SPANS, LIMITS, st.sets(st.integers(0, 44), max_size=2))
def test_no_plan_has_fewer_blocks(
    spans: list[tuple[int, str]], limits: ModbusLimits, cuts: set[int]
) -> None:
    wanted = points(*spans)
    planned = {name for block in plan(wanted, limits) for name in block.points}
    readable = {name: point for name, point in wanted.items() if name in planned}
    breaks: frozenset[Break] = frozenset(("holding", cut) for cut in cuts)
    assert len(plan(wanted, limits, breaks)) == fewest(spans_of(readable), limits, cuts)


def test_tables_are_never_mixed() -> None:
    wanted = points((0, "uint16")) | {"q": points((1, "uint16"), register="input")["p0"]}
    assert [(b.register, b.address) for b in plan(wanted, ModbusLimits())] == [
        ("holding", 0),
        ("input", 1),
    ]


def test_a_point_longer_than_a_block_is_read_in_pieces() -> None:
    text = ModbusPoint.model_validate(
        {"quantity": "text", "address": 100, "type": "string", "length": 50}
    )
    blocks = plan({"name": text}, ModbusLimits(max_block=40))
    assert [(b.address, b.count, b.points) for b in blocks] == [
        (100, 40, ("name",)),
        (140, 10, ("name",)),
    ]


@given(SPANS)
def test_halving_ends_at_points_that_cannot_be_parted(spans: list[tuple[int, str]]) -> None:
    wanted = points(*spans)
    breaks: frozenset[Break] = frozenset()
    open_blocks = plan(wanted, ModbusLimits(max_gap=124))
    for _ in range(100):
        cuts = [cut for cut in (halves(block, wanted) for block in open_blocks) if cut]
        if not cuts:
            break
        before = len(open_blocks)
        breaks |= {cuts[0]}
        open_blocks = plan(wanted, ModbusLimits(max_gap=124), breaks)
        assert len(open_blocks) > before
    assert all(halves(block, wanted) is None for block in open_blocks)


def test_a_block_is_cut_where_most_registers_are_unused_else_near_its_middle() -> None:
    wanted = points((0, "uint16"), (5, "float32"), (6, "uint16"), (9, "uint16"))
    (block,) = plan(wanted, ModbusLimits())
    assert halves(block, wanted) == ("holding", 5)
    (even,) = plan(points(*((n, "uint16") for n in range(10))), ModbusLimits())
    assert halves(even, points(*((n, "uint16") for n in range(10)))) == ("holding", 5)
    assert halves(Block("holding", 0, 1, ("p0",)), wanted) is None


@given(SPANS)
def test_the_parts_of_a_split_block_hold_all_of_its_points(spans: list[tuple[int, str]]) -> None:
    wanted = points(*spans)
    for block in plan(wanted, ModbusLimits(max_gap=124)):
        cut = halves(block, wanted)
        if cut is None:
            continue
        parts = split(block, cut, wanted)
        assert len(parts) == 2
        assert sorted(name for part in parts for name in part.points) == sorted(block.points)
        assert all(block.address <= part.address and part.end <= block.end for part in parts)
        assert (
            parts == plan(wanted, ModbusLimits(max_gap=124), frozenset({cut}))
            or len(plan(wanted, ModbusLimits(max_gap=124))) > 1
        )


def test_a_point_whose_sign_is_elsewhere_is_in_both_blocks() -> None:
    signed = {
        "p": ModbusPoint.model_validate(
            {"quantity": "power", "unit": "W", "address": 0, "sign": {"address": 90}}
        )
    }
    assert [(b.address, b.count, b.points) for b in plan(signed, ModbusLimits())] == [
        (0, 1, ("p",)),
        (90, 1, ("p",)),
    ]
