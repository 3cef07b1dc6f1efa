"""Reports made from the engine's scores."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cloud.errors import EvidenceError
from cloud.reports.build import occasion_of, school_report
from cloud.reports.build_area import area_report, notice, rank_lines
from cloud.reports.shapes import Doubt, QuotaLine, Verdict
from cloud.scoring.clause import Cost
from cloud.scoring.confidence import FLAGS, trust
from cloud.scoring.engine import Scores, score_table
from cloud.scoring.evidence import Evidence
from cloud.scoring.result import findings
from cloud.scoring.standard import load_standard, parse_standard, standard_file
from cloud.scoring.table import evidence_table
from tests._parts.many_schools import large_standard, many_schools
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


def large(schools: int = 60) -> Scores:
    standard = large_standard()
    table = many_schools(standard, schools, 5).with_columns(
        pl.Series("division", [("331002", "331023")[n % 2] for n in range(schools)]),
        pl.Series("name", [f"第{n}小学" for n in range(schools)]),
    )
    return score_table(standard, table)


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


def test_a_clause_says_what_the_engine_found_and_what_it_stands_on() -> None:
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
    assert first.cost_yuan == 180_000
    assert [one.ref for one in first.evidence] == ["school", "room:L1", "room:L2"]
    assert first.evidence[1].text == "L1 科学实验室一：已有"
    assert first.evidence_total == 3
    assert second.cost_yuan is None
    assert report.value == pytest.approx(43.3333333)
    assert report.coverage == 1.0
    assert (report.kind, report.classes) == ("小学", 18)


def test_evidence_adds_up_to_what_was_measured() -> None:
    scores, evidence = scored([labs(), tags()])
    report = school_report(scores, SCHOOL, occasion(scores), evidence=evidence)
    for one in report.clauses:
        part = sum(line.part for line in one.evidence)
        whole = sum(line.whole for line in one.evidence)
        assert one.measured == pytest.approx(part / whole)


def test_a_point_of_attainment_may_have_the_price() -> None:
    scores, _ = scored([labs(cost={"yuan": 100, "per": "point"}), tags()])
    report = school_report(scores, SCHOOL, occasion(scores))
    assert report.clauses[0].cost_yuan == pytest.approx(5000)
    assert report.clauses[0].evidence == ()


def test_what_is_unseen_or_whole_costs_nothing() -> None:
    standard = standard_of([labs(), tags()], dimensions={"provision": 60, "ledger": 40})
    priced = standard.model_copy(
        update={
            "clauses": tuple(
                one.model_copy(update={"cost": Cost(yuan=10)}) for one in standard.clauses
            )
        }
    )
    rows = [
        {"id": "unseen", "A01.part": 1.0, "A01.whole": 4.0, "A01.unknown": 3.0},
        {"id": "whole", "A01.part": 4.0, "A01.whole": 4.0, "A01.unknown": 0.0},
        {"id": "silent"},
    ]
    scores = score_table(priced, pl.DataFrame(rows))
    for one in ("unseen", "whole", "silent"):
        assert school_report(scores, one, occasion(scores)).clauses[0].cost_yuan is None


def test_gates_marks_and_rules_are_told_in_words() -> None:
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


def test_a_gate_without_evidence_says_so() -> None:
    standard = standard_of([labs(gate=0.9)], dimensions={"provision": 100})
    scores = score_table(standard, pl.DataFrame([{"id": "x"}]))
    assert "没有证据" in school_report(scores, "x", occasion(scores)).blocks[0]


def test_a_school_that_was_not_scored_is_refused() -> None:
    scores, _ = scored([labs(), tags()])
    with pytest.raises(EvidenceError, match="not among the schools scored"):
        school_report(scores, "2133999999", occasion(scores))


def test_a_ranking_is_by_score_and_the_unrated_come_last() -> None:
    scores = large()
    lines = rank_lines(scores, {}, {})
    values = [one.value for one in lines]
    rated = [value for value in values if value is not None]
    assert rated == sorted(rated, reverse=True)
    assert values[len(rated) :] == [None] * (len(values) - len(rated))
    assert [one.rank for one in lines[: len(rated)]] == [
        1 + sum(other > value for other in rated) for value in rated
    ]
    assert {one.status for one in lines} <= {"undecided", "not_rated"}


def test_a_county_has_its_own_schools_with_the_citys_ranks() -> None:
    scores = large()
    city = area_report(scores, occasion(scores))
    county = area_report(scores, occasion(scores), division="331002")
    assert county.area == "椒江区"
    assert county.rows == tuple(one for one in city.rows if one.division == "椒江区")
    assert [one.division for one in city.divisions] == ["椒江区", "天台县"]
    assert sum(one.schools for one in city.divisions) == len(city.rows) == 60
    assert county.divisions == ()


def test_compliance_counts_every_school_to_which_a_clause_applies_once() -> None:
    scores = large()
    for one in area_report(scores, occasion(scores)).clauses:
        clause = next(c for c in scores.standard.clauses if c.id == one.clause)
        outcomes = [
            next(f.outcome for f in findings(scores, school) if f.clause is clause)
            for school in scores.table["id"].to_list()[:15]
        ]
        few = score_table(scores.standard, scores.table.head(15))
        line = next(c for c in area_report(few, occasion(few)).clauses if c.clause == one.clause)
        assert line.met == outcomes.count("met")
        assert line.partly_met == outcomes.count("partly_met")
        assert line.unmet == outcomes.count("unmet")
        assert line.no_data == outcomes.count("no_data")
        assert one.applies == one.met + one.partly_met + one.unmet + one.no_data


def test_variation_is_the_deviation_over_the_mean() -> None:
    standard = standard_of([labs()], dimensions={"provision": 100})
    rows = [
        {"id": str(n), "A01.part": float(n), "A01.whole": 4.0, "A01.unknown": 0.0}
        for n in (1, 2, 3)
    ]
    scores = score_table(standard, pl.DataFrame(rows))
    total = area_report(scores, occasion(scores)).spread[0]
    assert (total.schools, total.least, total.median, total.most) == (3, 25, 50, 75)
    assert total.mean == 50
    assert total.variation == pytest.approx((2 * 25**2 / 3) ** 0.5 / 50)


def test_an_area_of_which_nothing_is_rated_has_no_figures() -> None:
    standard = standard_of([labs()], dimensions={"provision": 100}, min_coverage=0.9)
    scores = score_table(standard, pl.DataFrame([{"id": "x"}]))
    report = area_report(scores, occasion(scores))
    assert (report.spread[0].mean, report.spread[0].variation) == (None, None)
    assert report.divisions[0].division == "未注明"
    assert report.divisions[0].mean is None
    assert report.rows[0].rule == "证据覆盖率不足"


def test_limits_on_variation_are_those_of_the_standard() -> None:
    path = standard_file("national-balance")
    assert path is not None
    standard = load_standard(path)
    columns = [c.parameters["column"] for c in standard.clauses if "column" in c.parameters]
    rows = [
        {
            "id": f"{n}",
            "division": "331002",
            "school_type": "211",
            "pupils": 100,
            **dict.fromkeys(columns, float(n)),
        }
        for n in (1, 2, 3)
    ]
    scores = score_table(standard, pl.DataFrame(rows))
    city = area_report(scores, occasion(scores))
    assert {(one.group, one.stage) for one in city.limits} == {("椒江区", "小学")}
    assert area_report(scores, occasion(scores), division="331023").limits == ()
    assert area_report(scores, occasion(scores), division="331002").limits == city.limits


def test_verdicts_doubts_and_quotas_reach_the_ranking_and_the_notice() -> None:
    scores = large()
    first = rank_lines(scores, {}, {})[0].school
    verdict = Verdict(
        status="selected", rule="得分第一。", rank=1, among=60, interval=(1, 2), chance=0.98
    )
    doubt = Doubt(check="大屏无人开启", severity="low", text="三台。")
    report = area_report(
        scores,
        occasion(scores),
        verdicts={first: verdict},
        doubts={first: [doubt, doubt]},
        quotas=[QuotaLine(rule="全市", least=None, most=3, selected=1, holds=True)],
        procedure="按得分。",
    )
    assert (report.rows[0].rule, report.rows[0].doubts) == ("得分第一。", 2)
    assert report.doubts == (("大屏无人开启", 2, 1),)
    told = notice(report, rules=["按得分。"], starts=date(2026, 12, 1))
    assert [one.school for one in told.rows] == [first]
    assert (told.considered, told.area) == (60, "台州市")
    assert told.rated == sum(one.value is not None for one in report.rows)


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


def test_the_shapes_are_plain() -> None:
    scores = large(5)
    report = area_report(scores, occasion(scores))
    assert json.dumps([one.school for one in report.rows])
