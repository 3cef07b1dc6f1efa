"""Reports made from the engine's scores."""

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cloud.errors import EvidenceError
from cloud.reports.build import occasion_of, school_report
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.engine.school_table import evidence_table
from cloud.scoring.evidence.evidence import Evidence
from cloud.scoring.standard.clause import Cost
from cloud.scoring.standard.source_confidence import FLAGS, trust
from cloud.scoring.standard.standard import parse_standard
from tests._parts.scoring import SCHOOL, evidence_of, standard_of

AT = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
ROOMS = [
    {"room": "101", "use": "111"},
    {"room": "L1", "use": "121", "name": "科学实验室一"},
    {"room": "L2", "use": "121", "name": "科学实验室二"},
]
ASSETS: list[dict[str, Any]] = [
    {"tag": "T1", "room": "101"},
    {"tag": None, "room": "101"},
    {"tag": None, "room": None},
]


def labs(**more: Any) -> dict[str, Any]:
    return {
        "id": "A01",
        "dimension": "provision",
        "weight": 1,
        "indicator": "room_count",
        "parameters": {"uses": ["121"], "need": {18: 4}},
        "linear": {"target": 1.0},
        "data_source": "ledger",
        **more,
    }


def tags(**more: Any) -> dict[str, Any]:
    return {
        "id": "B03",
        "dimension": "ledger",
        "weight": 1,
        "indicator": "assets_tagged",
        "linear": {"target": 1.0},
        "data_source": "ledger",
        **more,
    }


def scored(clauses: list[dict[str, Any]], **more: Any) -> tuple[Scores, Evidence]:
    standard = standard_of(clauses, dimensions={"provision": 60, "ledger": 40}, **more)
    case = {
        "school": {"school_type": "211", "classes": 18, "pupils": 800},
        "rooms": ROOMS,
        "assets": ASSETS,
    }
    evidence = evidence_of(case)
    return score_table(standard, evidence_table(standard, evidence)), evidence


def occasion(scores: Scores) -> Any:
    return occasion_of(
        scores.standard,
        assessment="1",
        assessed_at=AT,
        digest="0" * 64,
        start=date(2026, 9, 1),
        end=date(2026, 11, 24),
        places=3,
    )


def test_a_clause_has_the_finding_of_the_engine_and_its_evidence() -> None:
    scores, evidence = scored([labs(cost={"yuan": 90_000}), tags()])
    report = school_report(scores, SCHOOL, occasion(scores), evidence=evidence)
    first, second = report.clauses
    assert (first.outcome, first.measured, first.points, first.weight) == (
        "partly_met",
        0.5,
        30.0,
        60.0,
    )
    assert first.reason == "按班级数应有 4 间，现有 2 间。"
    assert first.cost == Cost(yuan=180_000)
    assert [line.ref for line in first.evidence] == ["school", "room:L1", "room:L2"]
    assert first.evidence[1].text == "L1 科学实验室一：已有"
    assert first.evidence_total == 3
    assert second.cost is None
    assert report.value == pytest.approx(43.3333333)
    assert report.coverage == 1.0
    assert (report.kind, report.classes) == ("小学", 18)


def test_evidence_adds_up_to_what_was_measured() -> None:
    scores, evidence = scored([labs(), tags()])
    report = school_report(scores, SCHOOL, occasion(scores), evidence=evidence)
    for clause in report.clauses:
        part = sum(line.part for line in clause.evidence)
        whole = sum(line.whole for line in clause.evidence)
        assert clause.measured == pytest.approx(part / whole)


def test_a_point_of_attainment_may_have_the_price() -> None:
    scores, _ = scored([labs(cost={"yuan": 100, "per": "point"}), tags()])
    report = school_report(scores, SCHOOL, occasion(scores))
    assert report.clauses[0].cost == Cost(yuan=5000)
    assert report.clauses[0].evidence == ()


def test_what_is_unseen_or_whole_costs_nothing() -> None:
    standard = standard_of([labs(), tags()], dimensions={"provision": 60, "ledger": 40})
    priced = standard.model_copy(
        update={
            "clauses": tuple(
                clause.model_copy(update={"cost": Cost(yuan=10)}) for clause in standard.clauses
            )
        }
    )
    rows = [
        {"id": "unseen", "A01.part": 1.0, "A01.whole": 4.0, "A01.unknown": 3.0},
        {"id": "whole", "A01.part": 4.0, "A01.whole": 4.0, "A01.unknown": 0.0},
        {"id": "silent"},
    ]
    scores = score_table(priced, pl.DataFrame(rows))
    for school in ("unseen", "whole", "silent"):
        assert school_report(scores, school, occasion(scores)).clauses[0].cost is None


def test_failed_gates_marks_and_rules_are_sentences() -> None:
    scores, _ = scored(
        [labs(gate=0.9), tags()],
        dimension_keys={"ledger": {"pass_mark": 60}},
        pass_mark=85,
        rules=[
            {
                "id": "all",
                "title": {"zh": "两条都要达标", "en": "both"},
                "of": ["A01", "B03"],
                "at_least": 2,
            }
        ],
    )
    report = school_report(scores, SCHOOL, occasion(scores))
    assert len(report.blocks) == 4
    assert report.blocks[0].startswith("否决线：A01 ")
    assert report.blocks[0].endswith(" 50.0%，低于 90.0%即否决") or report.blocks[0].endswith(
        " 0.5，低于 0.9即否决"
    )
    assert "维度 33.33，低于 60" in report.blocks[1] + report.blocks[2]
    assert "及格线：总分 43.33，低于 85" in report.blocks
    assert report.blocks[3] == "规则：两条都要达标"
    assert report.clauses[0].failed_gate


def test_a_gate_without_evidence_reads_so() -> None:
    standard = standard_of([labs(gate=0.9)], dimensions={"provision": 100})
    scores = score_table(standard, pl.DataFrame([{"id": "x"}]))
    assert "没有证据" in school_report(scores, "x", occasion(scores)).blocks[0]


def test_a_clause_is_marked_where_its_rows_changed_since_the_assessment() -> None:
    scores, evidence = scored([labs(), tags()])
    one_lab = dataclasses.replace(evidence, rooms=evidence.rooms.head(2))
    report = school_report(scores, SCHOOL, occasion(scores), evidence=one_lab)
    assert [clause.has_changed for clause in report.clauses] == [True, False]
    assert report.clauses[0].measured == 0.5
    gone = score_table(scores.standard, pl.DataFrame([{"id": SCHOOL}]))
    report = school_report(gone, SCHOOL, occasion(gone), evidence=evidence)
    assert report.clauses[0].has_changed


def test_evidence_of_other_schools_is_not_shown() -> None:
    scores, evidence = scored([labs(), tags()])
    rooms = pl.concat([evidence.rooms, evidence.rooms.with_columns(school=pl.lit("2133999999"))])
    both = dataclasses.replace(evidence, rooms=rooms)
    report = school_report(scores, SCHOOL, occasion(scores), evidence=both)
    assert report.clauses[0].evidence_total == 3
    assert not report.clauses[0].has_changed


def test_a_school_that_was_not_scored_is_refused() -> None:
    scores, _ = scored([labs(), tags()])
    with pytest.raises(EvidenceError, match="not among the schools scored"):
        school_report(scores, "2133999999", occasion(scores))


def test_every_flag_has_words_and_unknown_ones_claim_nothing() -> None:
    for flag, (zh, en) in FLAGS.items():
        assert (trust(flag).zh, trust(flag).en) == (zh, en)
    mixed = trust("VERIFIED-C for primary schools; project default for junior schools")
    assert mixed.flag == "VERIFIED-C"
    assert mixed.zh == "见于镜像或摘要，使用前请核对原文；部分本项目自定，并非官方规定"
    assert trust("hearsay").flag == "project default"


def test_every_clause_shipped_has_a_flag_with_words() -> None:
    for path in sorted(Path("cloud/scoring/standards").glob("*/*.yaml")):
        standard = parse_standard(path.read_text(encoding="utf-8"), path.name)
        for clause in standard.clauses:
            assert clause.source.confidence.startswith(trust(clause.source.confidence).flag)
