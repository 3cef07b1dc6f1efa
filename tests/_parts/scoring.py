"""Evidence and standards written in plain words, as the scoring cases do."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from cloud.scoring import evidence
from cloud.scoring.engine import score_table
from cloud.scoring.evidence import Evidence, table
from cloud.scoring.result import Result, result
from cloud.scoring.shapes import SHAPES
from cloud.scoring.standard import Standard
from cloud.scoring.table import evidence_table
from cloud.utilization.periods import week_of
from cloud.utilization.use import LessonRule

SCHOOL = "2133100001"
TEACHES_NOTHING = "514"
START, END = date(2026, 9, 1), date(2026, 11, 27)
STATES = {"active": "active", "standby": "standby", "idle": "off", "unseen": "unobserved"}


def evidence_of(case: Mapping[str, Any]) -> Evidence:
    """Return the evidence of a case; what a row does not say is usual or empty."""
    assets = [_asset(number, row) for number, row in enumerate(case.get("assets", []), 1)]
    ids = {row["asset_no"]: row["asset_id"] for row in assets}
    by_no = {str(row["asset_no"]): row for row in assets}
    school = {"school": SCHOOL, **case.get("school", {})}
    school.pop("stages", None)
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
    )


def _asset(number: int, row: Mapping[str, Any]) -> dict[str, object]:
    days = {key: _day(row[key]) for key in ("acquired", "booked", "reported") if row.get(key)}
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
    """Return a standard of these clauses; what they do not say is usual."""
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
        if not any(shape in clause for shape in SHAPES):
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
