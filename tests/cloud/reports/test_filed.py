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
from tests._parts.area_reports import chosen_by_score
from tests._parts.filed import MADE, filed
from tests._parts.scoring import standard_of


def doubt(school: str, check: str = "left_on", severity: str = "low") -> dict[str, Any]:
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
DOUBTS = (doubt(FIRST), doubt(FIRST, "unconfirmed_rows", "high"), doubt("2133100001"))


def assessment(schools: int = 30) -> Assessment:
    one = filed(schools, integrity=DOUBTS)
    return opened(one.row, one.evidence, one.integrity)


@pytest.fixture(scope="module")
def found() -> Filed:
    one = assessment()
    return reports.filed(one, chosen_by_score(one))


def test_a_ranking_is_whole_with_the_unrated_at_the_end(found: Filed) -> None:
    rows = reports.of_area(found).rows
    assert len(rows) == 30
    values = [one.value for one in rows]
    rated = [value for value in values if value is not None]
    assert rated == sorted(rated, reverse=True)
    assert values[len(rated) :] == [None] * (30 - len(rated))
    assert [one.status for one in rows[:5]] == ["selected"] * 5
    for one in rows:
        assert (one.status == "not_rated") == (one.value is None)


def test_a_county_has_its_own_schools_with_the_citys_ranks(found: Filed) -> None:
    city, county = reports.of_area(found), reports.of_area(found, "331002")
    assert (city.area, county.area) == ("台州市", "椒江区")
    assert county.rows == tuple(one for one in city.rows if one.division == "椒江区")
    assert [one.division for one in city.divisions] == ["椒江区", "黄岩区", "路桥区"]
    assert sum(one.schools for one in city.divisions) == 30
    assert sum(one.selected for one in city.divisions) == 5
    assert county.divisions == ()
    assert sum(one.applies for one in county.clauses) < sum(one.applies for one in city.clauses)
    assert county.spread[0].schools == sum(one.value is not None for one in county.rows)


def test_a_county_without_schools_is_empty_and_a_strange_one_refused(found: Filed) -> None:
    empty = reports.of_area(found, "331083")
    assert empty.rows == ()
    assert {one.applies for one in empty.clauses} == {0}
    for form in reports.PAPERS:
        assert reports.file_of(empty, form)
    with pytest.raises(NotFound, match="no county has the code '330106'; known: 331002 椒江区"):
        reports.of_area(found, "330106")


def test_compliance_counts_what_each_school_was_found(found: Filed) -> None:
    scores = found.assessment.scores
    by_school = {
        school: {one.clause.id: one.outcome for one in findings(scores, school)}
        for school in scores.table["id"]
    }
    for line in reports.of_area(found).clauses:
        outcomes = [one[line.clause] for one in by_school.values()]
        assert line.met == outcomes.count("met")
        assert line.partly_met == outcomes.count("partly_met")
        assert line.unmet == outcomes.count("unmet")
        assert line.no_data == outcomes.count("no_data")
        assert line.applies == line.met + line.partly_met + line.unmet + line.no_data


def test_a_school_reads_what_the_selection_says_of_it(found: Filed) -> None:
    rows = reports.of_area(found).rows
    last_in, first_out = rows[4], rows[5]
    inside = reports.of_school(found, last_in.school).verdict
    assert inside is not None
    assert (inside.status, inside.rank, inside.interval) == ("selected", 5, (3, 8))
    assert inside.rule == "总分 1.00，在符合条件的学校中排第 5，名额 5 个，未入选。"
    assert inside.chance == 0.5
    assert inside.among == sum(one.value is not None for one in rows)
    assert inside.beside.startswith(f"未入选的第一名是{first_out.name}（第 6 名，")
    assert "本校高 " in inside.beside
    out = reports.of_school(found, first_out.school).verdict
    assert out is not None
    assert out.beside.startswith(f"入选的最后一名是{last_in.name}（第 5 名，")
    assert "本校低 " in out.beside


def test_a_school_has_its_own_integrity_findings_the_gravest_first(found: Filed) -> None:
    doubts = reports.of_school(found, FIRST).doubts
    assert doubts is not None
    unconfirmed, left_on = "台账有、从无数据的设备", "无人时大屏开着"
    assert [(one.check, one.severity) for one in doubts] == [
        (unconfirmed, "high"),
        (left_on, "low"),
    ]
    assert doubts[0].evidence == ("A-12：台账中没有（asset:12）",)
    ask = render(message("integrity.unconfirmed_rows.ask"), "zh")
    assert (doubts[0].ask, doubts[0].evidence_total) == (ask, 9)
    assert reports.of_school(found, "2133100002").doubts == ()
    area = reports.of_area(found)
    assert area.doubts == ((unconfirmed, 1, 1), (left_on, 2, 2))
    reason = "有过数据的 30 台设备中，有 9 台在台账里找不到。"
    assert [(one[0], *one[3:6]) for one in area.questions] == [
        (FIRST, unconfirmed, "重点核查", reason),
        (FIRST, left_on, "留意", reason),
        ("2133100001", left_on, "留意", reason),
    ]
    assert area.questions[0][6] == ask
    assert ask in texts_of(reports.file_of(area, "xlsx"))


def test_without_a_selection_nothing_is_decided() -> None:
    found = reports.filed(assessment())
    statuses = {one.status for one in reports.of_area(found).rows}
    assert statuses == {"undecided", "not_rated"}
    unrated = next(one for one in reports.of_area(found).rows if one.value is None)
    assert unrated.rule.startswith("证据覆盖率 ")
    assert reports.of_school(found, FIRST).verdict is not None
    with pytest.raises(NotFound, match="make a selection first"):
        reports.of_notice(found)


def test_a_school_that_was_not_assessed_is_refused(found: Filed) -> None:
    with pytest.raises(NotFound, match="school 2133999999 is not in assessment"):
        reports.of_school(found, "2133999999")


def test_a_decision_against_the_rules_stays_visible() -> None:
    one = assessment()
    told = {
        "school": FIRST,
        "decision": "out",
        "instead_of": None,
        "by": "李某",
        "reason": "现场核查发现造假",
    }
    found = reports.filed(one, chosen_by_score(one, override=told))
    verdict = reports.of_school(found, FIRST).verdict
    other = reports.of_school(found, "2133100001").verdict
    assert verdict is not None
    assert other is not None
    assert verdict.override == "现场核查发现造假"
    assert other.override == ""


def test_a_list_that_was_replaced_says_so_in_every_report() -> None:
    one = assessment()
    chosen = chosen_by_score(one)
    stands = reports.filed(one, chosen, chosen.row.id)
    replaced = reports.filed(one, chosen, "0123456789abcdef")
    said = f"名单 {chosen.row.id} 已被名单 0123456789abcdef 取代，不再有效，仅供查考。"
    for found, words in ((stands, ""), (replaced, said)):
        school, area = reports.of_school(found, FIRST), reports.of_area(found)
        told = [area_data(area), notice_data(reports.of_notice(found)), school_data(school)]
        assert [data["occasion"]["replaced"] for data in told] == [words] * 3
        for report in (school, area, reports.of_notice(found)):
            assert (words in texts_of(reports.file_of(report, "xlsx"))) == (words != "")


def test_overrides_are_in_the_notice_and_in_the_report_of_their_county() -> None:
    one = assessment()
    told = {"school": FIRST, "decision": "in", "by": "李某", "reason": "现场核查属实。"}
    found = reports.filed(one, chosen_by_score(one, rules={"overrides": [told]}))
    name = found.frame.filter(pl.col("id") == FIRST)["name"].item() or FIRST
    said = (f"{name}：人工调整为入选（李某）。理由：现场核查属实。",)
    home = found.frame.filter(pl.col("id") == FIRST)["division"].item()
    elsewhere = found.frame.filter(pl.col("division") != home)["division"][0]
    assert reports.of_notice(found).overrides == said
    assert reports.of_area(found, home).overrides == said
    assert reports.of_area(found, elsewhere).overrides == ()
    assert said[0] in texts_of(reports.file_of(reports.of_notice(found), "xlsx"))


def texts_of(book: bytes) -> list[Any]:
    sheets = load_workbook(io.BytesIO(book)).worksheets
    return [cell for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row]


def test_schools_with_the_same_score_or_nearly_are_told_so() -> None:
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
    one = assessment(3)
    own = Assessment(one.row, standard, score_table(standard, pl.DataFrame(rows)), ())
    found = reports.filed(own, chosen_by_score(own, places=1))
    told = [reports.of_school(found, school).verdict for school in "123"]
    assert all(told)
    assert "与本校同分" in (told[1].beside if told[1] else "")
    assert "本校低 0.0050 分" in (told[2].beside if told[2] else "")


def test_the_least_it_would_take_is_told_as_the_selection_says_it(found: Filed) -> None:
    told = {
        "improvements": [
            {
                "id": "A01",
                "title": LocalizedText("实验室", "Laboratory"),
                "remedy": LocalizedText("补一间。", "Add one."),
                "points": 2.5,
                "yuan": 90_000.0,
            }
        ],
        "yuan": 90_000.0,
        "value_then": 61.5,
        "text": LocalizedText("补一间实验室即可。", "One more laboratory will do."),
    }
    assert reports.of_school(found, reports.of_area(found).rows[0].school).least is None
    least = reports.least_shape(told)
    assert (least.words, least.total_yuan, least.becomes) == ("补一间实验室即可。", 90_000, 61.5)
    assert [(one.clause, one.todo, one.points) for one in least.steps] == [("A01", "补一间。", 2.5)]


def test_the_report_of_the_city_says_which_choice_matters_most(found: Filed) -> None:
    assert found.chosen is not None
    told = sensitivity_of(found.assessment, found.chosen)
    report = reports.of_area(found, matters=told)
    assert report.matters[0] == ("全部选择", render(told["text"], "zh"))
    assert [what for _, what in report.matters[1:]] == [
        render(influence["text"], "zh") for influence in told["influences"]
    ]
    assert (reports.of_area(found).matters, reports.of_area(found).warnings) == ((), ())


def test_a_notice_has_rules_in_sentences_and_the_period_of_the_log(found: Filed) -> None:
    assert found.chosen is not None
    step = StepRow(
        round="r",
        assessment_id="a",
        selection_id=found.chosen.row.id,
        school_id=None,
        step="publicity",
        by="局",
        at=MADE,
        change={"first_day": "2026-12-01", "last_day": "2026-12-07", "contact": "装备中心 1 号楼"},
        reason="",
        id=1,
        digest="",
    )
    published = reports.publication([step], found.chosen.row.id)
    assert published == reports.Publication(date(2026, 12, 1), date(2026, 12, 7), "装备中心 1 号楼")
    assert reports.publication([step], "another") is None
    notice = reports.of_notice(found, published=published, office="台州市教育局")
    assert notice.contact == "装备中心 1 号楼"
    assert reports.of_notice(found, published=published, contact="信访室").contact == "信访室"
    assert len(notice.rows) == 5
    assert notice.ends == date(2026, 12, 7)
    assert "椒江区：不少于 1 所。" in notice.rules
    assert "黄岩区：不少于 1 所，不多于 3 所。" in notice.rules
    mark = found.assessment.standard.pass_mark
    assert mark is not None
    assert f"总分不低于 {mark:g}。" in notice.rules
    assert notice.rules[-1] == (
        "依次比较：总分（保留 2 位小数）、证据覆盖率（高者在前）、学校标识码（小者在前）。"
    )
    assert any(one.startswith("下列条款不低于否决线：") for one in notice.rules)


def test_a_bundle_of_one_school_or_of_all_scores_again_as_published(found: Filed) -> None:
    text = reports.bundle_of(found.assessment, [FIRST])
    one = read_bundle(text, "one")
    again = rescore(one, "one").totals
    own = found.assessment.scores.totals.filter(pl.col("id") == FIRST)
    assert again.equals(own)
    assert one.about["assessment"] == found.assessment.row.id
    whole = read_bundle(reports.bundle_of(found.assessment), "all")
    assert len(whole.published) == 30
    assert json.loads(text)["about"]["schools"] == "some"


def test_every_report_of_what_was_filed_becomes_a_file(found: Filed) -> None:
    school = reports.of_school(found, FIRST)
    assert isinstance(school, SchoolReport)
    area = reports.of_area(found)
    assert isinstance(area, AreaReport)
    for report in (school, area, reports.of_notice(found, "331002")):
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
    one = Assessment(assessment().row, standard, score_table(standard, pl.DataFrame(rows)), ())
    found = reports.filed(one)
    city = reports.of_area(found)
    assert {(one.group, one.stage) for one in city.limits} == {("椒江区", "小学")}
    assert reports.of_area(found, "331023").limits == ()
    assert reports.of_area(found, "331002").limits == city.limits


def test_schools_of_no_county_stand_apart() -> None:
    one = assessment(3)
    table = one.scores.table.with_columns(pl.Series("division", [None, "331002", None]))
    own = Assessment(one.row, one.standard, score_table(one.standard, table), ())
    lines = reports.of_area(reports.filed(own)).divisions
    assert [(line.division, line.schools) for line in lines] == [("椒江区", 1), ("未注明", 2)]
