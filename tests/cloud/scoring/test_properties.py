"""What holds of every school and every standard."""

import copy
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.scoring import result
from cloud.scoring.indicator import all_indicators
from cloud.scoring.standard import STAGES, Standard, editions
from tests._parts.scoring import END, evidence_of, result_of, standard_of

SAMPLE: dict[str, dict[str, Any]] = {
    "room_count": {"uses": ["121"], "need": {18: 2}},
    "asset_count": {"category": "recorder"},
    "column": {"column": "income"},
}
EQUIPMENT = ("display", "recorder", "instrument", "meter")
ROOMS = [{"room": "101", "use": "111"}, {"room": "L1", "use": "121"}]

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
    one, other = scored(standard, case), scored(shuffled, case)
    assert math.isclose(worth(one.value), worth(other.value))
    assert math.isclose(one.coverage, other.coverage)
    points = {finding.clause.id: finding.outcome for finding in one.findings}
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
