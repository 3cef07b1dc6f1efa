"""PDFs, read back by poppler."""

import dataclasses
import re
from collections.abc import Callable

import pytest

from cloud.reports import formatting
from cloud.reports.area_pdf import area_data, area_pdf, notice_pdf
from cloud.reports.school_pdf import school_data, school_pdf
from cloud.reports.shapes import Notice, SchoolReport
from tests._parts.area_reports import area_report, notice
from tests._parts.reports import school_report, unrated

Read = Callable[[bytes], str]


def close(text: str) -> str:
    """Return a text without the spaces and line ends that a layout puts in."""
    return re.sub(r"[\s\u200b]+", "", text)


def test_a_school_reads_score_verdict_gaps_and_costs(text_in: Read) -> None:
    report = school_report()
    text = close(text_in(school_pdf(report)))
    assert report.verdict is not None
    assert report.least is not None
    for expected in (
        report.name,
        "84.99",
        "不符合入选条件",
        report.verdict.rule,
        report.verdict.cutoff_comparison,
        "第61名/998所",
        "可能在第48–77名",
        "入选概率31.4%",
        *report.blocks,
        report.least.words,
        "campus-cloudscore--bundle",
        report.occasion.note,
    ):
        assert close(expected) in text


def test_a_digest_is_fit_to_be_copied(text_in: Read) -> None:
    report = school_report()
    for content in (school_pdf(report), area_pdf(area_report()), notice_pdf(notice())):
        text = text_in(content)
        assert report.occasion.digest in text
        assert report.occasion.edition in text
    assert "\u200b" not in text_in(school_pdf(report))


def test_every_clause_reads_with_its_source_and_its_flag_in_words(text_in: Read) -> None:
    report = school_report()
    text = close(text_in(school_pdf(report)))
    for clause in report.clauses:
        assert close(f"{clause.clause}{clause.title}") in text
        assert close(f"出处：{clause.source}") in text
        assert close(clause.trust) in text
    assert "VERIFIED" not in text
    assert "projectdefault" not in text


def test_every_integrity_finding_reads_with_its_evidence(text_in: Read) -> None:
    report = school_report()
    text = close(text_in(school_pdf(report)))
    for finding in report.integrity_findings or ():
        assert close(finding.text) in text
        assert close(finding.evidence[0]) in text


def test_a_school_that_is_not_rated_reads_why(text_in: Read) -> None:
    report = unrated(school_report())
    text = close(text_in(school_pdf(report)))
    assert close(formatting.why_not_rated(report)) in text
    assert "按现有证据为61.23" in text


def test_a_school_of_which_little_is_known_has_a_report(text_in: Read) -> None:
    report = SchoolReport(
        occasion=dataclasses.replace(
            school_report().occasion, note="", pass_mark=None, grades=(), start=None, end=None
        ),
        school="2133000101",
        name="空",
        value=None,
        raw=None,
        coverage=0.0,
        dimensions=(),
        clauses=(),
    )
    text = close(text_in(school_pdf(report)))
    assert "标准中没有适用于该校的条款" in text
    assert "尚未遴选" in text


def test_a_city_reads_every_school_of_a_thousand(text_in: Read) -> None:
    report = area_report(1000)
    content = area_pdf(report)
    text = close(text_in(content))
    for row in report.rows:
        assert row.school in text
        assert close(row.name) in text
    heads = text_in(content).count("起决定作用的规则")
    assert heads > 20  # the head is on each page of the ranking


def test_a_city_reads_its_selection_and_the_first_one_out(text_in: Read) -> None:
    report = area_report()
    text = close(text_in(area_pdf(report)))
    first_out = next(row for row in report.rows if row.status == "not_selected")
    assert close(f"{first_out.name}（第{first_out.rank}名") in text
    assert report.procedure in text
    for clause in report.clauses:
        assert close(clause.source) in text
        assert close(clause.trust) in text


def test_a_city_reads_what_matters_most_and_who_is_in_against_the_rules(text_in: Read) -> None:
    influence = ("各维度权重", "若换一种维度权重，入选名单平均变动4.3所。")
    warned = ("第一小学", "按规则不能入选，因人工调整而入选。")
    report = dataclasses.replace(area_report(), matters=(influence,), warnings=(warned,))
    text = close(text_in(area_pdf(report)))
    for word in ("哪个选择影响最大", *influence, *warned):
        assert close(word) in text
    assert "哪个选择影响最大" not in close(text_in(area_pdf(area_report())))


def test_an_area_without_a_selection_or_scores_has_a_report(text_in: Read) -> None:
    empty = dataclasses.replace(
        area_report(),
        rows=(),
        quotas=(),
        divisions=(),
        limits=(),
        integrity_findings=(),
        clauses=(),
        spread=(),
    )
    assert "本次评价没有遴选结果" in close(text_in(area_pdf(empty)))


def test_a_notice_reads_names_rules_and_the_term_for_objections(text_in: Read) -> None:
    content = notice()
    text = close(text_in(notice_pdf(content)))
    assert "公示期：2026年12月1日至2026年12月7日" in text
    for rule in content.rules:
        assert close(rule) in text
    for row in content.rows:
        assert close(row.name) in text


def test_a_notice_of_which_nothing_is_decided_has_lines_to_write_on(text_in: Read) -> None:
    bare = Notice(occasion=notice().occasion, area="台州市", rows=())
    assert "公示期：" in close(text_in(notice_pdf(bare)))


def test_the_same_report_gives_the_same_bytes_with_the_time_of_the_assessment() -> None:
    content = school_pdf(school_report())
    assert content == school_pdf(school_report())
    assert b"20261125013000Z" in content
    assert area_pdf(area_report()) == area_pdf(area_report())
    assert notice_pdf(notice()) == notice_pdf(notice())


def test_all_fonts_come_from_the_package_and_are_embedded(
    fonts_in: Callable[[bytes], list[list[str]]],
) -> None:
    for content in (school_pdf(school_report()), area_pdf(area_report()), notice_pdf(notice())):
        fonts = fonts_in(content)
        assert {row[0].partition("+")[2].partition("-")[0] for row in fonts} <= {
            "NotoSansSC",
            "NotoSerifSC",
        }
        assert all(row[-5] == "yes" for row in fonts)


WICKED = (
    "引\"号'与’”",
    '#eval("1")',
    '#read("common.typ")',
    "$x^2$ 与 $",
    "反斜杠 \\ \\n \\u{41}",
    "*粗* _斜_ `码` = 题",
    "]]}})) //注释 /* 未完",
    "<label> @ref [x](y)",
    "= 标题",
    "{{template}} ${x} %s",
    '", "name": "别的学校',
)


@pytest.mark.parametrize("name", WICKED)
def test_markup_in_a_name_is_shown_unchanged(name: str, text_in: Read) -> None:
    rows = (dataclasses.replace(area_report().rows[0], name=name, rule=name),)
    area = dataclasses.replace(area_report(), rows=rows, area=name)
    evidence = dataclasses.replace(school_report().clauses[1].evidence[0], text=name)
    clause = dataclasses.replace(
        school_report().clauses[1], title=name, source=name, remedy=name, evidence=(evidence,)
    )
    school = dataclasses.replace(school_report(), name=name, clauses=(clause,), blocks=(name,))
    for content in (
        school_pdf(school),
        area_pdf(area),
        notice_pdf(dataclasses.replace(notice(), rows=rows, rules=(name,), office=name)),
    ):
        assert close(name) in close(text_in(content))


@pytest.mark.parametrize("name", ["a\x00b\x1b", "\u202eabc", "\ud800", "\uffff", "😀𠮷", ""])
def test_what_no_page_can_show_does_no_harm(name: str) -> None:
    assert school_pdf(dataclasses.replace(school_report(), name=name)).startswith(b"%PDF")


def test_a_long_run_without_a_space_wraps(text_in: Read) -> None:
    run = "ABCDEFGHIJ0123456789" * 12
    clause = dataclasses.replace(school_report().clauses[1], remedy=run, reason=run)
    text = text_in(school_pdf(dataclasses.replace(school_report(), clauses=(clause,))))
    assert close(run) in close(text)
    assert max(len(line) for line in text.splitlines()) < 240


def test_a_figure_short_of_a_mark_never_looks_as_if_it_met_it() -> None:
    assert formatting.score(84.99999) == "84.99"
    assert formatting.percent(0.79999) == "79.9%"
    assert formatting.score(85.0) == "85.00"
    assert formatting.percent(0.29) == "29.0%"
    assert formatting.score(84.99 + 0.01) == "85.00"
    assert formatting.yuan(9999.2) == "1.00 万元"
    assert formatting.yuan(1_000_001) == "100.01 万元"
    assert formatting.cost(0.0, 2.2) == "2.5 个工作日"
    assert formatting.cost(150.0, 0.5) == "200 元、0.5 个工作日"
    assert formatting.cost(0.0, 0.0) == "0 元"
    assert formatting.figure(1234.5) == "1,234.5"
    assert formatting.figure(None) == formatting.NONE
    assert formatting.ranks((3, 3)) == "第 3 名"


def test_the_data_of_a_template_are_texts_that_agree_with_the_report() -> None:
    data = school_data(school_report())
    assert data["score"]["value"] == "84.99"
    assert sum(trust["many"] for trust in data["trusts"]) == len(school_report().clauses)
    assert sum(int(bar["many"]) for bar in area_data(area_report())["bins"]) == 114
