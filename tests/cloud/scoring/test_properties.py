"""What holds of every school and every standard."""

import copy
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.registry.codes.own import DECLARED_ITEMS
from cloud.scoring.engine import result
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.standard import STAGES, Standard, editions
from tests._parts.scoring import END, evidence_of, result_of, standard_of

SAMPLE: dict[str, dict[str, Any]] = {
    "room_count": {"uses": ["121"], "need": {18: 2}},
    "asset_count": {"category": "recorder"},
    "column": {"column": "income"},
}
ITEMS = [item.code for item in DECLARED_ITEMS.items]
EQUIPMENT = ("display", "recorder", "instrument", "meter")
ROOMS = [
    {"room": "101", "use": "111", "area_m2": 60.0, "seats": 45},
    {"room": "L1", "use": "121", "name": "科学实验室", "area_m2": 80.0, "seats": 50},
    {"room": "J1", "use": "123", "name": "计算机教室", "area_m2": 90.0, "seats": 48},
    {"room": "M1", "use": "199", "name": "音乐教室", "area_m2": 80.0, "seats": 48},
]
SPAN = (datetime(2026, 9, 1, 8), datetime(2026, 11, 27, 17))  # noqa: DTZ001  local, as tickets are
MOMENTS = ("reported_at", "accepted_at", "closed_at", "verified_at")

MINUTES = st.tuples(*[st.integers(0, 4)] * 4).filter(any)
ASSET = st.fixed_dictionaries(
    {
        "category": st.sampled_from([*EQUIPMENT, None]),
        "condition": st.sampled_from("1123456789"),
        "room": st.sampled_from(["101", "L1", None]),
        "quantity": st.sampled_from([1.0, 3.0, None]),
    },
    optional={
        "tag": st.just("T"),
        "custodian": st.just("王老师"),
        "original_value_yuan": st.sampled_from([100.0, 90000.0]),
        "acquired": st.sampled_from(["2026-09-01", "2026-11-20"]),
        "booked": st.sampled_from(["2026-09-11", "2026-11-21"]),
        "reported": st.sampled_from(["2026-11-01", "2026-11-25"]),
    },
)


@st.composite
def record_rows(draw: st.DrawFn, assets: int) -> dict[str, Any]:
    """Draw tickets, counts, disposals, chemicals, declarations, air and whole days."""
    numbers = [f"A-{n}" for n in range(1, assets + 1)]
    some = st.sampled_from(numbers) if numbers else st.nothing()
    tickets = []
    for _ in range(draw(st.integers(0, 3))):
        reached = draw(st.integers(1, 4))
        moments = sorted(draw(st.lists(st.datetimes(*SPAN), min_size=reached, max_size=reached)))
        tickets.append(
            {
                "origin": draw(st.sampled_from(["report", "alert"])),
                "is_fault": draw(st.sampled_from([True, False, None])),
                "asset": draw(some | st.none()),
                **{key: str(at) for key, at in zip(MOMENTS, moments, strict=False)},
            }
        )
    counted = draw(st.lists(some, unique=True)) if numbers else []
    results = st.sampled_from(["matched", "missing"])
    owned = st.tuples(some, st.integers(23, 26))
    days = draw(st.lists(owned, unique=True, max_size=4)) if numbers else []
    quantities = st.floats(0, 100).map(round)
    return {
        "tickets": tickets,
        "counts": [{"asset_no": number, "result": draw(results)} for number in counted],
        "disposals": [
            {
                "asset_no": number,
                "approval_no": draw(st.sampled_from(["文1", None])),
                "record_no": "B",
            }
            for number in (draw(st.lists(some, unique=True)) if numbers else [])
        ],
        "chemicals": [
            {"batch_no": f"P-{n}", "book_quantity": 2.0, "counted_quantity": counted}
            | {"counted_on": "2026-11-02"}
            for n, counted in enumerate(draw(st.lists(st.sampled_from([1.0, 2.0]), max_size=2)))
        ],
        "declarations": {
            item: draw(quantities)
            for item in draw(st.lists(st.sampled_from(ITEMS), unique=True, max_size=8))
        },
        "air": [
            {"room": "L1", "quantity": quantity, "occupied_s": 80, "seen_s": 60, "good_s": good}
            for quantity in ("co2", "illuminance")
            for good in draw(st.lists(st.integers(0, 60), max_size=1))
        ],
        "days": [
            {
                "asset": asset,
                "day": f"2026-11-{day}",
                "slots": draw(st.integers(100, 288)),
                "in_time_slots": draw(st.integers(0, 100)),
                "evening_on_s": draw(st.sampled_from([0, 500, 3000])),
                "evening_unobserved_s": draw(st.sampled_from([0, 300, 4000])),
            }
            for asset, day in days
        ],
    }


@st.composite
def schools(draw: st.DrawFn) -> dict[str, Any]:
    assets = draw(st.lists(ASSET, max_size=4))
    use = {}
    for number in range(1, len(assets) + 1):
        for key in draw(
            st.lists(st.tuples(st.integers(23, 25), st.integers(-1, 2)), max_size=5, unique=True)
        ):
            minutes = zip(("active", "standby", "idle", "unseen"), draw(MINUTES), strict=True)
            use[number, key] = {
                "asset": f"A-{number}",
                "day": f"2026-11-{key[0]}",
                "period": key[1],
                **{state: 10 * n for state, n in minutes},
            }
    return {
        "school": {
            "classes": draw(st.sampled_from([None, 0, 6, 18, 40])),
            "pupils": draw(st.sampled_from([None, 0, 250])),
            "stages": draw(st.lists(st.sampled_from(STAGES), unique=True)),
        },
        "rooms": draw(st.sampled_from([[], ROOMS])),
        "assets": assets,
        "use": list(use.values()),
        **draw(record_rows(len(assets))),
        "senders": {f"A-{n}": f"A-{n}" for n in range(1, len(assets) + 1)} | {"ghost": None},
    }


@st.composite
def standards(draw: st.DrawFn) -> Standard:
    clauses: list[dict[str, Any]] = []
    for name in draw(st.lists(st.sampled_from(sorted(all_indicators())), min_size=1, unique=True)):
        clause = {"indicator": name, "parameters": SAMPLE.get(name, {})}
        edges = sorted(draw(st.lists(st.integers(0, 8), min_size=4, max_size=4)))
        if all_indicators()[name].bands and draw(st.booleans()):
            names = ("low_floor", "low", "high", "high_ceiling")
            clause["band"] = dict(zip(names, (edge / 8 for edge in edges), strict=True))
        else:
            clause["linear"] = {"floor": edges[0] / 8, "target": edges[-1] / 8 + 0.01}
        clauses.append(
            clause
            | {
                "weight": draw(st.integers(1, 9)),
                "dimension": draw(st.sampled_from(["ledger", "use"])),
                "min_classes": draw(st.sampled_from([0, 18])),
            }
        )
    return standard_of(clauses, min_coverage=draw(st.sampled_from([0.0, 0.5, 0.8])))


def scored(standard: Standard, case: dict[str, Any]) -> result.Result:
    return result_of(standard, evidence_of(case), case["school"]["stages"])


def silenced(case: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Return the school with some of its sensors switched off for some of the time."""
    case = copy.deepcopy(case)
    for row in case["use"]:
        for state in ("active", "standby", "idle"):
            lost = data.draw(st.sampled_from([0, row[state] // 2, row[state]]))
            row[state] -= lost
            row["unseen"] += lost
    for asset in case["assets"]:
        asset["reported"] = data.draw(st.sampled_from([asset.get("reported"), "2026-09-02", None]))
    for row in case["days"]:
        for key in ("slots", "in_time_slots"):
            row[key] = data.draw(st.sampled_from([row[key], row[key] // 2, 0]))
        lost = data.draw(st.sampled_from([0, row["evening_on_s"] // 2, row["evening_on_s"]]))
        row["evening_on_s"] -= lost
        row["evening_unobserved_s"] += lost
    for row in case["air"]:
        lost = data.draw(st.sampled_from([0, row["good_s"] // 2, row["good_s"]]))
        row["good_s"] -= lost
        row["seen_s"] -= lost
    return case


def untold(case: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Return the school with some cells of its ledger and records left empty, or never written."""
    case = copy.deepcopy(case)

    def blank(rows: list[dict[str, Any]], keys: Sequence[str]) -> None:
        for row in rows:
            for key in data.draw(st.lists(st.sampled_from(keys), unique=True)):
                row.pop(key, None)

    blank(case["rooms"], ["name", "area_m2", "seats"])
    blank(case["assets"], ["tag", "custodian", "original_value_yuan", "acquired", "booked", "room"])
    blank(case["tickets"], [*MOMENTS[1:], "is_fault"])
    blank(case["disposals"], ["approval_no", "record_no"])
    blank(case["chemicals"], ["counted_quantity", "counted_on"])
    case["counts"] = [row for row in case["counts"] if data.draw(st.booleans())]
    # A disposal of an asset that is not in the ledger has no other evidence.
    gone = {f"A-{n}" for n, row in enumerate(case["assets"], 1) if row["condition"] in "67"}
    case["disposals"] = [
        row for row in case["disposals"] if row["asset_no"] not in gone or data.draw(st.booleans())
    ]
    return case


@settings(max_examples=150, deadline=None)
@given(schools(), standards() | st.sampled_from(editions()), st.data())
def test_switching_a_sensor_off_never_raises_a_score(
    case: dict[str, Any], standard: Standard, data: st.DataObject
) -> None:
    before, after = scored(standard, case), scored(standard, silenced(case, data))
    assert after.coverage <= before.coverage + 1e-9
    assert worth(after.value) <= worth(before.value) + 1e-9
    for old, new in zip(before.findings, after.findings, strict=True):
        assert worth(new.points) <= worth(old.points) + 1e-9


@settings(max_examples=100, deadline=None)
@given(schools(), standards() | st.sampled_from(editions()), st.data())
def test_leaving_the_books_empty_never_raises_what_a_clause_earns(
    case: dict[str, Any], standard: Standard, data: st.DataObject
) -> None:
    before, after = scored(standard, case), scored(standard, untold(case, data))
    for old, new in zip(before.findings, after.findings, strict=True):
        assert (new.attainment or 0.0) <= (old.attainment or 0.0) + 1e-9


def worth(value: float | None) -> float:
    return -math.inf if value is None else value


@settings(max_examples=60, deadline=None)
@given(schools(), standards(), st.data())
def test_silence_takes_nothing_out_of_the_denominator(
    case: dict[str, Any], standard: Standard, data: st.DataObject
) -> None:
    before, after = scored(standard, case), scored(standard, silenced(case, data))
    for old, new in zip(before.findings, after.findings, strict=True):
        if old.sums is None or new.sums is None:
            assert old.sums == new.sums
            continue
        assert math.isclose(old.sums.whole, new.sums.whole)
        assert new.sums.part <= old.sums.part + 1e-9
        if all_indicators()[old.clause.indicator].bands:
            most = old.sums.part + old.sums.unknown
            assert new.sums.part + new.sums.unknown >= most - 1e-9


@settings(max_examples=100, deadline=None)
@given(schools(), standards() | st.sampled_from(editions()))
def test_scores_and_shares_stay_within_their_bounds(
    case: dict[str, Any], standard: Standard
) -> None:
    result = scored(standard, case)
    assert 0 <= result.coverage <= 1
    assert result.value is None or 0 <= result.value <= 100
    assert (result.value is None) == (
        result.coverage < standard.min_coverage - 1e-9
        or all(finding.outcome == "not_applicable" for finding in result.findings)
    )
    for dimension in result.dimensions:
        assert 0 <= dimension.coverage <= 1
        assert dimension.value is None or 0 <= dimension.value <= 100
    for finding in result.findings:
        assert 0 <= finding.coverage <= 1
        assert finding.attainment is None or 0 <= finding.attainment <= 1
        assert (finding.points is None) == (finding.outcome in {"no_data", "not_applicable"})


@settings(max_examples=60, deadline=None)
@given(schools(), standards(), st.randoms())
def test_the_order_of_clauses_changes_nothing(
    case: dict[str, Any], standard: Standard, random: Any
) -> None:
    clauses = list(standard.clauses)
    random.shuffle(clauses)
    shuffled = standard.model_copy(update={"clauses": tuple(clauses)})
    first, other = scored(standard, case), scored(shuffled, case)
    assert math.isclose(worth(first.value), worth(other.value))
    assert math.isclose(first.coverage, other.coverage)
    points = {finding.clause.id: finding.outcome for finding in first.findings}
    assert points == {finding.clause.id: finding.outcome for finding in other.findings}


@settings(max_examples=100, deadline=None)
@given(schools(), standards() | st.sampled_from(editions()), st.data())
def test_better_evidence_never_lowers_a_score(
    case: dict[str, Any], standard: Standard, data: st.DataObject
) -> None:
    better = copy.deepcopy(case)
    for asset in better["assets"]:
        asset.update(data.draw(st.sampled_from([{}, {"tag": "T", "custodian": "李老师"}])))
        asset["reported"] = data.draw(st.sampled_from([asset.get("reported"), str(END)]))
    for row in better["use"]:
        used = data.draw(st.sampled_from([0, row["idle"], row["unseen"]]))
        row["active"] += used
        row["idle" if used == row["idle"] else "unseen"] -= used
    before, after = scored(standard, case), scored(standard, better)
    for old, new in zip(before.findings, after.findings, strict=True):
        if old.clause.linear:
            assert worth(new.points) >= worth(old.points) - 1e-9
    if all(clause.linear for clause in standard.clauses):
        assert worth(after.value) >= worth(before.value) - 1e-9
