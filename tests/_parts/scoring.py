"""Evidence and standards written in plain words, as the scoring cases do."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.result import Result, result
from cloud.scoring.engine.school_table import evidence_table
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.evidence import Evidence, table
from cloud.scoring.standard.attainment import CURVES
from cloud.scoring.standard.standard import Standard
from cloud.utilization.periods import week_of
from cloud.utilization.reference_rollup import LessonRule

SCHOOL = "2133100001"
TEACHES_NOTHING = "514"
START, END = date(2026, 9, 1), date(2026, 11, 27)
DAYS_OF_ASSETS = ("acquired", "booked", "reported", "assessed")
STATES = {"active": "active", "standby": "standby", "idle": "off", "unseen": "unobserved"}


def evidence_of(case: Mapping[str, Any]) -> Evidence:
    """Return the evidence of a case; what a row does not state is usual or empty."""
    assets = [_asset(number, row) for number, row in enumerate(case.get("assets", []), 1)]
    ids = {row["asset_no"]: row["asset_id"] for row in assets}
    by_no = {str(row["asset_no"]): row for row in assets}
    school = {"school": SCHOOL, **case.get("school", {})}
    taught = school.pop("stages", ["PRI"])
    sizes = case.get("stages", {stage: {} for stage in taught})
    usual = {key: school.get(key) for key in ("classes", "pupils")} if len(sizes) == 1 else {}
    return Evidence(
        start=START,
        end=END,
        schools=table([school], evidence.SCHOOLS),
        rooms=table([{"school": SCHOOL, **row} for row in case.get("rooms", [])], evidence.ROOMS),
        assets=table(assets, evidence.ASSETS),
        use=table([_use(row, by_no) for row in case.get("use", [])], evidence.USE),
        senders=table(
            [
                {"school": SCHOOL, "device": str(device), "asset_id": ids.get(asset)}
                for device, asset in case.get("senders", {}).items()
            ],
            evidence.SENDERS,
        ),
        stages=table(
            [{"school": SCHOOL, "stage": stage, **usual, **size} for stage, size in sizes.items()],
            evidence.STAGES,
        ),
        **_record_tables(case, ids),
        air=table([{"school": SCHOOL, **row} for row in case.get("air", [])], evidence.AIR),
        days=table([_whole_day(row, by_no) for row in case.get("days", [])], evidence.DAYS),
    )


def _record_tables(
    case: Mapping[str, Any], ids: Mapping[object, object]
) -> dict[str, pl.DataFrame]:
    """Return the records of a case: tickets, counts, disposals, chemicals, declarations."""
    moments = ("reported_at", "accepted_at", "closed_at", "verified_at")
    tickets = [
        {
            "school": SCHOOL,
            "ticket_no": f"T-{number}",
            "origin": "report",
            "is_fault": True,
            **{key: value for key, value in row.items() if key != "asset"},
            **{key: _moment(row[key]) for key in moments if row.get(key)},
            "asset_id": ids[row["asset"]] if row.get("asset") else None,
        }
        for number, row in enumerate(case.get("tickets", []), 1)
    ]
    counts = {"school": SCHOOL, "counted_on": date(2026, 6, 30), "result": "matched"}
    gone = {"school": SCHOOL, "disposed_on": date(2026, 5, 20)}
    declared = {"school": SCHOOL, "declared_on": date(2026, 9, 10), "confirmed": False}
    return {
        "tickets": table(tickets, evidence.TICKETS),
        "stocktakes": table([counts | row for row in case.get("counts", [])], evidence.STOCKTAKES),
        "disposals": table([gone | row for row in case.get("disposals", [])], evidence.DISPOSALS),
        "chemicals": table(
            [
                {"school": SCHOOL, "name": "浓硫酸", **row}
                | ({"counted_on": _day(row["counted_on"])} if "counted_on" in row else {})
                for row in case.get("chemicals", [])
            ],
            evidence.CHEMICALS,
        ),
        "declarations": table(
            [
                {
                    **declared,
                    "item": item,
                    **(declaration if isinstance(declaration, dict) else {"value": declaration}),
                }
                for item, declaration in case.get("declarations", {}).items()
            ],
            evidence.DECLARATIONS,
        ),
    }


def _whole_day(row: Mapping[str, Any], assets: Mapping[str, Any]) -> dict[str, object]:
    """Return one whole day of an asset; 288 slots, all in time unless it states less."""
    asset = assets[row["asset"]]
    due = row.get("due_slots", 288)
    slots = row.get("slots", due)
    return {
        "school": SCHOOL,
        "asset": row["asset"],
        "asset_id": asset["asset_id"],
        "category": asset.get("category"),
        "day": _day(row.get("day", "2026-11-23")),
        "due_slots": due,
        "slots": slots,
        "in_time_slots": row.get("in_time_slots", slots),
        "evening_due_s": row.get("evening_due_s", 7200),
        "evening_on_s": row.get("evening_on_s", 0),
        "evening_unobserved_s": row.get("evening_unobserved_s", 0),
        "active_s": row.get("active_s", 0),
        "night_active_s": row.get("night_active_s", 0),
    }


def _moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def _asset(number: int, row: Mapping[str, Any]) -> dict[str, object]:
    days = {key: _day(row[key]) for key in DAYS_OF_ASSETS if row.get(key)}
    usual = {"name": "设备", "asset_no": f"A-{number}", "condition": "1", "quantity": 1.0}
    return {"school": SCHOOL, "asset_id": number, **usual, **row, **days}


def _use(row: Mapping[str, Any], assets: Mapping[str, Any]) -> dict[str, object]:
    """Return one roll-up row; times are minutes, a lesson is judged as the roll-up judges it."""
    asset = assets[row["asset"]]
    strange = row.keys() - STATES.keys() - {"asset", "day", "period", "lesson", "running"}
    assert not strange, strange
    seconds = {f"{state}_s": 60.0 * row.get(word, 0) for word, state in STATES.items()}
    due_s, rule = sum(seconds.values()), LessonRule()
    scheduled = row.get("lesson", row.get("period", 1) > 0)
    over = scheduled and not row.get("running", False)
    observed = over and due_s - seconds["unobserved_s"] >= rule.observed_share * due_s
    day = _day(row.get("day", "2026-11-23"))
    return {
        "school": SCHOOL,
        "asset_id": asset["asset_id"],
        "category": asset.get("category"),
        "room": asset.get("room"),
        "day": day,
        "week": week_of(day),
        "period": row.get("period", 1),
        "due_s": due_s,
        **seconds,
        "scheduled": scheduled,
        "lesson_over": over,
        "lesson_observed": observed,
        "lesson_used": observed and seconds["active_s"] >= rule.used_share * due_s,
    }


def _day(value: object) -> date:
    return date.fromisoformat(str(value))


def standard_of(clauses: Sequence[Mapping[str, Any]], **more: Any) -> Standard:
    """Return a standard of these clauses; what they do not state is usual."""
    usual = {
        "title": {"zh": "条款", "en": "clause"},
        "dimension": "d",
        "weight": 1,
        "data_source": "ledger",
        "source": {"title": "本项目", "confidence": "project default"},
        "remedy": {"zh": "改进。", "en": "Improve."},
    }
    filled = [{"id": f"A{n:02d}", **usual, **clause} for n, clause in enumerate(clauses, 1)]
    for clause in filled:
        if not any(curve in clause for curve in CURVES):
            clause["linear"] = {"target": 1}
    names = list(dict.fromkeys(clause["dimension"] for clause in filled))
    dimension_keys = more.pop("dimension_keys", {})
    weights = more.pop("dimensions", dict.fromkeys(names, 100 / len(names)))
    return Standard.model_validate(
        {
            "id": "house",
            "effective": "2026-09-01",
            "title": {"zh": "标准", "en": "standard"},
            "note": {"zh": "说明", "en": "note"},
            "min_coverage": 0.8,
            "dimensions": [
                {"id": name, "title": {"zh": name, "en": name}, "weight": weight}
                | dimension_keys.get(name, {})
                for name, weight in weights.items()
            ],
            "clauses": filled,
            **more,
        }
    )


def result_of(
    standard: Standard, facts: Evidence, stages: Sequence[str] | Mapping[str, int]
) -> Result:
    """Return the one school's result; it teaches these stages, alike or to so many pupils each."""
    sizes = stages if isinstance(stages, Mapping) else dict.fromkeys(stages, 1)
    table = evidence_table(standard, facts).with_columns(
        pl.col(f"pupils_{stage}").fill_null(size) for stage, size in sizes.items()
    )
    if not sizes:
        table = table.with_columns(pl.col("school_type").fill_null(TEACHES_NOTHING))
    return result(score_table(standard, table), SCHOOL)
