"""Reports of what was filed: an assessment, a selection, the log of its procedure."""

import io
import json
from datetime import date
from typing import Any

import polars as pl
import pytest
from openpyxl import load_workbook

from cloud.assessments.assessment import Assessment, opened
from cloud.assessments.sensitivity_report import sensitivity_of
from cloud.errors import NotFound
from cloud.localized_text import LocalizedText
from cloud.messages import message, render
from cloud.registry.assessment_log import StepRow
from cloud.reports import filed as reports
from cloud.reports.area_pdf import area_data, notice_data
from cloud.reports.filed import Filed
from cloud.reports.school_pdf import school_data
from cloud.reports.shapes import AreaReport, SchoolReport
from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.evidence_bundle import read_bundle, rescore
from cloud.scoring.engine.result import findings
from cloud.scoring.standard.standard import load_standard, standard_file
from cloud.shown import cut
from tests._parts.area_reports import chosen_by_score
from tests._parts.filed import MADE, filed
from tests._parts.scoring import standard_of


def integrity_finding(school: str, check: str = "left_on", severity: str = "low") -> dict[str, Any]:
    return {
        "school": school,
        "check": check,
        "severity": severity,
        "strength": 0.5,
        "reason": {
            "key": "integrity.unlisted_devices.reason",
            "values": {"reported": 30, "unlisted": 9},
        },
        "rows": [
            {
                "ref": "asset:12",
                "key": "integrity.unlisted_devices.row",
                "values": {"device": "A-12"},
            }
        ],
        "rows_total": 9,
    }


FIRST = "2133100000"
INTEGRITY_FINDINGS = (
    integrity_finding(FIRST),
    integrity_finding(FIRST, "unconfirmed_rows", "high"),
    integrity_finding("2133100001"),
)


def assessment(schools: int = 30) -> Assessment:
    filed_assessment = filed(schools, integrity=INTEGRITY_FINDINGS)
    return opened(filed_assessment.row, filed_assessment.evidence, filed_assessment.integrity)


@pytest.fixture(scope="module")
def filing() -> Filed:
    record = assessment()
    return reports.filed(record, chosen_by_score(record))


def test_a_ranking_is_whole_with_the_unrated_at_the_end(filing: Filed) -> None:
    rows = reports.of_area(filing).rows
    assert len(rows) == 30
    values = [row.value for row in rows]
    rated = [value for value in values if value is not None]
    published = [cut(value) for value in rated]
    assert published == sorted(published, reverse=True)
    assert values[len(rated) :] == [None] * (30 - len(rated))
    assert [row.status for row in rows[:5]] == ["selected"] * 5
    for row in rows:
        assert (row.status == "not_rated") == (row.value is None)


def test_a_county_has_its_own_schools_with_the_citys_ranks(filing: Filed) -> None:
    city, county = reports.of_area(filing), reports.of_area(filing, "331002")
    assert (city.area, county.area) == ("台州市", "椒江区")
    assert county.rows == tuple(row for row in city.rows if row.division == "椒江区")
    assert [division.division for division in city.divisions] == ["椒江区", "黄岩区", "路桥区"]
    assert sum(division.schools for division in city.divisions) == 30
    assert sum(division.selected for division in city.divisions) == 5
    assert county.divisions == ()
    assert sum(clause.applies for clause in county.clauses) < sum(
        clause.applies for clause in city.clauses
    )
    assert county.spread[0].schools == sum(row.value is not None for row in county.rows)


def test_a_county_without_schools_is_empty_and_an_unknown_one_is_refused(filing: Filed) -> None:
    empty = reports.of_area(filing, "331083")
    assert empty.rows == ()
    assert {clause.applies for clause in empty.clauses} == {0}
    for form in reports.FILE_FORMS:
        assert reports.file_of(empty, form)
    with pytest.raises(NotFound, match="no county has the code '330106'; known: 331002 椒江区"):
        reports.of_area(filing, "330106")


def test_compliance_counts_the_outcomes_of_each_school(filing: Filed) -> None:
    scores = filing.assessment.scores
    by_school = {
        school: {finding.clause.id: finding.outcome for finding in findings(scores, school)}
        for school in scores.table["id"]
    }
    for line in reports.of_area(filing).clauses:
        outcomes = [school_outcomes[line.clause] for school_outcomes in by_school.values()]
        assert line.met == outcomes.count("met")
        assert line.partly_met == outcomes.count("partly_met")
        assert line.unmet == outcomes.count("unmet")
        assert line.no_data == outcomes.count("no_data")
        assert line.applies == line.met + line.partly_met + line.unmet + line.no_data


def test_a_school_reads_its_verdict_of_the_selection(filing: Filed) -> None:
    rows = reports.of_area(filing).rows
    last_in, first_out = rows[4], rows[5]
    inside = reports.of_school(filing, last_in.school).verdict
    assert inside is not None
    assert (inside.status, inside.rank, inside.interval) == ("selected", 5, (3, 8))
    assert inside.rule == "总分 1.00，在符合条件的学校中排第 5，名额 5 个，未入选。"
    assert inside.chance == 0.5
    assert inside.among == sum(row.value is not None for row in rows)
    assert inside.cutoff_comparison.startswith(f"若本校退出，递补的是{first_out.name}（第 6 名，")
    assert "本校高 " in inside.cutoff_comparison
    out = reports.of_school(filing, first_out.school).verdict
    assert out is not None
    assert out.cutoff_comparison.startswith(f"若本校入选，让出名额的是{last_in.name}（第 5 名，")
    assert "本校低 " in out.cutoff_comparison


def test_a_school_has_its_own_integrity_findings_the_gravest_first(filing: Filed) -> None:
    integrity_findings = reports.of_school(filing, FIRST).integrity_findings
    assert integrity_findings is not None
    unconfirmed, left_on = "台账有、从无数据的设备", "无人时大屏开着"
    assert [(finding.check, finding.severity) for finding in integrity_findings] == [
        (unconfirmed, "high"),
        (left_on, "low"),
    ]
    assert integrity_findings[0].evidence == ("A-12：台账中没有（asset:12）",)
    ask = render(message("integrity.unconfirmed_rows.ask"), "zh")
    assert (integrity_findings[0].ask, integrity_findings[0].evidence_total) == (ask, 9)
    assert reports.of_school(filing, "2133100002").integrity_findings == ()
    area = reports.of_area(filing)
    assert area.integrity_findings == ((unconfirmed, 1, 1), (left_on, 2, 2))
    reason = "有过数据的 30 台设备中，有 9 台在台账里找不到。"
    assert [(question[0], *question[3:6]) for question in area.questions] == [
        (FIRST, unconfirmed, "重点核查", reason),
        (FIRST, left_on, "留意", reason),
        ("2133100001", left_on, "留意", reason),
    ]
    assert area.questions[0][6] == ask
    assert ask in texts_of(reports.file_of(area, "xlsx"))


def test_without_a_selection_nothing_is_decided() -> None:
    filing = reports.filed(assessment())
    statuses = {row.status for row in reports.of_area(filing).rows}
    assert statuses == {"undecided", "not_rated"}
    unrated = next(row for row in reports.of_area(filing).rows if row.value is None)
    assert unrated.rule.startswith("证据覆盖率 ")
    assert reports.of_school(filing, FIRST).verdict is not None
    with pytest.raises(NotFound, match="make a selection first"):
        reports.of_notice(filing)


def test_a_school_that_was_not_assessed_is_refused(filing: Filed) -> None:
    with pytest.raises(NotFound, match="school 2133999999 is not in assessment"):
        reports.of_school(filing, "2133999999")


def test_a_decision_against_the_rules_stays_visible() -> None:
    record = assessment()
    override = {
        "school": FIRST,
        "decision": "out",
        "instead_of": None,
        "by": "李某",
        "reason": "现场核查发现造假",
    }
    filing = reports.filed(record, chosen_by_score(record, override=override))
    verdict = reports.of_school(filing, FIRST).verdict
    other = reports.of_school(filing, "2133100001").verdict
    assert verdict is not None
    assert other is not None
    assert verdict.override == "现场核查发现造假"
    assert other.override == ""


def test_a_list_that_was_replaced_is_marked_in_every_report() -> None:
    record = assessment()
    chosen = chosen_by_score(record)
    in_force = reports.filed(record, chosen, chosen.row.id)
    replaced = reports.filed(record, chosen, "0123456789abcdef")
    replacement = f"名单 {chosen.row.id} 已被名单 0123456789abcdef 取代，不再有效，仅供查考。"
    for filing, words in ((in_force, ""), (replaced, replacement)):
        school, area = reports.of_school(filing, FIRST), reports.of_area(filing)
        documents = [area_data(area), notice_data(reports.of_notice(filing)), school_data(school)]
        assert [data["occasion"]["replaced"] for data in documents] == [words] * 3
        for report in (school, area, reports.of_notice(filing)):
            assert (words in texts_of(reports.file_of(report, "xlsx"))) == (words != "")


def test_overrides_are_in_the_notice_and_in_the_report_of_their_county() -> None:
    record = assessment()
    override = {"school": FIRST, "decision": "in", "by": "李某", "reason": "现场核查属实。"}
    filing = reports.filed(record, chosen_by_score(record, rules={"overrides": [override]}))
    name = filing.frame.filter(pl.col("id") == FIRST)["name"].item() or FIRST
    sentences = (f"{name}：人工调整为入选（李某）。理由：现场核查属实。",)
    home = filing.frame.filter(pl.col("id") == FIRST)["division"].item()
    elsewhere = filing.frame.filter(pl.col("division") != home)["division"][0]
    assert reports.of_notice(filing).overrides == sentences
    assert reports.of_area(filing, home).overrides == sentences
    assert reports.of_area(filing, elsewhere).overrides == ()
    assert sentences[0] in texts_of(reports.file_of(reports.of_notice(filing), "xlsx"))


def texts_of(book: bytes) -> list[Any]:
    sheets = load_workbook(io.BytesIO(book)).worksheets
    return [cell for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row]


def test_schools_with_the_same_score_or_nearly_read_the_difference() -> None:
    standard = standard_of(
        [
            {
                "id": "A01",
                "dimension": "provision",
                "weight": 1,
                "indicator": "column",
                "parameters": {"column": "x"},
                "linear": {"target": 1.0},
                "data_source": "ledger",
            }
        ],
        dimensions={"provision": 100},
    )
    rows = [{"id": "1", "x": 0.9}, {"id": "2", "x": 0.9}, {"id": "3", "x": 0.89995}]
    record = assessment(3)
    three_schools = Assessment(record.row, standard, score_table(standard, pl.DataFrame(rows)), ())
    filing = reports.filed(three_schools, chosen_by_score(three_schools, places=1))
    verdicts = [reports.of_school(filing, school).verdict for school in "123"]
    assert all(verdicts)
    assert "与本校同分" in (verdicts[1].cutoff_comparison if verdicts[1] else "")
    assert "本校低 0.0050 分" in (verdicts[2].cutoff_comparison if verdicts[2] else "")


def test_the_cheapest_plan_reads_as_the_selection_gives_it(filing: Filed) -> None:
    plan = {
        "improvements": [
            {
                "id": "A01",
                "title": LocalizedText("实验室", "Laboratory"),
                "remedy": LocalizedText("补一间。", "Add one."),
                "points": 2.5,
                "yuan": 90_000.0,
                "days": 0.0,
            }
        ],
        "yuan": 90_000.0,
        "days": 0.0,
        "value_then": 61.5,
        "text": LocalizedText("补一间实验室即可。", "One more laboratory will do."),
    }
    assert reports.of_school(filing, reports.of_area(filing).rows[0].school).least is None
    least = reports.least_shape(plan)
    assert (least.words, least.total_yuan, least.becomes) == ("补一间实验室即可。", 90_000, 61.5)
    assert [(step.clause, step.todo, step.points) for step in least.steps] == [
        ("A01", "补一间。", 2.5)
    ]


def test_the_report_of_the_city_has_the_choice_that_matters_most(filing: Filed) -> None:
    assert filing.chosen is not None
    sensitivity = sensitivity_of(filing.assessment, filing.chosen)
    report = reports.of_area(filing, matters=sensitivity)
    assert report.matters[0] == ("全部选择", render(sensitivity["text"], "zh"))
    assert [what for _, what in report.matters[1:]] == [
        render(influence["text"], "zh") for influence in sensitivity["influences"]
    ]
    assert (reports.of_area(filing).matters, reports.of_area(filing).warnings) == ((), ())


def test_a_notice_has_rules_in_sentences_and_the_period_of_the_log(filing: Filed) -> None:
    assert filing.chosen is not None
    step = StepRow(
        round="r",
        assessment_id="a",
        selection_id=filing.chosen.row.id,
        school_id=None,
        step="publicity",
        by="局",
        at=MADE,
        change={"first_day": "2026-12-01", "last_day": "2026-12-07", "contact": "装备中心 1 号楼"},
        reason="",
        id=1,
        digest="",
    )
    published = reports.publication([step], filing.chosen.row.id)
    assert published == reports.Publication(date(2026, 12, 1), date(2026, 12, 7), "装备中心 1 号楼")
    assert reports.publication([step], "another") is None
    notice = reports.of_notice(filing, published=published, office="台州市教育局")
    assert notice.contact == "装备中心 1 号楼"
    assert reports.of_notice(filing, published=published, contact="信访室").contact == "信访室"
    assert len(notice.rows) == 5
    assert notice.ends == date(2026, 12, 7)
    assert "椒江区：不少于 1 所。" in notice.rules
    assert "黄岩区：不少于 1 所，不多于 3 所。" in notice.rules
    mark = filing.assessment.standard.pass_mark
    assert mark is not None
    assert f"总分不低于 {mark:g}。" in notice.rules
    assert notice.rules[-1] == (
        "依次比较：总分（保留 2 位小数）、证据覆盖率（高者在前）、学校标识码（小者在前）。"
    )
    assert any(rule.startswith("下列条款不低于否决线：") for rule in notice.rules)


def test_a_bundle_of_one_school_or_of_all_scores_again_as_published(filing: Filed) -> None:
    text = reports.bundle_of(filing.assessment, [FIRST])
    bundle = read_bundle(text, "one")
    again = rescore(bundle, "one").totals
    totals = filing.assessment.scores.totals.filter(pl.col("id") == FIRST)
    assert again.equals(totals)
    assert bundle.about["assessment"] == filing.assessment.row.id
    whole = read_bundle(reports.bundle_of(filing.assessment), "all")
    assert len(whole.published) == 30
    assert json.loads(text)["about"]["schools"] == "some"


def test_every_report_of_what_was_filed_becomes_a_file(filing: Filed) -> None:
    school = reports.of_school(filing, FIRST)
    assert isinstance(school, SchoolReport)
    area = reports.of_area(filing)
    assert isinstance(area, AreaReport)
    for report in (school, area, reports.of_notice(filing, "331002")):
        assert reports.file_of(report, "pdf").startswith(b"%PDF")
        assert reports.file_of(report, "xlsx").startswith(b"PK")


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
    record = Assessment(assessment().row, standard, score_table(standard, pl.DataFrame(rows)), ())
    filing = reports.filed(record)
    city = reports.of_area(filing)
    assert {(limit.group, limit.stage) for limit in city.limits} == {("椒江区", "小学")}
    assert reports.of_area(filing, "331023").limits == ()
    assert reports.of_area(filing, "331002").limits == city.limits


def test_schools_of_no_county_have_a_line_of_their_own() -> None:
    record = assessment(3)
    table = record.scores.table.with_columns(pl.Series("division", [None, "331002", None]))
    three_schools = Assessment(record.row, record.standard, score_table(record.standard, table), ())
    lines = reports.of_area(reports.filed(three_schools)).divisions
    assert [(line.division, line.schools) for line in lines] == [("椒江区", 1), ("未注明", 2)]
